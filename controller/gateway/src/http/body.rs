//! Reads a body, up to its limit and not for ever.

use axum::body::Body;
use bytes::Bytes;
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::failure::Failure;
use crate::limits;
use crate::options::Options;

/// The whole body.
///
/// # Errors
/// `BodyTooLarge`, as soon as that is known; `BodyTimeout`; `Malformed` if the client broke off.
pub(super) async fn read(head: &Parts, body: Body, options: &Options) -> Result<Bytes, Failure> {
    let limit_bytes = options.max_body_bytes;
    let too_large = Failure::BodyTooLarge { limit_bytes };
    if declared_bytes(head).is_some_and(|declared| declared > limit_bytes as u64) {
        discard(body).await;
        return Err(too_large);
    }
    let mut body = body;
    let collected = Limited::new(&mut body, limit_bytes).collect();
    match tokio::time::timeout(options.body_timeout, collected).await {
        Err(_) => Err(Failure::BodyTimeout),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            discard(body).await;
            Err(too_large)
        }
        Ok(Err(_)) => Err(Failure::Malformed { message: "the body ended early; send it again".into() }),
    }
}

fn declared_bytes(head: &Parts) -> Option<u64> {
    head.headers.get(http::header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Throws away, frame by frame, what a client still sends: one that is cut off while it writes sees a
/// broken connection instead of the answer. Bounded in bytes and time.
async fn discard(mut body: Body) {
    let rest = async {
        let mut discarded_bytes = 0_usize;
        while let Some(Ok(frame)) = body.frame().await {
            discarded_bytes = discarded_bytes.saturating_add(frame.data_ref().map_or(0, Bytes::len));
            if discarded_bytes > limits::MAX_DISCARDED_BYTES {
                break;
            }
        }
    };
    // Whether it came to its end or not, the answer is the same.
    let _ = tokio::time::timeout(limits::DISCARD_TIME, rest).await;
}

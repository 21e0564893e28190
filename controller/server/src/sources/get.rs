//! Getting bytes over HTTP: status, ranges and bounds.

use bytes::Bytes;
use cloister_api::ImportReason;
use futures_util::{StreamExt as _, stream};
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{RequestBuilder, Response, StatusCode};

use super::ByteStream;
use super::egress::failed;
use super::error::SourceError;

/// Asks for the bytes from `offset_bytes` on.
pub(super) fn from_offset(request: RequestBuilder, offset_bytes: u64) -> RequestBuilder {
    match offset_bytes {
        0 => request,
        _ => request.header(RANGE, format!("bytes={offset_bytes}-")),
    }
}

/// The body of an answer to [`from_offset`]. Where the server does not know ranges, what is here
/// already is passed over.
pub(super) fn body_from(response: Response, offset_bytes: u64) -> Result<ByteStream, SourceError> {
    let start = match response.status() {
        StatusCode::PARTIAL_CONTENT => content_range(&response).map_or(offset_bytes, |(start, _)| start),
        _ => 0,
    };
    let Some(passed_over) = offset_bytes.checked_sub(start) else {
        return Err(SourceError::transient("the source answered with another part than was asked for"));
    };
    let body = response.bytes_stream().map(|chunk| chunk.map_err(|error| failed(&error)));
    Ok(Box::pin(body.scan(passed_over, |left, chunk| {
        let chunk = chunk.map(|bytes: Bytes| {
            let cut = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
            *left -= cut as u64;
            bytes.slice(cut..)
        });
        std::future::ready(Some(chunk))
    })))
}

/// First byte and total of `Content-Range: bytes 0-9/100`.
pub(super) fn content_range(response: &Response) -> Option<(u64, Option<u64>)> {
    let text = response.headers().get(CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?;
    let (range, total) = text.split_once('/')?;
    Some((range.split_once('-')?.0.parse().ok()?, total.parse().ok()))
}

/// A success, or what the status means. `what` is asked for, as the subject of a sentence.
pub(super) fn succeeded(response: Response, what: &str) -> Result<Response, SourceError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    Err(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => SourceError::new(
            ImportReason::SourceDenied,
            format!(
                "the source denies access to {what} (HTTP {status}); check the credentials that the controller has for it"
            ),
        ),
        StatusCode::NOT_FOUND | StatusCode::GONE => SourceError::new(
            ImportReason::SourceNotFound,
            format!(
                "the source has no {what} (HTTP {status}); check its name, and whether it needs credentials"
            ),
        ),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            SourceError::transient(format!("the source asks to wait (HTTP {status})"))
        }
        _ if status.is_server_error() => SourceError::transient(format!("the source failed (HTTP {status})")),
        _ => SourceError::new(
            ImportReason::SourceUnavailable,
            format!("the source does not give {what} (HTTP {status})"),
        ),
    })
}

/// A whole body of at most `max_bytes`.
pub(super) async fn bounded(
    response: Response,
    max_bytes: usize,
    what: &str,
) -> Result<Vec<u8>, SourceError> {
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| failed(&error))?;
        if body.len() + chunk.len() > max_bytes {
            return Err(SourceError::invalid(format!("{what} is larger than {max_bytes} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads a file of this machine from an offset on.
pub(super) fn file_from(file: std::fs::File, offset_bytes: u64) -> ByteStream {
    use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
    let lost = |error: std::io::Error| {
        SourceError::new(ImportReason::SourceUnavailable, format!("the source cannot be read: {error}"))
    };
    let begin = async move {
        let mut file = tokio::fs::File::from_std(file);
        file.seek(std::io::SeekFrom::Start(offset_bytes)).await.map_err(lost)?;
        Ok(file)
    };
    let chunks = stream::once(begin).map(move |file| match file {
        Err(error) => stream::once(std::future::ready(Err(error))).left_stream(),
        Ok(file) => stream::try_unfold(file, move |mut file| async move {
            let mut chunk = bytes::BytesMut::with_capacity(crate::limits::ARTIFACT_CHUNK_BYTES);
            match file.read_buf(&mut chunk).await.map_err(lost)? {
                0 => Ok(None),
                _ => Ok(Some((chunk.freeze(), file))),
            }
        })
        .right_stream(),
    });
    Box::pin(chunks.flatten())
}

//! What a refusal leaves of a request's body. Who refuses early (no key, no such path, the wrong media type) does
//! not read it, and HTTP/1 keeps a connection only after a body that was read to its end: the server would close it
//! without having said so, and a client that sends the next request on it would see a broken connection. So the
//! rest is read and thrown away; where that cannot be, the answer says that the connection closes.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::StreamExt as _;
use http::{HeaderValue, Version, header};
use http_body::{Frame, SizeHint};
use tokio::sync::oneshot;

use crate::limits::{UNREAD_BODY_MAX_BYTES, UNREAD_BODY_TIME};

pub(super) async fn discard(request: Request, next: Next) -> Response {
    // HTTP/2 ends one stream, and keeps the connection.
    if request.version() >= Version::HTTP_2 || request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    // Its sender waits to be asked for the body: whoever refuses does not ask.
    let is_held_back = head.headers.contains_key(header::EXPECT);
    let (left_to, left) = oneshot::channel();
    let lent = Lent { body, left_to: Some(left_to) };
    let mut response = next.run(Request::from_parts(head, Body::new(lent))).await;
    if !read_to_its_end(left, is_held_back).await {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Whether nothing of the body is left on the connection. Bounded in bytes and time.
async fn read_to_its_end(mut left: oneshot::Receiver<Body>, is_held_back: bool) -> bool {
    // One that is not back when there is an answer is still being read.
    let Ok(body) = left.try_recv() else { return false };
    if body.is_end_stream() {
        return true;
    }
    if is_held_back {
        return false;
    }
    let rest = async {
        let (mut pieces, mut discarded_bytes) = (body.into_data_stream(), 0_usize);
        while let Some(piece) = pieces.next().await {
            discarded_bytes = discarded_bytes.saturating_add(piece.as_ref().map_or(0, Bytes::len));
            if piece.is_err() || discarded_bytes > UNREAD_BODY_MAX_BYTES {
                return false;
            }
        }
        true
    };
    tokio::time::timeout(UNREAD_BODY_TIME, rest).await.unwrap_or(false)
}

/// A body that comes back when its reader is done with it, however far it was read.
struct Lent {
    body: Body,
    left_to: Option<oneshot::Sender<Body>>,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(left_to) = self.left_to.take() else { return };
        // Nobody waits for it when the connection is gone.
        let _ = left_to.send(std::mem::take(&mut self.body));
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::middleware::from_fn;
    use axum::routing::post;
    use http::StatusCode;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::mpsc;

    use super::*;

    /// A server that refuses every request unread, and says when it does.
    async fn refusing() -> (TcpStream, mpsc::UnboundedReceiver<()>) {
        let (refused, refusals) = mpsc::unbounded_channel();
        let handler = post(async move || {
            refused.send(()).unwrap();
            StatusCode::UNAUTHORIZED
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let router = Router::new().route("/", handler).layer(from_fn(discard));
        tokio::spawn(axum::serve(listener, router).into_future());
        (stream, refusals)
    }

    async fn answer(stream: &mut TcpStream) -> String {
        let mut text = Vec::new();
        while !text.ends_with(b"\r\n\r\n") {
            text.push(stream.read_u8().await.expect("an answer before the connection closes"));
        }
        String::from_utf8(text).unwrap().to_lowercase()
    }

    #[tokio::test]
    async fn a_connection_outlives_requests_that_were_refused_before_their_bodies_came() {
        let (mut stream, mut refusals) = refusing().await;
        let cases =
            [("content-length: 5", "hello"), ("transfer-encoding: chunked", "5\r\nhello\r\n0\r\n\r\n")];
        for (length, body) in cases {
            for _ in 0..3 {
                let head = format!("POST / HTTP/1.1\r\nhost: x\r\n{length}\r\n\r\n");
                stream.write_all(head.as_bytes()).await.unwrap();
                refusals.recv().await.unwrap();
                stream.write_all(body.as_bytes()).await.unwrap();
                let answer = answer(&mut stream).await;
                assert!(answer.starts_with("http/1.1 401"), "{answer}");
                assert!(!answer.contains("connection: close"), "{answer}");
            }
        }
    }

    #[tokio::test]
    async fn a_body_that_is_held_back_is_not_asked_for_and_the_answer_says_that_the_connection_closes() {
        let (mut stream, _refusals) = refusing().await;
        let head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let answer = answer(&mut stream).await;
        assert!(answer.starts_with("http/1.1 401"), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0, "and it does");
    }
}

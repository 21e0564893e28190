//! The front door over HTTP, compatible with OpenAI's API. Folders in the order a request crosses
//! them: `call` (headers), `body`, `json` and `features` (what is asked), `chat` or `completions`
//! (what it means), then `reply` and `objects` (what goes back).

mod body;
mod call;
mod chat;
mod completions;
mod error;
mod features;
mod json;
mod models;
mod objects;
mod params;
mod render;
mod reply;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;

use crate::core::Core;
use crate::failure::Failure;
use crate::limits;
use crate::request::{InferenceRequest, Operation, Protocol};

/// A request out of its body, and how to answer it.
pub(super) struct Parsed {
    request: InferenceRequest,
    reply: reply::Plan,
}

type Parse = fn(&[u8]) -> Result<Parsed, Failure>;

/// Everything under `/v1`.
pub(crate) fn router(core: Arc<Core>) -> Router {
    Router::new()
        .route("/v1/models", get(models::list).fallback(error::wrong_method))
        .route("/v1/models/{*id}", get(models::show).fallback(error::wrong_method))
        .route("/v1/chat/completions", post(chat_completions).fallback(error::wrong_method))
        .route("/v1/completions", post(text_completions).fallback(error::wrong_method))
        .route("/v1/{*path}", axum::routing::any(error::unknown_path))
        .with_state(core)
}

async fn chat_completions(State(core): State<Arc<Core>>, request: Request) -> Response {
    answer(core, request, Operation::Chat, chat::parse).await
}

async fn text_completions(State(core): State<Arc<Core>>, request: Request) -> Response {
    answer(core, request, Operation::Generate, completions::parse).await
}

/// Of a request that has one such header.
pub(crate) fn authorization(head: &http::request::Parts) -> Option<&str> {
    call::header(head, "authorization")
}

/// Answers an inference, or says and counts why not.
async fn answer(core: Arc<Core>, request: Request, operation: Operation, parse: Parse) -> Response {
    match Box::pin(infer(&core, request, parse)).await {
        Ok(response) => response,
        Err(failure) => {
            core.metrics.ended(Protocol::Http, operation, failure.code());
            error::response(&failure)
        }
    }
}

async fn infer(core: &Arc<Core>, request: Request, parse: Parse) -> Result<Response, Failure> {
    let (head, body) = request.into_parts();
    // Nothing of a stranger's body is read.
    let caller = core.identify(&head)?;
    let call = call::read(&head)?;
    let bytes = body::read(&head, body, &core.options).await?;
    let Parsed { request, reply } = parsed(bytes, parse).await?;
    let answer = core.infer(&caller, &call, request).await?;
    Ok(reply.send(answer, &core.options).await)
}

/// A long body is not parsed on an async thread.
async fn parsed(bytes: Bytes, parse: Parse) -> Result<Parsed, Failure> {
    if bytes.len() <= limits::OFFLOAD_BYTES {
        return parse(&bytes);
    }
    tokio::task::spawn_blocking(move || parse(&bytes)).await.map_err(|_| Failure::Internal)?
}

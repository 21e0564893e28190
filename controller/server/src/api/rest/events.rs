use axum::extract::{Request, State};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use cloister_api::paths;
use http::{HeaderValue, header};

use super::responses::{Crowded, Guarded};
use crate::api::auth::{Caller, address_of};
use crate::api::events::{self, Reader};
use crate::api::{ApiError, ApiState};
use crate::limits::EVENT_HEARTBEAT;

/// What changes, as it changes.
///
/// A stream of server-sent events without an end. The first one is called `hello`, with a `Hello` as its data; every
/// other one is called `changed`, with `ChangedTopics`. It tells which things changed, not how, and only of those that
/// the caller may read: ask for them. What changed before `hello` is not told. The stream is no use of the session,
/// and ends with it.
#[utoipa::path(get, path = paths::EVENTS, tag = "fleet", operation_id = "stream_events",
    responses((status = 200, description = "Server-sent events, until either side ends them", body = String,
            content_type = "text/event-stream"), Guarded, Crowded), security(("api_key" = []), ("session" = [])))]
pub(super) async fn stream(
    State(api): State<ApiState>,
    caller: Caller,
    request: Request,
) -> Result<Response, ApiError> {
    let address = address_of(&request);
    let reader = Reader { caller, headers: request.headers().clone(), address };
    let keep_alive = KeepAlive::new().interval(EVENT_HEARTBEAT).text("keep-alive");
    let mut response = Sse::new(events::open(&api, reader)?).keep_alive(keep_alive).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that gather output before they pass it on (nginx, for one) read this header.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use cloister_api::{Configuration, paths};
use http::{HeaderValue, header};
use jiff::Timestamp;

use super::responses::Guarded;
use crate::api::auth::Caller;
use crate::api::operations::configuration;
use crate::api::{ApiError, ApiState};

/// How the controller that answers was started.
///
/// Without secrets. Where several controllers share a database, each may be started otherwise.
#[utoipa::path(get, path = paths::CONFIGURATION, tag = "fleet", operation_id = "get_configuration",
    responses((status = 200, body = Configuration), Guarded), security(("api_key" = []), ("session" = [])))]
pub(super) async fn get(State(api): State<ApiState>, _: Caller) -> Json<Configuration> {
    Json(configuration::read(&api))
}

/// What helps to find a fault, as an archive (tar, gzip).
///
/// Versions, configuration, nodes, models, deployments and replicas; no secret, no account, and no text of a
/// question or an answer.
#[utoipa::path(get, path = paths::DIAGNOSTICS, tag = "fleet", operation_id = "get_diagnostics",
    responses((status = 200, content_type = "application/gzip", body = Vec<u8>), Guarded),
    security(("api_key" = []), ("session" = [])))]
pub(super) async fn diagnostics(State(api): State<ApiState>, caller: Caller) -> Result<Response, ApiError> {
    let archive = configuration::diagnostics(&api, &caller).await?;
    let time = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let name = format!("attachment; filename=\"cloister-diagnostics-{time}.tar.gz\"");
    let mut response = archive.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/gzip"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

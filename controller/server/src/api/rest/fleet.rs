use axum::Json;
use axum::extract::State;
use cloister_api::{Status, Version, paths};

use super::responses::Guarded;
use crate::api::auth::Caller;
use crate::api::operations::fleet;
use crate::api::{ApiError, ApiState};

/// Which controller answers.
///
/// Needs no key.
#[utoipa::path(get, path = paths::VERSION, tag = "fleet", operation_id = "get_version", responses((status = 200, body = Version)))]
pub(super) async fn version() -> Json<Version> {
    Json(fleet::version())
}

/// The fleet at a glance.
#[utoipa::path(get, path = paths::STATUS, tag = "fleet", operation_id = "get_status",
    responses((status = 200, body = Status), Guarded), security(("api_key" = []), ("session" = [])))]
pub(super) async fn status(State(api): State<ApiState>, caller: Caller) -> Result<Json<Status>, ApiError> {
    fleet::status(&api, &caller).await.map(Json)
}

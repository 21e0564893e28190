use axum::Json;
use axum::extract::State;
use cloister_api::{Changed, KeyList, NewKey, NewKeyRequest, paths};
use http::StatusCode;

use super::responses::{self, Checked, Conflicting, Found, Guarded};
use crate::api::auth::Caller;
use crate::api::extract::{JsonBody, Path};
use crate::api::operations::keys;
use crate::api::{ApiError, ApiState};

/// All API keys, revoked and expired ones too. Never their secrets.
#[utoipa::path(get, path = paths::KEYS, tag = "keys", operation_id = "list_keys",
    responses((status = 200, body = KeyList), Guarded), security(("api_key" = []), ("session" = [])))]
pub(super) async fn list(State(api): State<ApiState>, caller: Caller) -> Result<Json<KeyList>, ApiError> {
    keys::list(&api, &caller).await.map(Json)
}

/// Make an API key. Its secret is shown only in this answer.
#[utoipa::path(post, path = paths::KEYS, tag = "keys", operation_id = "create_key", request_body = NewKeyRequest,
    responses((status = 201, body = NewKey), Guarded, Checked, responses::Json, Found, Conflicting), security(("api_key" = []), ("session" = [])))]
pub(super) async fn create(
    State(api): State<ApiState>,
    caller: Caller,
    JsonBody(request): JsonBody<NewKeyRequest>,
) -> Result<(StatusCode, Json<NewKey>), ApiError> {
    let key = keys::create(&api, &caller, request).await?;
    Ok((StatusCode::CREATED, Json(key)))
}

/// Revoke an API key.
#[utoipa::path(delete, path = paths::KEY, tag = "keys", operation_id = "revoke_key",
    params(("key_id" = String, Path,)),
    responses((status = 200, body = Changed), Guarded, Checked, Found, Conflicting), security(("api_key" = []), ("session" = [])))]
pub(super) async fn revoke(
    State(api): State<ApiState>,
    caller: Caller,
    Path(key_id): Path<String>,
) -> Result<Json<Changed>, ApiError> {
    keys::revoke(&api, &caller, &key_id).await.map(Json)
}

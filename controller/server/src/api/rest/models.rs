use axum::Json;
use axum::extract::State;
use cloister_api::{Changed, ImportRequest, ModelDetail, ModelList, RetireModelRequest, paths};
use http::StatusCode;

use super::responses::{self, Checked, Conflicting, Found, Guarded};
use crate::api::auth::Caller;
use crate::api::extract::{JsonBody, Path};
use crate::api::operations::models;
use crate::api::{ApiError, ApiState};

/// All models.
#[utoipa::path(get, path = paths::MODELS, tag = "models", operation_id = "list_models",
    responses((status = 200, body = ModelList), Guarded), security(("api_key" = []), ("session" = [])))]
pub(super) async fn list(State(api): State<ApiState>, _: Caller) -> Result<Json<ModelList>, ApiError> {
    models::list(&api).await.map(Json)
}

/// Verify an upload and keep it as a model.
///
/// Checks the signature, its signer, the digest of every byte that came, that no file is there which
/// the signature does not list, and that the weights can be run. If one check fails, the upload is
/// dropped and the refusal put on record. Importing the same model under the same name again answers
/// with what is there (status 200).
#[utoipa::path(post, path = paths::MODELS, tag = "models", operation_id = "import_model", request_body = ImportRequest,
    responses((status = 201, body = ModelDetail), (status = 200, description = "It was here already", body = ModelDetail),
        Guarded, Checked, responses::Json, Found, Conflicting,
        (status = 422, description = "The model failed a check; `detail` says which, `checks` what passed before", body = cloister_api::Problem, content_type = "application/problem+json")),
    security(("api_key" = []), ("session" = [])))]
pub(super) async fn import(
    State(api): State<ApiState>,
    caller: Caller,
    JsonBody(request): JsonBody<ImportRequest>,
) -> Result<(StatusCode, Json<ModelDetail>), ApiError> {
    let model = models::import(&api, &caller, request).await?;
    let status = if model.record_id.is_some() { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(model)))
}

/// One model.
#[utoipa::path(get, path = paths::MODEL, tag = "models", operation_id = "get_model",
    params(("model" = String, Path, description = "Name or digest")),
    responses((status = 200, body = ModelDetail), Guarded, Checked, Found), security(("api_key" = []), ("session" = [])))]
pub(super) async fn get(
    State(api): State<ApiState>,
    _: Caller,
    Path(model): Path<String>,
) -> Result<Json<ModelDetail>, ApiError> {
    models::get(&api, &model).await.map(Json)
}

/// Approve a model: it may be deployed.
///
/// Also brings a retired one back. Approving one that is approved changes nothing.
#[utoipa::path(post, path = paths::MODEL_APPROVAL, tag = "models", operation_id = "approve_model",
    params(("model" = String, Path, description = "Name or digest")),
    responses((status = 200, body = ModelDetail), Guarded, Checked, Found, Conflicting), security(("api_key" = []), ("session" = [])))]
pub(super) async fn approve(
    State(api): State<ApiState>,
    caller: Caller,
    Path(model): Path<String>,
) -> Result<Json<ModelDetail>, ApiError> {
    models::approve(&api, &caller, &model).await.map(Json)
}

/// Retire a model: no deployment may choose it any more.
///
/// Deployments that have it go on, and may be scaled down. Retiring one that is retired changes nothing.
#[utoipa::path(post, path = paths::MODEL_RETIREMENT, tag = "models", operation_id = "retire_model", request_body = RetireModelRequest,
    params(("model" = String, Path, description = "Name or digest")),
    responses((status = 200, body = ModelDetail), Guarded, Checked, responses::Json, Found, Conflicting), security(("api_key" = []), ("session" = [])))]
pub(super) async fn retire(
    State(api): State<ApiState>,
    caller: Caller,
    Path(model): Path<String>,
    JsonBody(request): JsonBody<RetireModelRequest>,
) -> Result<Json<ModelDetail>, ApiError> {
    models::retire(&api, &caller, &model, request).await.map(Json)
}

/// Remove a model and its files.
///
/// Refused while it is deployed.
#[utoipa::path(delete, path = paths::MODEL, tag = "models", operation_id = "remove_model",
    params(("model" = String, Path, description = "Name or digest")),
    responses((status = 200, body = Changed), Guarded, Checked, Found, Conflicting), security(("api_key" = []), ("session" = [])))]
pub(super) async fn remove(
    State(api): State<ApiState>,
    caller: Caller,
    Path(model): Path<String>,
) -> Result<Json<Changed>, ApiError> {
    models::remove(&api, &caller, &model).await.map(Json)
}

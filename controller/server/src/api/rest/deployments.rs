pub(super) mod history;

use axum::Json;
use axum::extract::State;
use cloister_api::{Changed, DeployRequest, Deployment, DeploymentList, paths};
use http::HeaderMap;

use super::expected_revision;
use super::responses::{self, Checked, Conflicting, Found, Guarded};
use crate::api::auth::Caller;
use crate::api::extract::{JsonBody, Path};
use crate::api::operations::deployments;
use crate::api::{ApiError, ApiState};

/// All deployments.
#[utoipa::path(get, path = paths::DEPLOYMENTS, tag = "deployments", operation_id = "list_deployments",
    responses((status = 200, body = DeploymentList), Guarded), security(("api_key" = []), ("session" = [])))]
pub(super) async fn list(
    State(api): State<ApiState>,
    caller: Caller,
) -> Result<Json<DeploymentList>, ApiError> {
    deployments::list(&api, &caller).await.map(Json)
}

/// One deployment.
#[utoipa::path(get, path = paths::DEPLOYMENT, tag = "deployments", operation_id = "get_deployment",
    params(("name" = String, Path,)),
    responses((status = 200, body = Deployment), Guarded, Checked, Found), security(("api_key" = []), ("session" = [])))]
pub(super) async fn get(
    State(api): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Deployment>, ApiError> {
    deployments::get(&api, &caller, &name).await.map(Json)
}

/// Create a deployment, or change it.
///
/// The same request again changes nothing.
#[utoipa::path(put, path = paths::DEPLOYMENT, tag = "deployments", operation_id = "put_deployment", request_body = DeployRequest,
    params(("name" = String, Path, description = "1 to 63 characters of `[a-z0-9-]`"),
        ("If-Match" = Option<String>, Header, description = "`\"<revision>\"` to change only what you saw, `\"0\"` to create only")),
    responses((status = 200, body = Deployment), Guarded, Checked, responses::Json, Found, Conflicting,
        (status = 412, description = "It is at another revision than If-Match says", body = cloister_api::Problem, content_type = "application/problem+json")),
    security(("api_key" = []), ("session" = [])))]
pub(super) async fn put(
    State(api): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    headers: HeaderMap,
    JsonBody(request): JsonBody<DeployRequest>,
) -> Result<Json<Deployment>, ApiError> {
    let revision = expected_revision(&headers)?;
    deployments::put(&api, &caller, &name, request, revision).await.map(Json)
}

/// Remove a deployment; its replicas are drained.
#[utoipa::path(delete, path = paths::DEPLOYMENT, tag = "deployments", operation_id = "remove_deployment",
    params(("name" = String, Path,)),
    responses((status = 200, body = Changed), Guarded, Checked, Found), security(("api_key" = []), ("session" = [])))]
pub(super) async fn remove(
    State(api): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Changed>, ApiError> {
    deployments::remove(&api, &caller, &name).await.map(Json)
}

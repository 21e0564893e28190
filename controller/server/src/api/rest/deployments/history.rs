use axum::Json;
use axum::extract::State;
use cloister_api::{Deployment, DeploymentRevisionList, ReplicaEventPage, ReturnRequest, paths};
use http::HeaderMap;
use serde::Deserialize;

use crate::api::auth::Caller;
use crate::api::extract::{JsonBody, Path, Query};
use crate::api::operations::deployments;
use crate::api::rest::expected_revision;
use crate::api::rest::responses::{self, Checked, Conflicting, Found, Guarded};
use crate::api::{ApiError, ApiState};

/// What a deployment was meant to be, change by change, newest first.
#[utoipa::path(get, path = paths::DEPLOYMENT_REVISIONS, tag = "deployments", operation_id = "list_deployment_revisions",
    params(("name" = String, Path,)),
    responses((status = 200, body = DeploymentRevisionList), Guarded, Checked, Found),
    security(("api_key" = []), ("session" = [])))]
pub(in crate::api::rest) async fn revisions(
    State(api): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<DeploymentRevisionList>, ApiError> {
    deployments::revisions(&api, &caller, &name).await.map(Json)
}

/// Return to what a deployment was at an earlier revision.
///
/// Makes a new revision with that intent, if its model is still there, trusted and approved. The same intent again changes
/// nothing.
#[utoipa::path(post, path = paths::DEPLOYMENT_RETURN, tag = "deployments", operation_id = "return_deployment", request_body = ReturnRequest,
    params(("name" = String, Path,),
        ("If-Match" = Option<String>, Header, description = "`\"<revision>\"` to change only what you saw")),
    responses((status = 200, body = Deployment), Guarded, Checked, responses::Json, Found, Conflicting,
        (status = 412, description = "It is at another revision than If-Match says", body = cloister_api::Problem, content_type = "application/problem+json")),
    security(("api_key" = []), ("session" = [])))]
pub(in crate::api::rest) async fn return_to(
    State(api): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    headers: HeaderMap,
    JsonBody(request): JsonBody<ReturnRequest>,
) -> Result<Json<Deployment>, ApiError> {
    let revision = expected_revision(&headers)?;
    deployments::return_to(&api, &caller, &name, request, revision).await.map(Json)
}

/// Replace every replica of a deployment by a new one, one after another.
///
/// Where a node has room for one more, the new one serves before the old one goes.
#[utoipa::path(post, path = paths::DEPLOYMENT_RESTART, tag = "deployments", operation_id = "restart_deployment",
    params(("name" = String, Path,),
        ("If-Match" = Option<String>, Header, description = "`\"<revision>\"` to restart only what you saw")),
    responses((status = 200, body = Deployment), Guarded, Checked, Found, Conflicting,
        (status = 412, description = "It is at another revision than If-Match says", body = cloister_api::Problem, content_type = "application/problem+json")),
    security(("api_key" = []), ("session" = [])))]
pub(in crate::api::rest) async fn restart(
    State(api): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Deployment>, ApiError> {
    let revision = expected_revision(&headers)?;
    deployments::restart(&api, &caller, &name, revision).await.map(Json)
}

#[derive(Deserialize)]
pub(in crate::api::rest) struct Page {
    #[serde(default)]
    limit: u32,
    before: Option<String>,
}

/// What happened to the replicas of a deployment, newest first. Not the audit log: old events are dropped.
#[utoipa::path(get, path = paths::DEPLOYMENT_EVENTS, tag = "deployments", operation_id = "list_deployment_events",
    params(("name" = String, Path,), ("limit" = Option<u32>, Query, description = "1 to 500; default 50"),
        ("before" = Option<String>, Query, description = "`next_before` of the page before")),
    responses((status = 200, body = ReplicaEventPage), Guarded, Checked, Found),
    security(("api_key" = []), ("session" = [])))]
pub(in crate::api::rest) async fn events(
    State(api): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    Query(Page { limit, before }): Query<Page>,
) -> Result<Json<ReplicaEventPage>, ApiError> {
    deployments::events(&api, &caller, &name, limit, before.as_deref()).await.map(Json)
}

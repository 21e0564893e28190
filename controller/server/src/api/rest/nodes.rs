use axum::Json;
use axum::extract::State;
use cloister_api::{
    Changed, JoinToken, JoinTokenRequest, Node, NodeChange, NodeList, NodePreview, SchedulingRequest, paths,
};
use http::StatusCode;
use serde::Deserialize;

use super::responses::{self, Checked, Conflicting, Found, Guarded};
use crate::api::auth::Caller;
use crate::api::extract::{JsonBody, Path, Query};
use crate::api::operations::{nodes, scheduling};
use crate::api::{ApiError, ApiState};

/// All nodes, revoked ones too.
#[utoipa::path(get, path = paths::NODES, tag = "nodes", operation_id = "list_nodes",
    responses((status = 200, body = NodeList), Guarded), security(("api_key" = []), ("session" = [])))]
pub(super) async fn list(State(api): State<ApiState>, _: Caller) -> Result<Json<NodeList>, ApiError> {
    nodes::list(&api).await.map(Json)
}

/// Make a token that admits one node, once.
#[utoipa::path(post, path = paths::JOIN_TOKENS, tag = "nodes", operation_id = "create_join_token", request_body = JoinTokenRequest,
    responses((status = 201, body = JoinToken), Guarded, Checked, responses::Json), security(("api_key" = []), ("session" = [])))]
pub(super) async fn create_join_token(
    State(api): State<ApiState>,
    caller: Caller,
    JsonBody(request): JsonBody<JoinTokenRequest>,
) -> Result<(StatusCode, Json<JoinToken>), ApiError> {
    let token = nodes::create_join_token(&api, &caller, &request).await?;
    Ok((StatusCode::CREATED, Json(token)))
}

/// Cordon, drain or open a node.
///
/// The same request again changes nothing.
#[utoipa::path(put, path = paths::NODE_SCHEDULING, tag = "nodes", operation_id = "schedule_node", request_body = SchedulingRequest,
    params(("node" = String, Path, description = "Name or id")),
    responses((status = 200, body = Node), Guarded, Checked, responses::Json, Found, Conflicting), security(("api_key" = []), ("session" = [])))]
pub(super) async fn schedule(
    State(api): State<ApiState>,
    caller: Caller,
    Path(node): Path<String>,
    JsonBody(request): JsonBody<SchedulingRequest>,
) -> Result<Json<Node>, ApiError> {
    scheduling::schedule(&api, &caller, &node, request).await.map(Json)
}

#[derive(Deserialize)]
pub(super) struct Asked {
    change: NodeChange,
    #[serde(default)]
    force: bool,
}

/// What a change of a node would do to the replicas on it.
///
/// Planned as it would be, on the fleet as it is now. Nothing is changed.
#[utoipa::path(get, path = paths::NODE_PREVIEW, tag = "nodes", operation_id = "preview_node",
    params(("node" = String, Path, description = "Name or id"),
        ("change" = NodeChange, Query,),
        ("force" = Option<bool>, Query, description = "Of `drain`: by force")),
    responses((status = 200, body = NodePreview), Guarded, Checked, Found, Conflicting), security(("api_key" = []), ("session" = [])))]
pub(super) async fn preview(
    State(api): State<ApiState>,
    _: Caller,
    Path(node): Path<String>,
    Query(Asked { change, force }): Query<Asked>,
) -> Result<Json<NodePreview>, ApiError> {
    scheduling::preview(&api, &node, change, force).await.map(Json)
}

/// Shut a node out.
///
/// Its certificate is refused, its session ends, and its replicas are placed elsewhere.
#[utoipa::path(post, path = paths::NODE_REVOCATION, tag = "nodes", operation_id = "revoke_node",
    params(("node" = String, Path, description = "Name or id")),
    responses((status = 200, body = Changed), Guarded, Checked, Found, Conflicting), security(("api_key" = []), ("session" = [])))]
pub(super) async fn revoke(
    State(api): State<ApiState>,
    caller: Caller,
    Path(node): Path<String>,
) -> Result<Json<Changed>, ApiError> {
    nodes::revoke(&api, &caller, &node).await.map(Json)
}

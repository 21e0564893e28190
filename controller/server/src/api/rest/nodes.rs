use axum::Json;
use axum::extract::State;
use cloister_api::{Changed, JoinToken, JoinTokenRequest, NodeList, paths};
use http::StatusCode;

use super::responses::{self, Checked, Conflicting, Found, Guarded};
use crate::api::auth::Caller;
use crate::api::extract::{JsonBody, Path};
use crate::api::operations::nodes;
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

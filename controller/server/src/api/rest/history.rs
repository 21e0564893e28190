use axum::Json;
use axum::extract::State;
use cloister_api::{History, paths};
use serde::Deserialize;

use super::responses::{Checked, Found, Guarded};
use crate::api::auth::Caller;
use crate::api::extract::{Path, Query};
use crate::api::operations::history;
use crate::api::{ApiError, ApiState};

#[derive(Deserialize)]
pub(super) struct OfNode {
    #[serde(default)]
    range: String,
}

#[derive(Deserialize)]
pub(super) struct OfFleet {
    #[serde(default)]
    range: String,
    #[serde(default)]
    jurisdiction: String,
}

/// How a node was used.
///
/// Measured every 30 seconds. What is older than a day is kept in steps of a quarter of an hour, for 30 days.
#[utoipa::path(get, path = paths::NODE_HISTORY, tag = "nodes", operation_id = "get_node_history",
    params(("node" = String, Path, description = "Name or id"),
        ("range" = Option<String>, Query, description = "`1h` (the default), `24h` or `30d`, up to now")),
    responses((status = 200, body = History), Guarded, Checked, Found), security(("api_key" = []), ("session" = [])))]
pub(super) async fn node(
    State(api): State<ApiState>,
    _: Caller,
    Path(node): Path<String>,
    Query(OfNode { range }): Query<OfNode>,
) -> Result<Json<History>, ApiError> {
    history::of_node(&api, &node, &range).await.map(Json)
}

/// How all nodes together were used.
///
/// Measured as that of each node.
#[utoipa::path(get, path = paths::FLEET_HISTORY, tag = "fleet", operation_id = "get_fleet_history",
    params(("range" = Option<String>, Query, description = "`1h` (the default), `24h` or `30d`, up to now"),
        ("jurisdiction" = Option<String>, Query, description = "Only nodes that stand exactly there, e.g. `DE-HE`")),
    responses((status = 200, body = History), Guarded, Checked), security(("api_key" = []), ("session" = [])))]
pub(super) async fn fleet(
    State(api): State<ApiState>,
    _: Caller,
    Query(OfFleet { range, jurisdiction }): Query<OfFleet>,
) -> Result<Json<History>, ApiError> {
    history::of_fleet(&api, &jurisdiction, &range).await.map(Json)
}

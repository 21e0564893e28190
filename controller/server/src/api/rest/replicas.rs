use axum::Json;
use axum::extract::State;
use cloister_api::{Explanation, ReplicaList, ReplicaOutput, paths};
use serde::Deserialize;

use super::responses::{Checked, Conflicting, Found, Guarded, Limited};
use crate::api::auth::Caller;
use crate::api::extract::{Path, Query};
use crate::api::operations::replicas;
use crate::api::{ApiError, ApiState};

#[derive(Deserialize)]
pub(super) struct Narrow {
    deployment: Option<String>,
}

/// Replicas, of one deployment or of all.
#[utoipa::path(get, path = paths::REPLICAS, tag = "replicas", operation_id = "list_replicas",
    params(("deployment" = Option<String>, Query, description = "Only those of this deployment")),
    responses((status = 200, body = ReplicaList), Guarded, Checked, Found), security(("api_key" = []), ("session" = [])))]
pub(super) async fn list(
    State(api): State<ApiState>,
    caller: Caller,
    Query(Narrow { deployment }): Query<Narrow>,
) -> Result<Json<ReplicaList>, ApiError> {
    replicas::list(&api, &caller, deployment.as_deref()).await.map(Json)
}

/// Why a replica is where it is, or nowhere.
#[utoipa::path(get, path = paths::REPLICA_EXPLANATION, tag = "replicas", operation_id = "explain_replica",
    params(("replica_id" = String, Path,)),
    responses((status = 200, body = Explanation), Guarded, Checked, Found), security(("api_key" = []), ("session" = [])))]
pub(super) async fn explain(
    State(api): State<ApiState>,
    caller: Caller,
    Path(replica_id): Path<String>,
) -> Result<Json<Explanation>, ApiError> {
    replicas::explain(&api, &caller, &replica_id).await.map(Json)
}

#[derive(Deserialize)]
pub(super) struct Last {
    #[serde(default)]
    lines: u32,
}

/// What the worker of a replica wrote: the last lines, also of the runs before a crash.
///
/// Its own standard output and error, never text of a question or an answer. Kept by the agent of its node as long as
/// the replica is there.
#[utoipa::path(get, path = paths::REPLICA_LOGS, tag = "replicas", operation_id = "replica_logs",
    params(("replica_id" = String, Path,), ("lines" = Option<u32>, Query, description = "1 to 500; default 200")),
    responses((status = 200, body = ReplicaOutput), Guarded, Checked, Found, Conflicting, Limited),
    security(("api_key" = []), ("session" = [])))]
pub(super) async fn logs(
    State(api): State<ApiState>,
    caller: Caller,
    Path(replica_id): Path<String>,
    Query(Last { lines }): Query<Last>,
) -> Result<Json<ReplicaOutput>, ApiError> {
    replicas::logs(&api, &caller, &replica_id, lines).await.map(Json)
}

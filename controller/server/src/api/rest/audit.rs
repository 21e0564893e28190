use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use cloister_api::{LogCheckpoint, Record, RecordPage, Timeline, paths};
use http::header;
use serde::Deserialize;
use utoipa::IntoParams;

use super::responses::{Checked, Found, Guarded};
use crate::api::auth::Caller;
use crate::api::extract::{Path, Query};
use crate::api::operations::audit;
use crate::api::{ApiError, ApiState};

#[derive(Deserialize)]
pub(super) struct Narrow {
    #[serde(default)]
    limit: u32,
    before_seq: Option<u64>,
    /// Read from the same query; see [`Filter`].
    #[serde(flatten)]
    filter: Filter,
}

/// What records must be like. All that is set must hold.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// e.g. `inference.completed`
    kind: Option<String>,
    /// Id of what was changed or used
    subject: Option<String>,
    /// Who: id or name of an API key, account or node. Of an inference: the caller
    actor: Option<String>,
    /// Digest or name of a model that the record names. Of an inference: the model that computed
    model: Option<String>,
    /// Id or name of a node that the record names. Of an inference: the node that computed, which its closing record knows
    node: Option<String>,
    /// Written then or later, RFC 3339
    from: Option<String>,
    /// Written before then, RFC 3339
    to: Option<String>,
    /// Id of a *requested* record: finds the one that closes it
    intent: Option<String>,
}

impl From<Filter> for audit::Filter {
    fn from(filter: Filter) -> Self {
        let Filter { kind, subject, actor, model, node, from, to, intent } = filter;
        Self { kind, subject, actor, model, node, intent, from, to }
    }
}

/// Audit records, newest first.
#[utoipa::path(get, path = paths::RECORDS, tag = "audit", operation_id = "list_records",
    params(("limit" = Option<u32>, Query, description = "1 to 1,000; default 50"),
        ("before_seq" = Option<u64>, Query, description = "Only records before this sequence number"),
        Filter),
    responses((status = 200, body = RecordPage), Guarded, Checked), security(("api_key" = []), ("session" = [])))]
pub(super) async fn records(
    State(api): State<ApiState>,
    caller: Caller,
    Query(narrow): Query<Narrow>,
) -> Result<Json<RecordPage>, ApiError> {
    let Narrow { limit, before_seq, filter } = narrow;
    audit::list(&api, &caller, audit::Selection { limit, before_seq, filter: filter.into() }).await.map(Json)
}

#[derive(Deserialize)]
pub(super) struct Divided {
    #[serde(default)]
    buckets: u32,
    #[serde(flatten)]
    filter: Filter,
}

/// How many audit records there are, over time and by group of kinds.
///
/// Counts at most 200,000 records, the newest ones.
#[utoipa::path(get, path = paths::TIMELINE, tag = "audit", operation_id = "get_timeline",
    params(("buckets" = Option<u32>, Query, description = "Pieces of time, 1 to 240; default 60. The time is that between `from` and `to`, by default the last 24 hours"),
        Filter),
    responses((status = 200, body = Timeline), Guarded, Checked), security(("api_key" = []), ("session" = [])))]
pub(super) async fn timeline(
    State(api): State<ApiState>,
    caller: Caller,
    Query(Divided { buckets, filter }): Query<Divided>,
) -> Result<Json<Timeline>, ApiError> {
    audit::timeline(&api, &caller, filter.into(), buckets).await.map(Json)
}

/// One audit record.
#[utoipa::path(get, path = paths::RECORD, tag = "audit", operation_id = "get_record",
    params(("record_id" = String, Path,)),
    responses((status = 200, body = Record), Guarded, Checked, Found), security(("api_key" = []), ("session" = [])))]
pub(super) async fn record(
    State(api): State<ApiState>,
    caller: Caller,
    Path(record_id): Path<String>,
) -> Result<Json<Record>, ApiError> {
    audit::get(&api, &caller, &record_id).await.map(Json)
}

/// The evidence file of one record.
///
/// Holds the record, the other half of its pair if it has one, and all that proves them to someone
/// who has only the log's public key. The export is itself put on record.
#[utoipa::path(get, path = paths::RECORD_EVIDENCE, tag = "audit", operation_id = "export_record_evidence",
    params(("record_id" = String, Path,)),
    responses((status = 200, description = "An evidence file", body = String, content_type = "application/x-ndjson"),
        Guarded, Checked, Found), security(("api_key" = []), ("session" = [])))]
pub(super) async fn record_evidence(
    State(api): State<ApiState>,
    caller: Caller,
    Path(record_id): Path<String>,
) -> Result<Response, ApiError> {
    let file = audit::export(&api, &caller, vec![record_id.clone()]).await?;
    Ok(evidence_file(&format!("cloister-{record_id}.evidence"), file))
}

#[derive(Deserialize)]
pub(super) struct Ids {
    #[serde(default)]
    ids: String,
}

/// The evidence file of several records, or of the whole log.
///
/// The export is itself put on record.
#[utoipa::path(get, path = paths::EVIDENCE, tag = "audit", operation_id = "export_evidence",
    params(("ids" = Option<String>, Query, description = "Record ids, separated by commas, at most 1,000. Absent: the whole log")),
    responses((status = 200, description = "An evidence file, streamed", body = String, content_type = "application/x-ndjson"),
        Guarded, Checked, Found), security(("api_key" = []), ("session" = [])))]
pub(super) async fn evidence(
    State(api): State<ApiState>,
    caller: Caller,
    Query(Ids { ids }): Query<Ids>,
) -> Result<Response, ApiError> {
    let ids = ids.split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect();
    let file = audit::export(&api, &caller, ids).await?;
    Ok(evidence_file("cloister.evidence", file))
}

fn evidence_file(name: &str, file: audit::EvidenceFile) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, Body::from_stream(file)).into_response()
}

/// The signed head of the log, and the key that verifies it.
#[utoipa::path(get, path = paths::CHECKPOINT, tag = "audit", operation_id = "get_checkpoint",
    responses((status = 200, body = LogCheckpoint), Guarded), security(("api_key" = []), ("session" = [])))]
pub(super) async fn checkpoint(
    State(api): State<ApiState>,
    _: Caller,
) -> Result<Json<LogCheckpoint>, ApiError> {
    audit::checkpoint(&api).await.map(Json)
}

/// The public key of the log, as C2SP writes verifier keys. Pin it: it is what evidence is checked with.
#[utoipa::path(get, path = paths::AUDIT_KEY, tag = "audit", operation_id = "get_audit_key",
    responses((status = 200, description = "One line of text", body = String, content_type = "text/plain"), Guarded),
    security(("api_key" = []), ("session" = [])))]
pub(super) async fn key(State(api): State<ApiState>, _: Caller) -> String {
    format!("{}\n", audit::verifier_key(&api))
}

//! What a deployment was, going back to it, starting it anew, and what happened to its replicas.

use cloister_api::limits::{EVENTS_PAGE_DEFAULT, EVENTS_PAGE_MAX};
use cloister_api::{
    Deployment, DeploymentRevision, DeploymentRevisionList, EventKind, ProblemKind, ReplicaEvent,
    ReplicaEventPage, ReturnRequest,
};
use cloister_evidence::record::Actor;
use jiff::Timestamp;

use super::{Accepted, Facts, check_approval, check_revision, check_trust, find, same_intent, view};
use crate::api::auth::Caller;
use crate::api::{ApiError, ApiState};

/// Longest id of an event; they are ULIDs.
const EVENT_ID_MAX_BYTES: usize = 32;

/// The revisions that are kept, newest first.
pub(in crate::api) async fn revisions(
    api: &ApiState,
    caller: &Caller,
    name: &str,
) -> Result<DeploymentRevisionList, ApiError> {
    let row = find(api, caller, name).await?;
    let kept = api.store().deployment_revisions(&row).await?;
    Ok(DeploymentRevisionList { revisions: kept.into_iter().map(told).collect() })
}

/// Takes up the intent of an earlier revision again, as a new one, if what it asks for is still allowed. How often the
/// deployment was restarted is no part of it.
pub(in crate::api) async fn return_to(
    api: &ApiState,
    caller: &Caller,
    name: &str,
    request: ReturnRequest,
    expected_revision: Option<u64>,
) -> Result<Deployment, ApiError> {
    let now = find(api, caller, name).await?;
    check_revision(Some(&now), expected_revision)?;
    let revision = request.revision;
    let kept = api.store().deployment_revisions(&now).await?;
    let Some(past) = kept.into_iter().find(|kept| kept.intent.revision == revision) else {
        let detail = format!(
            "revision {revision} of {name} is not kept; those that are can be listed (cloister history {name})"
        );
        return Err(ApiError::not_found(detail));
    };
    let Some(model) = api.store().model(&past.intent.model_digest).await? else {
        let detail = format!(
            "revision {revision} of {name} ran model {} ({}), which is no longer in the fleet; import it again first",
            past.model_name, past.intent.model_digest
        );
        return Err(ApiError::new(ProblemKind::Conflict, detail));
    };
    check_trust(api, &model).await?;
    let row = cloister_store::Deployment {
        revision: now.revision.saturating_add(1),
        restarts: now.restarts,
        created_at: now.created_at,
        ..past.intent
    };
    if same_intent(&now, &row) {
        return view(api, now).await;
    }
    check_approval(&model, Some(&now), &row)?;
    let more = Facts::from([("returned_to".to_owned(), revision.to_string().into())]);
    Accepted { row, model_name: model.name, returned_to: Some(revision), more }.commit(api, caller).await
}

/// Has every replica replaced by a new one of the same intent. That chooses no model, so it need not be approved still.
pub(in crate::api) async fn restart(
    api: &ApiState,
    caller: &Caller,
    name: &str,
    expected_revision: Option<u64>,
) -> Result<Deployment, ApiError> {
    let now = find(api, caller, name).await?;
    check_revision(Some(&now), expected_revision)?;
    let model = api.store().model(&now.model_digest).await?;
    let model_name = model.map(|model| model.name).unwrap_or_default();
    let row = cloister_store::Deployment {
        revision: now.revision.saturating_add(1),
        restarts: now.restarts.saturating_add(1),
        ..now
    };
    let more = Facts::from([("restarts".to_owned(), row.restarts.to_string().into())]);
    Accepted { row, model_name, returned_to: None, more }.commit(api, caller).await
}

/// What happened to the replicas of a deployment, newest first.
pub(in crate::api) async fn events(
    api: &ApiState,
    caller: &Caller,
    name: &str,
    limit: u32,
    before: Option<&str>,
) -> Result<ReplicaEventPage, ApiError> {
    let limit = match limit {
        0 => EVENTS_PAGE_DEFAULT,
        limit if limit <= EVENTS_PAGE_MAX => limit,
        limit => {
            let detail = format!(
                "limit is {limit}, and must be 1 to {EVENTS_PAGE_MAX}, or 0 for {EVENTS_PAGE_DEFAULT}"
            );
            return Err(ApiError::invalid("limit", detail));
        }
    };
    let plain =
        |id: &str| id.len() <= EVENT_ID_MAX_BYTES && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if before.is_some_and(|id| !plain(id)) {
        return Err(ApiError::invalid("before", "before must be the next_before of an earlier page"));
    }
    let row = find(api, caller, name).await?;
    let rows = api.store().replica_events(&row.id, before, limit).await?;
    let next_before = rows.last().map(|row| row.id.clone()).filter(|_| rows.len() >= limit as usize);
    Ok(ReplicaEventPage { events: rows.into_iter().map(event).collect(), next_before })
}

/// A revision as it is kept with the record of its change.
pub(super) fn kept(
    row: &cloister_store::Deployment,
    model_name: String,
    returned_to: Option<u64>,
    actor: &Actor,
    record_id: &str,
) -> cloister_store::DeploymentRevision {
    let kind = serde_json::to_value(actor.kind).unwrap_or_default();
    cloister_store::DeploymentRevision {
        intent: row.clone(),
        model_name,
        returned_to,
        actor_kind: kind.as_str().unwrap_or_default().to_owned(),
        actor_id: actor.id.clone(),
        actor_name: actor.name.clone(),
        at: Timestamp::now(),
        record_id: record_id.to_owned(),
    }
}

fn told(kept: cloister_store::DeploymentRevision) -> DeploymentRevision {
    let intent = kept.intent;
    DeploymentRevision {
        revision: intent.revision,
        at: kept.at.to_string(),
        actor_kind: kept.actor_kind,
        actor_id: kept.actor_id,
        actor_name: kept.actor_name,
        returned_to: kept.returned_to,
        model_name: kept.model_name,
        model_digest: intent.model_digest,
        replicas: intent.replicas,
        context_length: intent.context_length,
        max_sequences: intent.max_sequences,
        kv_tokens: intent.kv_tokens,
        node_selector: intent.node_selector,
        jurisdiction: intent.jurisdiction,
        restarts: intent.restarts,
        record_id: kept.record_id,
    }
}

fn event(row: cloister_store::ReplicaEvent) -> ReplicaEvent {
    let kind = EventKind::parse(&row.kind);
    ReplicaEvent {
        sentence: sentence(kind, row.node_name.as_deref().unwrap_or("a node"), &row.detail),
        id: row.id,
        at: row.at.to_string(),
        replica_id: row.replica_id,
        node_name: row.node_name,
        kind,
    }
}

fn sentence(kind: EventKind, node: &str, detail: &str) -> String {
    match kind {
        EventKind::Placed | EventKind::Unknown => capitalized(detail),
        EventKind::Unplaced => format!("Found no place: {detail}"),
        EventKind::Removed => format!("Taken off the books: {detail}"),
        EventKind::Fetching => format!("{node} fetches the model"),
        EventKind::Verifying => format!("{node} checks signature and digests"),
        EventKind::Loading => "Its worker loads the weights".to_owned(),
        EventKind::Ready => format!("It answers on {node}"),
        EventKind::Failed => format!("It will be tried again on {node}: {detail}"),
        // Its node tells of its end without a reason; the scheduler, that it is to come, with one.
        EventKind::Draining if detail.is_empty() => {
            "It finishes what it has and takes nothing new".to_owned()
        }
        EventKind::Draining => format!("It is sent nothing new: {detail}"),
        EventKind::Stopped => format!("It has left {node}"),
        EventKind::Refused => format!("{node} refused it: {detail}"),
        EventKind::Crashed => format!("It crashed and starts again after a pause: {detail}"),
        EventKind::NodeLost => {
            format!("{node} is not connected; what runs there goes on, and is sent nothing")
        }
        EventKind::NodeBack => format!("{node} is connected again"),
    }
}

fn capitalized(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

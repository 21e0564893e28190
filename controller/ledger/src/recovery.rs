//! Records that the ledger writes on its own account, and requests that nobody is left to close.

use std::collections::{BTreeMap, HashSet};

use cloister_evidence::record::{Actor, ActorKind, Draft, Kind, Outcome, Record, Subject, SubjectKind};
use cloister_store::{RecordRow, Store};

use crate::error::{CommitError, LogDamage};
use crate::submission::Entry;

/// The controller that had the request was gone when this one started.
pub(crate) const CONTROLLER_RESTARTED: &str = "controller_restarted";
/// Another controller has the request and was not seen for too long.
pub(crate) const CONTROLLER_GONE: &str = "controller_gone";
/// The request's record is durable, but its caller was told that it is over: whether that record was written was not
/// known at first, or the record that was to close it could not be written.
pub(crate) const COMMIT_UNCONFIRMED: &str = "commit_unconfirmed";

pub(crate) fn controller_started(origin: &str, version: &str) -> Draft {
    let change = BTreeMap::from([("version".to_owned(), version.into())]);
    Draft { change: Some(change), ..about_log(Kind::ControllerStarted, origin) }
}

pub(crate) fn controller_stopped(origin: &str) -> Draft {
    about_log(Kind::ControllerStopped, origin)
}

fn about_log(kind: Kind, origin: &str) -> Draft {
    Draft {
        kind,
        outcome: Outcome::Success,
        actor: system(),
        subject: Some(Subject { kind: SubjectKind::Log, id: origin.to_owned(), name: None }),
        tenant: None,
        intent: None,
        inference: None,
        change: None,
        reason: None,
    }
}

fn system() -> Actor {
    Actor { kind: ActorKind::System, id: "system".to_owned(), name: None, address: None }
}

/// Closing records for the requests with these ids, in the order of the requests.
pub(crate) async fn interruptions(
    store: &Store,
    request_ids: impl IntoIterator<Item = String>,
    reason: &str,
) -> Result<Vec<Entry>, CommitError> {
    let mut requests = Vec::new();
    for id in request_ids.into_iter().collect::<HashSet<_>>() {
        requests.extend(store.record(&id).await?);
    }
    requests.sort_by_key(|row| row.seq);
    requests.iter().map(|request| interrupted(request, reason).map(Entry::new)).collect()
}

/// Says of a request that it was interrupted, repeating what its record says of it.
fn interrupted(request: &RecordRow, reason: &str) -> Result<Draft, CommitError> {
    let record =
        Record::parse(&request.leaf).map_err(|source| LogDamage::Unreadable { seq: request.seq, source })?;
    Ok(Draft {
        kind: Kind::InferenceInterrupted,
        outcome: Outcome::Failure,
        actor: system(),
        intent: Some(record.id),
        reason: Some(reason.to_owned()),
        ..record.draft
    })
}

//! What can be asked of the fleet and changed in it. Each operation takes typed input from an
//! adapter, checks it, and either reads the store or commits one change with its audit record.

pub(super) mod accounts;
pub(super) mod audit;
pub(super) mod configuration;
pub(super) mod deployments;
pub(super) mod fleet;
pub(super) mod history;
pub(super) mod imports;
pub(super) mod keys;
pub(super) mod models;
pub(super) mod nodes;
pub(super) mod replicas;
pub(super) mod scheduling;
pub(super) mod session;
pub(super) mod signers;
pub(super) mod tenants;
pub(super) mod trust_policies;
pub(super) mod uploads;
pub(super) mod usage;

use std::collections::BTreeMap;

use cloister_evidence::record::{Draft, Kind, Outcome, Subject, SubjectKind};
use cloister_store::Change;

use super::auth::Caller;
use super::{ApiError, ApiState};

/// What a change sets, for its record: names, numbers and digests.
pub(in crate::api) type Facts = BTreeMap<String, serde_json::Value>;

fn subject(kind: SubjectKind, id: impl Into<String>, name: Option<&str>) -> Subject {
    Subject { kind, id: id.into(), name: name.map(str::to_owned) }
}

/// The record of a change that succeeds.
fn changed(kind: Kind, caller: &Caller, subject: Subject, facts: Facts) -> Draft {
    Draft {
        kind,
        outcome: Outcome::Success,
        actor: caller.actor(),
        subject: Some(subject),
        tenant: caller.tenant().map(str::to_owned),
        intent: None,
        inference: None,
        change: (!facts.is_empty()).then_some(facts),
        reason: None,
    }
}

/// The record of a change to what belongs to `tenant`: that tenant's affair, whoever made the change.
fn changed_of(tenant: Option<&str>, kind: Kind, caller: &Caller, subject: Subject, facts: Facts) -> Draft {
    Draft { tenant: tenant.map(str::to_owned), ..changed(kind, caller, subject, facts) }
}

/// Where something new is to belong. Whoever is of a tenant can only mean that one.
fn tenant_for(caller: &Caller, asked: Option<String>) -> Result<Option<String>, ApiError> {
    match (caller.tenant(), asked) {
        (None, asked) => Ok(asked),
        (Some(own), None) => Ok(Some(own.to_owned())),
        (Some(own), Some(asked)) if own == asked => Ok(Some(asked)),
        (Some(_), Some(_)) => {
            let detail = "whoever belongs to a tenant makes things for that tenant alone; leave tenant out";
            Err(ApiError::invalid("tenant", detail))
        }
    }
}

/// Commits a change with its record and lets reconciler and gateway know; the record's id.
async fn commit(api: &ApiState, changes: Vec<Change>, draft: Draft) -> Result<String, ApiError> {
    let record = api.ledger().change(changes, draft).await?;
    api.fleet().wake_and_settle().await;
    Ok(record.id)
}

fn already_revoked(what: &str, at: jiff::Timestamp) -> ApiError {
    ApiError::new(cloister_api::ProblemKind::Conflict, format!("{what} was revoked already, at {at}"))
}

/// Runs work that touches the disk away from the executor's threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ApiError::internal("the work on the disk was not finished", &error))
}

/// 32 random bytes as 43 characters that need no quoting anywhere.
fn random_secret() -> Result<secrecy::SecretString, ApiError> {
    use base64::Engine as _;
    let mut bytes = zeroize::Zeroizing::new([0_u8; 32]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|error| ApiError::internal("the system's random generator failed", &error))?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes.as_slice()).into())
}

/// SHA-256 of a secret's text: what is stored in its place.
pub(super) fn secret_hash(secret: &str) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(secret.as_bytes()).into()
}

//! Trust policies: whose signature makes a model of certain names acceptable.

mod check;

use std::collections::HashSet;

use cloister_api::limits::TRUST_POLICIES_MAX;
use cloister_api::{
    Changed, PolicySigner, ProblemKind, TrustPolicy, TrustPolicyList, TrustPolicyRequest, TrustRule,
};
use cloister_evidence::record::{Kind, Subject, SubjectKind};
use cloister_store::Change;
use jiff::Timestamp;

use super::signers::AFFECTED_ON_RECORD_MAX;
use super::{Facts, changed, commit, subject};
use crate::api::auth::Caller;
use crate::api::{ApiError, ApiState, names};
use crate::trust::Trust;

pub(in crate::api) async fn list(api: &ApiState) -> Result<TrustPolicyList, ApiError> {
    let policies = api.store().trust_policies().await?.into_iter().map(view).collect();
    Ok(TrustPolicyList { policies })
}

pub(in crate::api) async fn get(api: &ApiState, name: &str) -> Result<TrustPolicy, ApiError> {
    find(api, name).await.map(view)
}

/// Creates or changes a policy. With `expected_revision` only if it is at that one; 0 stands for "does
/// not exist yet". Models that it no longer admits are drained.
pub(in crate::api) async fn put(
    api: &ApiState,
    caller: &Caller,
    name: &str,
    request: TrustPolicyRequest,
    expected_revision: Option<u64>,
) -> Result<TrustPolicy, ApiError> {
    names::check("name", name)?;
    let rules = check::rules(request.rules)?;
    let before = api.store().trust_policy(name).await?;
    check_revision(before.as_ref(), expected_revision)?;
    if let Some(same) = before.as_ref().filter(|before| before.rules == rules) {
        return Ok(view(same.clone()));
    }
    if before.is_none() {
        check_room(api).await?;
    }
    let row = cloister_store::TrustPolicy {
        name: name.to_owned(),
        rules,
        revision: before.as_ref().map_or(1, |row| row.revision.saturating_add(1)),
        updated_at: Timestamp::now(),
    };
    let mut facts = facts(&row);
    facts.extend([no_longer_trusted(api, name, Some(row.clone())).await?]);
    let kind = if row.revision == 1 { Kind::TrustPolicyCreated } else { Kind::TrustPolicyChanged };
    let draft = changed(kind, caller, of(name), facts);
    let record_id = commit(api, vec![Change::PutTrustPolicy(row.clone())], draft).await?;
    Ok(TrustPolicy { record_id: Some(record_id), ..view(row) })
}

pub(in crate::api) async fn remove(
    api: &ApiState,
    caller: &Caller,
    name: &str,
    expected_revision: Option<u64>,
) -> Result<Changed, ApiError> {
    let row = find(api, name).await?;
    check_revision(Some(&row), expected_revision)?;
    let facts = Facts::from([no_longer_trusted(api, name, None).await?]);
    let draft = changed(Kind::TrustPolicyRemoved, caller, of(name), facts);
    let change = Change::RemoveTrustPolicy { name: row.name, revision: expected_revision };
    commit(api, vec![change], draft).await.map(|record_id| Changed { record_id })
}

async fn find(api: &ApiState, name: &str) -> Result<cloister_store::TrustPolicy, ApiError> {
    let found = api.store().trust_policy(name).await?;
    found.ok_or_else(|| {
        ApiError::not_found(format!("there is no trust policy {name:?}; list them (cloister trust list)"))
    })
}

fn check_revision(
    before: Option<&cloister_store::TrustPolicy>,
    expected: Option<u64>,
) -> Result<(), ApiError> {
    let current = before.map_or(0, |row| row.revision);
    match expected {
        Some(expected) if expected != current => Err(ApiError::new(
            ProblemKind::RevisionMismatch,
            format!(
                "the trust policy is at revision {current}, not {expected}; read it again and repeat the change"
            ),
        )),
        _ => Ok(()),
    }
}

async fn check_room(api: &ApiState) -> Result<(), ApiError> {
    match api.store().trust_policies().await?.len() < TRUST_POLICIES_MAX {
        true => Ok(()),
        false => Err(ApiError::new(
            ProblemKind::Conflict,
            format!(
                "there are {TRUST_POLICIES_MAX} trust policies, the most a fleet has; put rules together"
            ),
        )),
    }
}

/// For the record: the models that are trusted now and will not be then.
async fn no_longer_trusted(
    api: &ApiState,
    name: &str,
    with: Option<cloister_store::TrustPolicy>,
) -> Result<(String, serde_json::Value), ApiError> {
    let store = api.store();
    let (signers, policies) = (store.signers().await?, store.trust_policies().await?);
    let models = store.models().await?;
    let before = Trust::read(store).await?.untrusted(&models);
    let after = Trust::with_policy((signers, policies), name, with).untrusted(&models);
    let lost: HashSet<_> = after.difference(&before).collect();
    let in_order = models.into_iter().map(|model| model.digest).filter(|digest| lost.contains(digest));
    let digests: Vec<serde_json::Value> = in_order.take(AFFECTED_ON_RECORD_MAX).map(Into::into).collect();
    Ok(("models_no_longer_trusted".to_owned(), digests.into()))
}

fn of(name: &str) -> Subject {
    subject(SubjectKind::TrustPolicy, name, Some(name))
}

/// Keys and patterns are what a policy is; the record has them as far as a record's size allows.
fn facts(row: &cloister_store::TrustPolicy) -> Facts {
    let mut keys: Vec<&str> =
        row.rules.iter().flat_map(|rule| &rule.signers).map(|s| s.key_id.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.truncate(AFFECTED_ON_RECORD_MAX);
    let mut models: Vec<&str> = row.rules.iter().flat_map(|rule| &rule.models).map(String::as_str).collect();
    models.sort_unstable();
    models.dedup();
    models.truncate(AFFECTED_ON_RECORD_MAX);
    Facts::from([
        ("rules".to_owned(), row.rules.len().into()),
        ("rules_sha256".to_owned(), rules_digest(&row.rules).into()),
        ("key_ids".to_owned(), keys.into()),
        ("models".to_owned(), models.into()),
        ("revision".to_owned(), row.revision.to_string().into()),
    ])
}

/// Binds the record to the whole policy, however long: SHA-256 of the rules' compact JSON.
fn rules_digest(rules: &[cloister_store::TrustRule]) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(serde_json::to_vec(rules).unwrap_or_default()))
}

fn view(row: cloister_store::TrustPolicy) -> TrustPolicy {
    let rules = row.rules.into_iter().map(|rule| TrustRule {
        models: rule.models,
        signers: rule
            .signers
            .into_iter()
            .map(|signer| PolicySigner {
                name: signer.name,
                public_key_pem: signer.public_key_pem,
                key_id: Some(signer.key_id),
            })
            .collect(),
    });
    TrustPolicy {
        name: row.name,
        rules: rules.collect(),
        revision: row.revision,
        updated_at: row.updated_at.to_string(),
        record_id: None,
    }
}

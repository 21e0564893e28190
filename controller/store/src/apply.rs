//! Carrying out a [`Change`] inside the ledger's transaction.

mod accounts;
mod credentials;
mod deployments;
mod histories;
mod models;
mod nodes;
mod second_factors;
mod tenants;
mod trust_policies;

use serde::Serialize;

use crate::limits::{MAX_JSON_BYTES, MAX_NAME_BYTES};
use crate::sql::{Arg, Connection};
use crate::{Change, Entity, Refusal, StoreError};

/// A refusal concerns one change; any other error ends the whole transaction.
pub(crate) enum ApplyError {
    Refused(Refusal),
    Store(StoreError),
}

impl From<Refusal> for ApplyError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for ApplyError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<sqlx::Error> for ApplyError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

pub(crate) async fn apply(db: &mut Connection<'_>, change: &Change) -> Result<(), ApplyError> {
    match change {
        Change::AddSigner(signer) => models::add_signer(db, signer).await,
        Change::RevokeSigner { key_id, at } => models::revoke_signer(db, key_id, *at).await,
        Change::PutTrustPolicy(policy) => trust_policies::put(db, policy).await,
        Change::RemoveTrustPolicy { name, revision } => trust_policies::remove(db, name, *revision).await,
        Change::AddModel(model) => models::add_model(db, model).await,
        Change::ApproveModel { digest, by, at } => models::approve(db, digest, by, *at).await,
        Change::RetireModel { digest, retirement } => models::retire(db, digest, retirement).await,
        Change::RemoveModel { digest } => models::remove_model(db, digest).await,
        Change::PutDeployment(deployment) => deployments::put(db, deployment).await,
        Change::KeepRevision(revision) => histories::keep_revision(db, revision).await,
        Change::RemoveDeployment { id } => deployments::remove(db, id).await,
        Change::PutReplica(replica) => deployments::put_replica(db, replica).await,
        Change::RemoveReplica { id } => deployments::remove_replica(db, id).await,
        Change::AddJoinToken(token) => credentials::add_join_token(db, token).await,
        Change::UseJoinToken { secret_hash, node_id, at } => {
            credentials::use_join_token(db, secret_hash, node_id, *at).await
        }
        Change::AddNode(node) => nodes::add(db, node).await,
        Change::SetNodeCertificate { node_id, serial, not_after } => {
            nodes::set_certificate(db, node_id, serial, *not_after).await
        }
        Change::SetNodeLocality { node_id, region, jurisdiction, labels } => {
            nodes::set_locality(db, node_id, region, jurisdiction, labels).await
        }
        Change::EnrolNodeAgain { node_id, serial, not_after, region, jurisdiction, labels, at } => {
            nodes::set_certificate(db, node_id, serial, *not_after).await?;
            nodes::set_locality(db, node_id, region, jurisdiction, labels).await?;
            nodes::set_enrolled_at(db, node_id, *at).await
        }
        Change::SetNodeScheduling { node_id, scheduling } => {
            nodes::set_scheduling(db, node_id, *scheduling).await
        }
        Change::RevokeNode { node_id, at } => nodes::revoke(db, node_id, *at).await,
        Change::SetNodeGeneration { node_id, generation } => {
            nodes::set_generation(db, node_id, *generation).await
        }
        Change::AddTenant(tenant) => tenants::add(db, tenant).await,
        Change::RemoveTenant { name } => tenants::remove(db, name).await,
        Change::AddKey(key) => credentials::add_key(db, key).await,
        Change::RevokeKey { id, at } => credentials::revoke_key(db, id, *at).await,
        Change::AddAccount(account) => accounts::add(db, account).await,
        Change::SetAccountRoles { id, roles } => accounts::set_roles(db, id, roles).await,
        Change::SetAccountTenant { id, tenant } => accounts::set_tenant(db, id, tenant.as_deref()).await,
        Change::SetAccountPassword { id, password_hash } => {
            accounts::set_password(db, id, password_hash).await
        }
        Change::DisableAccount { id, at } => accounts::disable(db, id, *at).await,
        Change::NoteFailedLogin { account_id, locked_until } => {
            accounts::note_failed_login(db, account_id, *locked_until).await
        }
        Change::AddLoginLink(link) => accounts::add_link(db, link).await,
        Change::UseLoginLink { secret_hash, at } => accounts::use_link(db, secret_hash, *at).await,
        Change::StartSession(session) => accounts::start_session(db, session).await,
        Change::AddVouching(vouching) => accounts::add_vouching(db, vouching).await,
        Change::EndSession { id, at } => accounts::end_session(db, id, *at).await,
        Change::EndSessionsOf { account_id, except, at } => {
            accounts::end_sessions_of(db, account_id, except.as_deref(), *at).await
        }
        Change::SetSecondFactor { offered, step, recovery_codes, at } => {
            second_factors::set(db, offered, *step, recovery_codes, *at).await
        }
        Change::UseSecondFactorStep { account_id, step } => {
            second_factors::use_step(db, account_id, *step).await
        }
        Change::UseRecoveryCode { account_id, code_hash, at } => {
            second_factors::use_recovery_code(db, account_id, code_hash, *at).await
        }
        Change::RemoveSecondFactor { account_id } => second_factors::remove(db, account_id).await,
        Change::AddSetting { name, value } => credentials::add_setting(db, name, value).await,
    }
}

/// A name or id as it came in, refused when it is longer than any honest one.
fn name(entity: Entity, text: &str) -> Result<Arg, Refusal> {
    if text.len() > MAX_NAME_BYTES {
        let why = format!("a name or id has {} bytes, at most {MAX_NAME_BYTES} fit", text.len());
        let id = text.chars().take(32).collect();
        return Err(Refusal::Invalid { entity, id, why });
    }
    Ok(text.into())
}

/// A number as the databases keep it.
fn number(entity: Entity, id: &str, value: u64) -> Result<Arg, Refusal> {
    let value =
        i64::try_from(value).map_err(|_| invalid(entity, id, &format!("{value} is too large a number")))?;
    Ok(value.into())
}

fn json<T: Serialize>(entity: Entity, id: &str, value: &T) -> Result<Arg, Refusal> {
    let text = serde_json::to_string(value).map_err(|e| invalid(entity, id, &e.to_string()))?;
    if text.len() > MAX_JSON_BYTES {
        let why = format!("its details take {} bytes, at most {MAX_JSON_BYTES} fit", text.len());
        return Err(invalid(entity, id, &why));
    }
    Ok(text.into())
}

fn invalid(entity: Entity, id: &str, why: &str) -> Refusal {
    Refusal::Invalid { entity, id: id.to_owned(), why: why.to_owned() }
}

fn exists(entity: Entity, id: &str) -> Refusal {
    Refusal::AlreadyExists { entity, id: id.to_owned() }
}

fn missing(entity: Entity, id: &str) -> Refusal {
    Refusal::NotFound { entity, id: id.to_owned() }
}

/// Fails with `refusal` unless the statement touched a row.
fn touched(rows: u64, refusal: impl FnOnce() -> Refusal) -> Result<(), ApplyError> {
    if rows == 0 { Err(refusal().into()) } else { Ok(()) }
}

//! Trust policies.

use super::{ApplyError, json, missing, name, number, touched};
use crate::sql::Connection;
use crate::{Entity, Refusal, TrustPolicy, TrustRuleSigner};

pub(super) async fn put(db: &mut Connection<'_>, policy: &TrustPolicy) -> Result<(), ApplyError> {
    let current = revision(db, &policy.name).await?;
    if current.checked_add(1) != Some(policy.revision) {
        return Err(Refusal::Stale {
            entity: Entity::TrustPolicy,
            id: policy.name.clone(),
            current,
            proposed: policy.revision,
        }
        .into());
    }
    for signer in policy.rules.iter().flat_map(|rule| &rule.signers) {
        know_signer(db, policy, signer).await?;
    }
    let sql = "INSERT INTO trust_policy (name, rules, revision, updated_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (name) DO UPDATE SET rules = excluded.rules, revision = excluded.revision, \
               updated_at = excluded.updated_at";
    let entity = Entity::TrustPolicy;
    let args = vec![
        name(entity, &policy.name)?,
        json(entity, &policy.name, &policy.rules)?,
        number(entity, &policy.name, policy.revision)?,
        policy.updated_at.into(),
    ];
    db.execute(sql, args).await?;
    Ok(())
}

/// Models refer to the row of their signer, so there must be one. It grants nothing.
async fn know_signer(
    db: &mut Connection<'_>,
    policy: &TrustPolicy,
    signer: &TrustRuleSigner,
) -> Result<(), ApplyError> {
    let sql = "INSERT INTO signer (key_id, name, public_key_pem, trusted_at, revoked_at, scope) \
               VALUES ($1, $2, $3, $4, $4, 'policies') ON CONFLICT DO NOTHING";
    let args = vec![
        name(Entity::Signer, &signer.key_id)?,
        name(Entity::Signer, &signer.name)?,
        (&signer.public_key_pem).into(),
        policy.updated_at.into(),
    ];
    db.execute(sql, args).await?;
    Ok(())
}

pub(super) async fn remove(
    db: &mut Connection<'_>,
    policy: &str,
    expected: Option<u64>,
) -> Result<(), ApplyError> {
    let current = revision(db, policy).await?;
    if let Some(expected) = expected.filter(|expected| *expected != current) {
        return Err(Refusal::Stale {
            entity: Entity::TrustPolicy,
            id: policy.to_owned(),
            current,
            proposed: expected,
        }
        .into());
    }
    let rows = db.execute("DELETE FROM trust_policy WHERE name = $1", vec![policy.into()]).await?;
    touched(rows, || missing(Entity::TrustPolicy, policy))
}

/// 0 if there is none.
async fn revision(db: &mut Connection<'_>, policy: &str) -> Result<u64, ApplyError> {
    let sql = "SELECT revision FROM trust_policy WHERE name = $1";
    match db.fetch_optional(sql, vec![policy.into()]).await? {
        Some(row) => Ok(row.u64("revision")?),
        None => Ok(0),
    }
}

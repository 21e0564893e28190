//! Signers and models.

use jiff::Timestamp;

use super::{ApplyError, exists, invalid, json, missing, name, number, touched};
use crate::limits::{MAX_BUNDLE_BYTES, MAX_REASON_BYTES};
use crate::reads::approval_of;
use crate::sql::Connection;
use crate::{Approval, Deployment, Entity, Model, Refusal, Retirement, Signer};

pub(super) async fn add_signer(db: &mut Connection<'_>, signer: &Signer) -> Result<(), ApplyError> {
    let sql = "INSERT INTO signer (key_id, name, public_key_pem, trusted_at, revoked_at) \
               VALUES ($1, $2, $3, $4, NULL) ON CONFLICT (key_id) DO UPDATE SET \
               name = excluded.name, trusted_at = excluded.trusted_at, revoked_at = NULL, \
               scope = 'every_name' \
               WHERE signer.revoked_at IS NOT NULL";
    let args = vec![
        name(Entity::Signer, &signer.key_id)?,
        name(Entity::Signer, &signer.name)?,
        (&signer.public_key_pem).into(),
        signer.trusted_at.into(),
    ];
    touched(db.execute(sql, args).await?, || exists(Entity::Signer, &signer.key_id))
}

pub(super) async fn revoke_signer(
    db: &mut Connection<'_>,
    key_id: &str,
    at: Timestamp,
) -> Result<(), ApplyError> {
    let sql = "UPDATE signer SET revoked_at = $2, scope = 'every_name' \
               WHERE key_id = $1 AND (revoked_at IS NULL OR scope = 'policies')";
    let rows = db.execute(sql, vec![key_id.into(), at.into()]).await?;
    touched(rows, || missing(Entity::Signer, key_id))
}

pub(super) async fn add_model(db: &mut Connection<'_>, model: &Model) -> Result<(), ApplyError> {
    let id = &model.digest;
    if model.bundle.len() > MAX_BUNDLE_BYTES {
        let why = format!("its signature bundle has {} bytes", model.bundle.len());
        return Err(invalid(Entity::Model, id, &why).into());
    }
    require_trusted(db, &model.signer_key_id).await?;
    let sql = "INSERT INTO model (digest, name, bundle, signer_key_id, files, facts, size_bytes, \
               imported_at, approval, approved_by, approved_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING";
    let args = vec![
        name(Entity::Model, id)?,
        name(Entity::Model, &model.name)?,
        model.bundle.clone().into(),
        (&model.signer_key_id).into(),
        json(Entity::Model, id, &model.files)?,
        json(Entity::Model, id, &model.facts)?,
        number(Entity::Model, id, model.size_bytes)?,
        model.imported_at.into(),
        model.approval.as_str().into(),
        model.approved_by.clone().into(),
        model.approved_at.into(),
    ];
    touched(db.execute(sql, args).await?, || exists(Entity::Model, &model.name))
}

/// Also brings a retired one back.
pub(super) async fn approve(
    db: &mut Connection<'_>,
    digest: &str,
    by: &str,
    at: Timestamp,
) -> Result<(), ApplyError> {
    let state = state(db, digest).await?;
    if state == Approval::Approved {
        return Err(Refusal::ModelState { digest: digest.to_owned(), state }.into());
    }
    let sql = "UPDATE model SET approval = 'approved', approved_by = $2, approved_at = $3, \
               retired_by = NULL, retired_at = NULL, retired_because = NULL WHERE digest = $1";
    let rows = db.execute(sql, vec![digest.into(), name(Entity::Model, by)?, at.into()]).await?;
    touched(rows, || missing(Entity::Model, digest))
}

pub(super) async fn retire(
    db: &mut Connection<'_>,
    digest: &str,
    retirement: &Retirement,
) -> Result<(), ApplyError> {
    let state = state(db, digest).await?;
    if state == Approval::Retired {
        return Err(Refusal::ModelState { digest: digest.to_owned(), state }.into());
    }
    let sql = "UPDATE model SET approval = 'retired', retired_by = $2, retired_at = $3, \
               retired_because = $4 WHERE digest = $1";
    let because_bytes = retirement.because.as_ref().map_or(0, String::len);
    if because_bytes > MAX_REASON_BYTES {
        let why = format!("the reason has {because_bytes} bytes, at most {MAX_REASON_BYTES} fit");
        return Err(invalid(Entity::Model, digest, &why).into());
    }
    let args = vec![
        digest.into(),
        name(Entity::Model, &retirement.by)?,
        retirement.at.into(),
        retirement.because.clone().into(),
    ];
    touched(db.execute(sql, args).await?, || missing(Entity::Model, digest))
}

/// As [`Approval::allows`], by what the model is at this moment.
pub(super) async fn require_approved(
    db: &mut Connection<'_>,
    before: Option<&Deployment>,
    after: &Deployment,
) -> Result<(), ApplyError> {
    let state = state(db, &after.model_digest).await?;
    match state.allows(before, after) {
        true => Ok(()),
        false => Err(Refusal::ModelState { digest: after.model_digest.clone(), state }.into()),
    }
}

async fn state(db: &mut Connection<'_>, digest: &str) -> Result<Approval, ApplyError> {
    let sql = "SELECT approval FROM model WHERE digest = $1";
    let row = db.fetch_optional(sql, vec![digest.into()]).await?;
    let row = row.ok_or_else(|| missing(Entity::Model, digest))?;
    Ok(approval_of(&row)?)
}

/// A signer may be revoked between the check of a signature and the commit of its model. A policy may
/// be narrowed in that moment, too: then the model is listed, and never placed.
async fn require_trusted(db: &mut Connection<'_>, key_id: &str) -> Result<(), ApplyError> {
    let sql = "SELECT revoked_at, scope FROM signer WHERE key_id = $1";
    let row = db.fetch_optional(sql, vec![key_id.into()]).await?;
    let signer = row.ok_or_else(|| missing(Entity::Signer, key_id))?;
    match signer.optional_time("revoked_at")? {
        None => Ok(()),
        Some(_) if signer.text("scope")? == "policies" => Ok(()),
        Some(_) => Err(Refusal::Revoked { entity: Entity::Signer, id: key_id.to_owned() }.into()),
    }
}

pub(super) async fn remove_model(db: &mut Connection<'_>, digest: &str) -> Result<(), ApplyError> {
    let sql = "SELECT name FROM deployment WHERE model_digest = $1 ORDER BY name";
    let users = db.fetch_all(sql, vec![digest.into()]).await?;
    if !users.is_empty() {
        let names = users.iter().map(|row| row.text("name")).collect::<Result<Vec<_>, _>>()?;
        let by = format!("deployment {}", names.join(", "));
        return Err(Refusal::InUse { entity: Entity::Model, id: digest.to_owned(), by }.into());
    }
    let rows = db.execute("DELETE FROM model WHERE digest = $1", vec![digest.into()]).await?;
    touched(rows, || missing(Entity::Model, digest))
}

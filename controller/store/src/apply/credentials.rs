//! Join tokens, API keys and settings.

use jiff::Timestamp;

use super::{ApplyError, exists, json, missing, name, tenants, touched};
use crate::sql::Connection;
use crate::{Entity, JoinToken, Key, KeyRole, Refusal};

pub(super) async fn add_join_token(db: &mut Connection<'_>, token: &JoinToken) -> Result<(), ApplyError> {
    let sql = "INSERT INTO join_token (secret_hash, created_at, expires_at, used_by) \
               VALUES ($1, $2, $3, NULL) ON CONFLICT DO NOTHING";
    let args = vec![(&token.secret_hash).into(), token.created_at.into(), token.expires_at.into()];
    let rows = db.execute(sql, args).await?;
    touched(rows, || exists(Entity::JoinToken, &token_id(&token.secret_hash)))
}

pub(super) async fn use_join_token(
    db: &mut Connection<'_>,
    secret_hash: &[u8; 32],
    node_id: &str,
    at: Timestamp,
) -> Result<(), ApplyError> {
    let sql = "UPDATE join_token SET used_by = $2 \
               WHERE secret_hash = $1 AND used_by IS NULL AND expires_at > $3";
    let args = vec![secret_hash.into(), name(Entity::Node, node_id)?, at.into()];
    if db.execute(sql, args).await? == 1 {
        return Ok(());
    }
    let id = token_id(secret_hash);
    let sql = "SELECT used_by FROM join_token WHERE secret_hash = $1";
    let row = db.fetch_optional(sql, vec![secret_hash.into()]).await?;
    let token = row.ok_or_else(|| missing(Entity::JoinToken, &id))?;
    Err(match token.optional_text("used_by")? {
        Some(_) => Refusal::AlreadyUsed { entity: Entity::JoinToken, id }.into(),
        None => Refusal::Expired { entity: Entity::JoinToken, id }.into(),
    })
}

/// Enough of the hash to tell tokens apart; the secret itself is never known here.
fn token_id(secret_hash: &[u8; 32]) -> String {
    hex::encode(&secret_hash[..4])
}

pub(super) async fn add_key(db: &mut Connection<'_>, key: &Key) -> Result<(), ApplyError> {
    tenants::must_exist(db, key.tenant.as_deref()).await?;
    let sql = "INSERT INTO api_key (id, name, secret_hash, role, models, created_at, expires_at, \
               revoked_at, tenant) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
    let args = vec![
        name(Entity::Key, &key.id)?,
        name(Entity::Key, &key.name)?,
        (&key.secret_hash).into(),
        key.role.as_str().into(),
        json(Entity::Key, &key.id, &key.models)?,
        key.created_at.into(),
        key.expires_at.into(),
        key.revoked_at.into(),
        key.tenant.clone().into(),
    ];
    touched(db.execute(sql, args).await?, || exists(Entity::Key, &key.id))
}

pub(super) async fn revoke_key(db: &mut Connection<'_>, id: &str, at: Timestamp) -> Result<(), ApplyError> {
    let sql = "UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL AND (role <> $3 \
               OR tenant IS NOT NULL OR expires_at <= $2 OR EXISTS (SELECT 1 FROM api_key AS other WHERE other.id <> $1 \
               AND other.role = $3 AND other.tenant IS NULL AND other.revoked_at IS NULL \
               AND (other.expires_at IS NULL OR other.expires_at > $2)))";
    if db.execute(sql, vec![id.into(), at.into(), KeyRole::Admin.as_str().into()]).await? == 1 {
        return Ok(());
    }
    let sql = "SELECT id FROM api_key WHERE id = $1 AND revoked_at IS NULL";
    Err(match db.fetch_optional(sql, vec![id.into()]).await? {
        Some(_) => Refusal::LastAdminKey { id: id.to_owned() }.into(),
        None => missing(Entity::Key, id).into(),
    })
}

pub(super) async fn add_setting(
    db: &mut Connection<'_>,
    setting: &str,
    value: &str,
) -> Result<(), ApplyError> {
    let sql = "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    let args = vec![name(Entity::Setting, setting)?, value.into()];
    touched(db.execute(sql, args).await?, || exists(Entity::Setting, setting))
}

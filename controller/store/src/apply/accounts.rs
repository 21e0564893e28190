//! Accounts, login links and sessions.

use jiff::Timestamp;

use super::{ApplyError, exists, json, missing, name, second_factors, tenants, touched};
use crate::sql::Connection;
use crate::{Account, Entity, LoginLink, Refusal, Session, Vouching};

pub(super) async fn add(db: &mut Connection<'_>, account: &Account) -> Result<(), ApplyError> {
    tenants::must_exist(db, account.tenant.as_deref()).await?;
    let sql = "INSERT INTO account (id, name, roles, password_hash, failed_logins, locked_until, created_at, \
               disabled_at, issuer, subject, tenant) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
               ON CONFLICT DO NOTHING";
    let (issuer, subject) = account.identity.clone().map(|known| (known.issuer, known.subject)).unzip();
    let args = vec![
        name(Entity::Account, &account.id)?,
        name(Entity::Account, &account.name)?,
        json(Entity::Account, &account.name, &account.roles)?,
        account.password_hash.clone().into(),
        account.failed_logins.into(),
        account.locked_until.into(),
        account.created_at.into(),
        account.disabled_at.into(),
        issuer.into(),
        subject.into(),
        account.tenant.clone().into(),
    ];
    touched(db.execute(sql, args).await?, || exists(Entity::Account, &account.name))
}

pub(super) async fn set_roles(db: &mut Connection<'_>, id: &str, roles: &[String]) -> Result<(), ApplyError> {
    let sql = "UPDATE account SET roles = $2 WHERE id = $1 AND disabled_at IS NULL";
    let rows = db.execute(sql, vec![id.into(), json(Entity::Account, id, &roles)?]).await?;
    touched(rows, || missing(Entity::Account, id))
}

pub(super) async fn set_tenant(
    db: &mut Connection<'_>,
    id: &str,
    tenant: Option<&str>,
) -> Result<(), ApplyError> {
    tenants::must_exist(db, tenant).await?;
    let sql = "UPDATE account SET tenant = $2 WHERE id = $1 AND disabled_at IS NULL";
    let rows = db.execute(sql, vec![id.into(), tenant.map(str::to_owned).into()]).await?;
    touched(rows, || missing(Entity::Account, id))
}

/// A new password also ends a lock-out.
pub(super) async fn set_password(db: &mut Connection<'_>, id: &str, hash: &str) -> Result<(), ApplyError> {
    let sql = "UPDATE account SET password_hash = $2, failed_logins = 0, locked_until = NULL \
               WHERE id = $1 AND disabled_at IS NULL";
    let rows = db.execute(sql, vec![id.into(), name(Entity::Account, hash)?]).await?;
    touched(rows, || missing(Entity::Account, id))
}

pub(super) async fn disable(db: &mut Connection<'_>, id: &str, at: Timestamp) -> Result<(), ApplyError> {
    let sql =
        "UPDATE account SET disabled_at = $2, password_hash = NULL WHERE id = $1 AND disabled_at IS NULL";
    let rows = db.execute(sql, vec![id.into(), at.into()]).await?;
    touched(rows, || missing(Entity::Account, id))?;
    let sql = "UPDATE login_link SET used_at = $2 WHERE account_id = $1 AND used_at IS NULL";
    db.execute(sql, vec![id.into(), at.into()]).await?;
    second_factors::forget(db, id).await?;
    end_sessions_of(db, id, None, at).await
}

pub(super) async fn note_failed_login(
    db: &mut Connection<'_>,
    id: &str,
    locked_until: Option<Timestamp>,
) -> Result<(), ApplyError> {
    let sql = "UPDATE account SET failed_logins = failed_logins + 1, locked_until = $2 WHERE id = $1";
    let rows = db.execute(sql, vec![id.into(), locked_until.into()]).await?;
    touched(rows, || missing(Entity::Account, id))
}

pub(super) async fn add_link(db: &mut Connection<'_>, link: &LoginLink) -> Result<(), ApplyError> {
    // An earlier link that nobody used is void: there is one way in at a time.
    let sql = "UPDATE login_link SET used_at = $2 WHERE account_id = $1 AND used_at IS NULL";
    db.execute(sql, vec![(&link.account_id).into(), link.created_at.into()]).await?;
    let sql = "INSERT INTO login_link (secret_hash, account_id, created_at, expires_at, used_at) \
               VALUES ($1, $2, $3, $4, NULL) ON CONFLICT DO NOTHING";
    let args = vec![
        (&link.secret_hash).into(),
        (&link.account_id).into(),
        link.created_at.into(),
        link.expires_at.into(),
    ];
    touched(db.execute(sql, args).await?, || exists(Entity::LoginLink, "of this secret"))
}

pub(super) async fn use_link(
    db: &mut Connection<'_>,
    secret_hash: &[u8; 32],
    at: Timestamp,
) -> Result<(), ApplyError> {
    let sql =
        "UPDATE login_link SET used_at = $2 WHERE secret_hash = $1 AND used_at IS NULL AND expires_at > $2";
    if db.execute(sql, vec![secret_hash.into(), at.into()]).await? == 1 {
        return Ok(());
    }
    let id = "presented".to_owned();
    let sql = "SELECT used_at FROM login_link WHERE secret_hash = $1";
    let row = db.fetch_optional(sql, vec![secret_hash.into()]).await?;
    let link = row.ok_or_else(|| missing(Entity::LoginLink, &id))?;
    Err(match link.optional_time("used_at")? {
        Some(_) => Refusal::AlreadyUsed { entity: Entity::LoginLink, id }.into(),
        None => Refusal::Expired { entity: Entity::LoginLink, id }.into(),
    })
}

/// Whoever gets in has the failures before forgiven.
pub(super) async fn start_session(db: &mut Connection<'_>, session: &Session) -> Result<(), ApplyError> {
    let sql =
        "UPDATE account SET failed_logins = 0, locked_until = NULL WHERE id = $1 AND disabled_at IS NULL";
    let rows = db.execute(sql, vec![(&session.account_id).into()]).await?;
    touched(rows, || missing(Entity::Account, &session.account_id))?;
    let sql = "INSERT INTO session (id, secret_hash, account_id, address, client, created_at, last_seen_at, \
               expires_at, method, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL) ON CONFLICT DO NOTHING";
    let args = vec![
        name(Entity::Session, &session.id)?,
        (&session.secret_hash).into(),
        (&session.account_id).into(),
        name(Entity::Session, &session.address)?,
        name(Entity::Session, &session.client)?,
        session.created_at.into(),
        session.last_seen_at.into(),
        session.expires_at.into(),
        name(Entity::Session, &session.method)?,
    ];
    touched(db.execute(sql, args).await?, || exists(Entity::Session, &session.id))
}

pub(super) async fn add_vouching(db: &mut Connection<'_>, vouching: &Vouching) -> Result<(), ApplyError> {
    let sql = "INSERT INTO vouching (session_id, sealed_tokens, vouched_at, recheck_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT DO NOTHING";
    let args = vec![
        (&vouching.session_id).into(),
        vouching.sealed_tokens.clone().into(),
        vouching.vouched_at.into(),
        vouching.recheck_at.into(),
    ];
    touched(db.execute(sql, args).await?, || exists(Entity::Session, &vouching.session_id))
}

pub(super) async fn end_session(db: &mut Connection<'_>, id: &str, at: Timestamp) -> Result<(), ApplyError> {
    let sql = "UPDATE session SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";
    let rows = db.execute(sql, vec![id.into(), at.into()]).await?;
    touched(rows, || missing(Entity::Session, id))
}

/// All of an account, but for the one named.
pub(super) async fn end_sessions_of(
    db: &mut Connection<'_>,
    account_id: &str,
    except: Option<&str>,
    at: Timestamp,
) -> Result<(), ApplyError> {
    let sql = "UPDATE session SET ended_at = $2 WHERE account_id = $1 AND ended_at IS NULL AND id <> $3";
    db.execute(sql, vec![account_id.into(), at.into(), except.unwrap_or_default().into()]).await?;
    Ok(())
}

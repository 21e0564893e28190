//! Second factors of local accounts, and their recovery codes.

use jiff::Timestamp;

use super::{ApplyError, exists, missing, number, touched};
use crate::sql::Connection;
use crate::{Entity, Refusal, SecondFactor};

/// From now on it is asked for. Refused unless it is the one that was offered last, and none is set.
pub(super) async fn set(
    db: &mut Connection<'_>,
    offered: &SecondFactor,
    step: u64,
    recovery_codes: &[[u8; 32]],
    at: Timestamp,
) -> Result<(), ApplyError> {
    let id = &offered.account_id;
    let sql = "UPDATE second_factor SET set_at = $2, last_step = $3 \
               WHERE account_id = $1 AND set_at IS NULL AND sealed_secret = $4 \
               AND account_id IN (SELECT id FROM account WHERE disabled_at IS NULL)";
    let step = number(Entity::SecondFactor, id, step)?;
    let args = vec![id.into(), at.into(), step, offered.sealed_secret.clone().into()];
    touched(db.execute(sql, args).await?, || missing(Entity::SecondFactor, id))?;
    for code_hash in recovery_codes {
        let sql = "INSERT INTO recovery_code (account_id, code_hash, used_at) VALUES ($1, $2, NULL) \
                   ON CONFLICT DO NOTHING";
        let rows = db.execute(sql, vec![id.into(), code_hash.into()]).await?;
        touched(rows, || exists(Entity::RecoveryCode, id))?;
    }
    Ok(())
}

/// Of two that come with the code of one step, one gets in.
pub(super) async fn use_step(db: &mut Connection<'_>, id: &str, step: u64) -> Result<(), ApplyError> {
    let sql = "UPDATE second_factor SET last_step = $2 \
               WHERE account_id = $1 AND set_at IS NOT NULL AND last_step < $2";
    let rows = db.execute(sql, vec![id.into(), number(Entity::SecondFactor, id, step)?]).await?;
    touched(rows, || Refusal::AlreadyUsed { entity: Entity::SecondFactor, id: id.to_owned() })
}

pub(super) async fn use_recovery_code(
    db: &mut Connection<'_>,
    id: &str,
    code_hash: &[u8; 32],
    at: Timestamp,
) -> Result<(), ApplyError> {
    let sql =
        "UPDATE recovery_code SET used_at = $3 WHERE account_id = $1 AND code_hash = $2 AND used_at IS NULL";
    let rows = db.execute(sql, vec![id.into(), code_hash.into(), at.into()]).await?;
    touched(rows, || Refusal::AlreadyUsed { entity: Entity::RecoveryCode, id: id.to_owned() })
}

/// One that is set, with what is left of its recovery codes.
pub(super) async fn remove(db: &mut Connection<'_>, id: &str) -> Result<(), ApplyError> {
    let sql = "DELETE FROM second_factor WHERE account_id = $1 AND set_at IS NOT NULL";
    touched(db.execute(sql, vec![id.into()]).await?, || missing(Entity::SecondFactor, id))?;
    forget(db, id).await
}

/// All that there is of it, set or only offered.
pub(super) async fn forget(db: &mut Connection<'_>, id: &str) -> Result<(), ApplyError> {
    db.execute("DELETE FROM second_factor WHERE account_id = $1", vec![id.into()]).await?;
    db.execute("DELETE FROM recovery_code WHERE account_id = $1", vec![id.into()]).await?;
    Ok(())
}

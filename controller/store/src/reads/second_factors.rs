//! Second factors of local accounts.

use crate::{SecondFactor, Store, StoreError, sql::Row};

impl Store {
    /// Set or only offered; [`SecondFactor::set_at`] says which.
    pub async fn second_factor(&self, account_id: &str) -> Result<Option<SecondFactor>, StoreError> {
        let sql = "SELECT * FROM second_factor WHERE account_id = $1";
        let row = self.first(sql, vec![account_id.into()]).await?;
        row.as_ref().map(second_factor).transpose()
    }

    /// Hashes of the recovery codes that were not used.
    pub async fn recovery_codes_left(&self, account_id: &str) -> Result<Vec<[u8; 32]>, StoreError> {
        let sql = "SELECT code_hash FROM recovery_code WHERE account_id = $1 AND used_at IS NULL LIMIT $2";
        self.list(sql, vec![account_id.into()], |row| row.hash("code_hash")).await
    }

    /// Keeps what a first code must still confirm, in place of what was offered before. False if a second factor is
    /// set: that one stays. Nothing depends on what is only offered, so nobody would look for it on record.
    pub async fn offer_second_factor(&self, offered: &SecondFactor) -> Result<bool, StoreError> {
        let sql = "INSERT INTO second_factor (account_id, sealed_secret, offered_at, set_at, last_step) \
                   VALUES ($1, $2, $3, NULL, NULL) ON CONFLICT (account_id) DO UPDATE \
                   SET sealed_secret = $2, offered_at = $3 WHERE second_factor.set_at IS NULL";
        let args = vec![
            (&offered.account_id).into(),
            offered.sealed_secret.clone().into(),
            offered.offered_at.into(),
        ];
        let mut connection = self.registering().await?;
        Ok(connection.connection().execute(sql, args).await? == 1)
    }
}

fn second_factor(row: &Row) -> Result<SecondFactor, StoreError> {
    Ok(SecondFactor {
        account_id: row.text("account_id")?,
        sealed_secret: row.bytes("sealed_secret")?,
        offered_at: row.time("offered_at")?,
        set_at: row.optional_time("set_at")?,
        last_step: row.optional_u64("last_step")?,
    })
}

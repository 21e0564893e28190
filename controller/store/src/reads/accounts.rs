//! Accounts and sessions.

use jiff::Timestamp;

use crate::{Account, Identity, LoginLink, Session, Store, StoreError, Vouching, sql::Row};

/// Accounts, and since when each has a second factor.
macro_rules! select_accounts {
    ($rest:literal) => {
        concat!(
            "SELECT account.*, (SELECT set_at FROM second_factor WHERE account_id = account.id) AS second_factor_at ",
            "FROM account ",
            $rest
        )
    };
}

impl Store {
    /// By name, disabled ones too.
    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.list(select_accounts!("ORDER BY name LIMIT $1"), Vec::new(), account).await
    }

    pub async fn account(&self, id: &str) -> Result<Option<Account>, StoreError> {
        let row = self.first(select_accounts!("WHERE id = $1"), vec![id.into()]).await?;
        row.as_ref().map(account).transpose()
    }

    pub async fn account_by_name(&self, name: &str) -> Result<Option<Account>, StoreError> {
        let row = self.first(select_accounts!("WHERE name = $1"), vec![name.into()]).await?;
        row.as_ref().map(account).transpose()
    }

    pub async fn account_of(&self, identity: &Identity) -> Result<Option<Account>, StoreError> {
        let sql = select_accounts!("WHERE issuer = $1 AND subject = $2");
        let row = self.first(sql, vec![(&identity.issuer).into(), (&identity.subject).into()]).await?;
        row.as_ref().map(account).transpose()
    }

    pub async fn login_link(&self, secret_hash: &[u8; 32]) -> Result<Option<LoginLink>, StoreError> {
        let sql = "SELECT * FROM login_link WHERE secret_hash = $1";
        let row = self.first(sql, vec![secret_hash.into()]).await?;
        row.as_ref().map(login_link).transpose()
    }

    /// Those that have not ended and whose time is not over at `now`, the newest first. An idle one is among them:
    /// how long is too long is the caller's to say.
    pub async fn open_sessions(&self, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let sql = "SELECT * FROM session WHERE ended_at IS NULL AND expires_at > $1 \
                   ORDER BY created_at DESC, id LIMIT $2";
        self.list(sql, vec![now.into()], session).await
    }

    pub async fn session_by_hash(&self, secret_hash: &[u8; 32]) -> Result<Option<Session>, StoreError> {
        let row =
            self.first("SELECT * FROM session WHERE secret_hash = $1", vec![secret_hash.into()]).await?;
        row.as_ref().map(session).transpose()
    }

    pub async fn vouching(&self, session_id: &str) -> Result<Option<Vouching>, StoreError> {
        let row = self.first("SELECT * FROM vouching WHERE session_id = $1", vec![session_id.into()]).await?;
        row.as_ref().map(vouching).transpose()
    }

    /// Of all who see that a provider is to be asked again, one gets to ask: true for that one. The others see the
    /// next time put off until `next`.
    pub async fn claim_recheck(&self, seen: &Vouching, next: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE vouching SET recheck_at = $3 WHERE session_id = $1 AND recheck_at = $2";
        let args = vec![(&seen.session_id).into(), seen.recheck_at.into(), next.into()];
        let mut connection = self.registering().await?;
        Ok(connection.connection().execute(sql, args).await? == 1)
    }

    /// The provider vouches for the person again.
    pub async fn renew_vouching(&self, vouching: &Vouching) -> Result<(), StoreError> {
        let sql =
            "UPDATE vouching SET sealed_tokens = $2, vouched_at = $3, recheck_at = $4 WHERE session_id = $1";
        let args = vec![
            (&vouching.session_id).into(),
            vouching.sealed_tokens.clone().into(),
            vouching.vouched_at.into(),
            vouching.recheck_at.into(),
        ];
        let mut connection = self.registering().await?;
        connection.connection().execute(sql, args).await?;
        Ok(())
    }

    /// Says that a session is in use. Not a change of state that anybody would look for on record.
    pub async fn touch_session(&self, id: &str, at: Timestamp) -> Result<(), StoreError> {
        let sql =
            "UPDATE session SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2 AND ended_at IS NULL";
        let mut connection = self.registering().await?;
        connection.connection().execute(sql, vec![id.into(), at.into()]).await?;
        Ok(())
    }
}

fn account(row: &Row) -> Result<Account, StoreError> {
    Ok(Account {
        id: row.text("id")?,
        name: row.text("name")?,
        roles: row.json("roles")?,
        tenant: row.optional_text("tenant")?,
        identity: identity(row)?,
        password_hash: row.optional_text("password_hash")?,
        failed_logins: row.u32("failed_logins")?,
        locked_until: row.optional_time("locked_until")?,
        second_factor_at: row.optional_time("second_factor_at")?,
        created_at: row.time("created_at")?,
        disabled_at: row.optional_time("disabled_at")?,
    })
}

fn identity(row: &Row) -> Result<Option<Identity>, StoreError> {
    let (issuer, subject) = (row.optional_text("issuer")?, row.optional_text("subject")?);
    Ok(issuer.zip(subject).map(|(issuer, subject)| Identity { issuer, subject }))
}

fn vouching(row: &Row) -> Result<Vouching, StoreError> {
    Ok(Vouching {
        session_id: row.text("session_id")?,
        sealed_tokens: row.bytes("sealed_tokens")?,
        vouched_at: row.time("vouched_at")?,
        recheck_at: row.time("recheck_at")?,
    })
}

fn login_link(row: &Row) -> Result<LoginLink, StoreError> {
    Ok(LoginLink {
        secret_hash: row.hash("secret_hash")?,
        account_id: row.text("account_id")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        used_at: row.optional_time("used_at")?,
    })
}

fn session(row: &Row) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.text("id")?,
        secret_hash: row.hash("secret_hash")?,
        account_id: row.text("account_id")?,
        method: row.text("method")?,
        address: row.text("address")?,
        client: row.text("client")?,
        created_at: row.time("created_at")?,
        last_seen_at: row.time("last_seen_at")?,
        expires_at: row.time("expires_at")?,
        ended_at: row.optional_time("ended_at")?,
    })
}

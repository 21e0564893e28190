//! Accounts and sessions.

use jiff::Timestamp;

use crate::{Account, LoginLink, Session, Store, StoreError, sql::Row};

impl Store {
    /// By name, disabled ones too.
    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.list("SELECT * FROM account ORDER BY name LIMIT $1", Vec::new(), account).await
    }

    pub async fn account(&self, id: &str) -> Result<Option<Account>, StoreError> {
        let row = self.first("SELECT * FROM account WHERE id = $1", vec![id.into()]).await?;
        row.as_ref().map(account).transpose()
    }

    pub async fn account_by_name(&self, name: &str) -> Result<Option<Account>, StoreError> {
        let row = self.first("SELECT * FROM account WHERE name = $1", vec![name.into()]).await?;
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
        password_hash: row.optional_text("password_hash")?,
        failed_logins: row.u32("failed_logins")?,
        locked_until: row.optional_time("locked_until")?,
        created_at: row.time("created_at")?,
        disabled_at: row.optional_time("disabled_at")?,
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
        address: row.text("address")?,
        client: row.text("client")?,
        created_at: row.time("created_at")?,
        last_seen_at: row.time("last_seen_at")?,
        expires_at: row.time("expires_at")?,
        ended_at: row.optional_time("ended_at")?,
    })
}

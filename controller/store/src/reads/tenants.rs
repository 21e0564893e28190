//! Tenants and usage.

use jiff::Timestamp;

use crate::{Store, StoreError, Tenant, Usage, UsageQuery, sql::Row};

impl Store {
    /// By name.
    pub async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        self.list("SELECT * FROM tenant ORDER BY name LIMIT $1", Vec::new(), tenant).await
    }

    pub async fn tenant(&self, name: &str) -> Result<Option<Tenant>, StoreError> {
        let row = self.first("SELECT * FROM tenant WHERE name = $1", vec![name.into()]).await?;
        row.as_ref().map(tenant).transpose()
    }

    /// By day, newest first, then by tenant, key or account, and deployment.
    pub async fn usage(&self, query: &UsageQuery) -> Result<Vec<Usage>, StoreError> {
        let sql = "SELECT * FROM inference_usage WHERE day >= $1 AND day <= $2 AND ($3 = '' OR tenant = $3) \
                   ORDER BY day DESC, tenant, actor_kind, actor_name, actor_id, deployment LIMIT $4";
        let tenant = query.tenant.clone().unwrap_or_default();
        self.list(sql, vec![(&query.from).into(), (&query.to).into(), tenant.into()], usage).await
    }

    /// When each API key was last used to ask a model, by its id.
    pub async fn keys_last_asked(&self) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let sql = "SELECT actor_id, max(last_at) AS last_at FROM inference_usage WHERE actor_kind = 'api_key' \
                   GROUP BY actor_id ORDER BY actor_id LIMIT $1";
        self.list(sql, Vec::new(), |row| Ok((row.text("actor_id")?, row.time("last_at")?))).await
    }

    /// Says that a key was used. Not a change of state that anybody would look for on record.
    pub async fn touch_key(&self, id: &str, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE api_key SET last_used_at = $2 WHERE id = $1 AND coalesce(last_used_at, 0) < $2";
        let mut connection = self.registering().await?;
        connection.connection().execute(sql, vec![id.into(), at.into()]).await?;
        Ok(())
    }
}

fn tenant(row: &Row) -> Result<Tenant, StoreError> {
    Ok(Tenant { name: row.text("name")?, title: row.text("title")?, created_at: row.time("created_at")? })
}

fn usage(row: &Row) -> Result<Usage, StoreError> {
    Ok(Usage {
        day: row.text("day")?,
        tenant: Some(row.text("tenant")?).filter(|tenant| !tenant.is_empty()),
        actor_kind: row.text("actor_kind")?,
        actor_id: row.text("actor_id")?,
        actor_name: row.text("actor_name")?,
        deployment: row.text("deployment")?,
        requests: row.u64("requests")?,
        interrupted: row.u64("interrupted")?,
        prompt_tokens: row.u64("prompt_tokens")?,
        output_tokens: row.u64("output_tokens")?,
        time_us: row.u64("time_us")?,
        last_at: row.time("last_at")?,
    })
}

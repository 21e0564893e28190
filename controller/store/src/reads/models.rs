//! Models and signers.

use crate::{Approval, Model, Retirement, Signer, Store, StoreError, TrustPolicy, sql::Row};

impl Store {
    /// By name.
    pub async fn models(&self) -> Result<Vec<Model>, StoreError> {
        self.list("SELECT * FROM model ORDER BY name LIMIT $1", Vec::new(), model).await
    }

    /// By digest, else by name.
    pub async fn model(&self, name_or_digest: &str) -> Result<Option<Model>, StoreError> {
        let sql = "SELECT * FROM model WHERE digest = $1 OR name = $1 ORDER BY (digest = $1) DESC";
        let row = self.first(sql, vec![name_or_digest.into()]).await?;
        row.as_ref().map(model).transpose()
    }

    /// Those that are or were trusted for every model name, in the order of trust. Keys that only trust
    /// policies name are not among them.
    pub async fn signers(&self) -> Result<Vec<Signer>, StoreError> {
        let sql = "SELECT * FROM signer WHERE scope = 'every_name' OR revoked_at IS NULL \
                   ORDER BY trusted_at, key_id LIMIT $1";
        self.list(sql, Vec::new(), signer).await
    }

    /// As [`Store::signers`], by key id.
    pub async fn signer(&self, key_id: &str) -> Result<Option<Signer>, StoreError> {
        let row = self.first(SIGNER, vec![key_id.into()]).await?;
        row.as_ref().map(signer).transpose()
    }

    /// Whether the key is known, if only because a trust policy names or named it.
    pub async fn knows_key(&self, key_id: &str) -> Result<bool, StoreError> {
        let sql = "SELECT key_id FROM signer WHERE key_id = $1";
        Ok(self.first(sql, vec![key_id.into()]).await?.is_some())
    }

    /// By name.
    pub async fn trust_policies(&self) -> Result<Vec<TrustPolicy>, StoreError> {
        self.list("SELECT * FROM trust_policy ORDER BY name LIMIT $1", Vec::new(), trust_policy).await
    }

    pub async fn trust_policy(&self, name: &str) -> Result<Option<TrustPolicy>, StoreError> {
        let row = self.first("SELECT * FROM trust_policy WHERE name = $1", vec![name.into()]).await?;
        row.as_ref().map(trust_policy).transpose()
    }
}

const SIGNER: &str =
    "SELECT * FROM signer WHERE key_id = $1 AND (scope = 'every_name' OR revoked_at IS NULL)";

fn trust_policy(row: &Row) -> Result<TrustPolicy, StoreError> {
    Ok(TrustPolicy {
        name: row.text("name")?,
        rules: row.json("rules")?,
        revision: row.u64("revision")?,
        updated_at: row.time("updated_at")?,
    })
}

fn model(row: &Row) -> Result<Model, StoreError> {
    Ok(Model {
        digest: row.text("digest")?,
        name: row.text("name")?,
        bundle: row.bytes("bundle")?,
        signer_key_id: row.text("signer_key_id")?,
        files: row.json("files")?,
        facts: row.json("facts")?,
        size_bytes: row.u64("size_bytes")?,
        imported_at: row.time("imported_at")?,
        approval: approval_of(row)?,
        approved_by: row.optional_text("approved_by")?,
        approved_at: row.optional_time("approved_at")?,
        retirement: retirement(row)?,
    })
}

/// The state of a row of `model`.
pub(crate) fn approval_of(row: &Row) -> Result<Approval, StoreError> {
    let text = row.text("approval")?;
    Approval::parse(&text).ok_or_else(|| StoreError::corrupt("approval", format!("it is {text:?}")))
}

fn retirement(row: &Row) -> Result<Option<Retirement>, StoreError> {
    let Some(at) = row.optional_time("retired_at")? else { return Ok(None) };
    let by = row.optional_text("retired_by")?.unwrap_or_default();
    Ok(Some(Retirement { by, at, because: row.optional_text("retired_because")? }))
}

fn signer(row: &Row) -> Result<Signer, StoreError> {
    Ok(Signer {
        key_id: row.text("key_id")?,
        name: row.text("name")?,
        public_key_pem: row.text("public_key_pem")?,
        trusted_at: row.time("trusted_at")?,
        revoked_at: row.optional_time("revoked_at")?,
    })
}

//! Models and signers.

use crate::{Model, Signer, Store, StoreError, sql::Row};

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

    /// In the order of trust, revoked ones too.
    pub async fn signers(&self) -> Result<Vec<Signer>, StoreError> {
        let sql = "SELECT * FROM signer ORDER BY trusted_at, key_id LIMIT $1";
        self.list(sql, Vec::new(), signer).await
    }

    pub async fn signer(&self, key_id: &str) -> Result<Option<Signer>, StoreError> {
        let row = self.first("SELECT * FROM signer WHERE key_id = $1", vec![key_id.into()]).await?;
        row.as_ref().map(signer).transpose()
    }
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
    })
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

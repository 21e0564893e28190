//! Deployments, replicas, nodes and credentials.

use crate::{
    Deployment, JoinToken, Key, KeyRole, Node, NodeState, Replica, Scheduling, Store, StoreError, sql::Row,
};

impl Store {
    /// By name.
    pub async fn deployments(&self) -> Result<Vec<Deployment>, StoreError> {
        self.list("SELECT * FROM deployment ORDER BY name LIMIT $1", Vec::new(), deployment).await
    }

    pub async fn deployment(&self, name: &str) -> Result<Option<Deployment>, StoreError> {
        let row = self.first("SELECT * FROM deployment WHERE name = $1", vec![name.into()]).await?;
        row.as_ref().map(deployment).transpose()
    }

    /// By deployment, then id.
    pub async fn replicas(&self) -> Result<Vec<Replica>, StoreError> {
        let sql = "SELECT * FROM replica ORDER BY deployment_id, id LIMIT $1";
        self.list(sql, Vec::new(), replica).await
    }

    pub async fn replica(&self, id: &str) -> Result<Option<Replica>, StoreError> {
        let row = self.first("SELECT * FROM replica WHERE id = $1", vec![id.into()]).await?;
        row.as_ref().map(replica).transpose()
    }

    /// By name, revoked ones too.
    pub async fn nodes(&self) -> Result<Vec<Node>, StoreError> {
        self.list("SELECT * FROM node ORDER BY name, id LIMIT $1", Vec::new(), node).await
    }

    /// By id, else the enrolled node of that name, else the last revoked one of that name.
    pub async fn node(&self, id_or_name: &str) -> Result<Option<Node>, StoreError> {
        let sql = "SELECT * FROM node WHERE id = $1 OR name = $1 \
                   ORDER BY (id = $1) DESC, (state = 'enrolled') DESC, enrolled_at DESC";
        let row = self.first(sql, vec![id_or_name.into()]).await?;
        row.as_ref().map(node).transpose()
    }

    pub async fn join_token(&self, secret_hash: &[u8; 32]) -> Result<Option<JoinToken>, StoreError> {
        let sql = "SELECT * FROM join_token WHERE secret_hash = $1";
        let row = self.first(sql, vec![secret_hash.into()]).await?;
        row.as_ref().map(join_token).transpose()
    }

    /// In the order of creation, revoked and expired ones too.
    pub async fn keys(&self) -> Result<Vec<Key>, StoreError> {
        self.list("SELECT * FROM api_key ORDER BY created_at, id LIMIT $1", Vec::new(), key).await
    }

    pub async fn key(&self, id: &str) -> Result<Option<Key>, StoreError> {
        let row = self.first("SELECT * FROM api_key WHERE id = $1", vec![id.into()]).await?;
        row.as_ref().map(key).transpose()
    }

    pub async fn key_by_hash(&self, secret_hash: &[u8; 32]) -> Result<Option<Key>, StoreError> {
        let sql = "SELECT * FROM api_key WHERE secret_hash = $1";
        let row = self.first(sql, vec![secret_hash.into()]).await?;
        row.as_ref().map(key).transpose()
    }
}

pub(crate) fn deployment(row: &Row) -> Result<Deployment, StoreError> {
    Ok(Deployment { id: row.text("id")?, ..deployment_but_id(row)? })
}

/// A deployment as it is or was, without its id, which has another name in the rows of what was.
pub(super) fn deployment_but_id(row: &Row) -> Result<Deployment, StoreError> {
    Ok(Deployment {
        id: String::new(),
        name: row.text("name")?,
        model_digest: row.text("model_digest")?,
        replicas: row.u32("replicas")?,
        context_length: row.u32("context_length")?,
        max_sequences: row.u32("max_sequences")?,
        kv_tokens: row.u64("kv_tokens")?,
        node_selector: row.json("node_selector")?,
        jurisdiction: row.text("jurisdiction")?,
        revision: row.u64("revision")?,
        restarts: row.u64("restarts")?,
        tenant: row.optional_text("tenant")?,
        created_at: row.time("created_at")?,
    })
}

fn replica(row: &Row) -> Result<Replica, StoreError> {
    Ok(Replica {
        id: row.text("id")?,
        deployment_id: row.text("deployment_id")?,
        node_id: row.optional_text("node_id")?,
        generation: row.u64("generation")?,
        reasons: row.json("reasons")?,
        memory_bytes: row.u64("memory_bytes")?,
    })
}

fn node(row: &Row) -> Result<Node, StoreError> {
    let (state, scheduling) = (row.text("state")?, row.text("scheduling")?);
    Ok(Node {
        id: row.text("id")?,
        name: row.text("name")?,
        region: row.text("region")?,
        jurisdiction: row.text("jurisdiction")?,
        labels: row.json("labels")?,
        certificate_serial: row.text("certificate_serial")?,
        certificate_not_after: row.time("certificate_not_after")?,
        generation: row.u64("generation")?,
        state: NodeState::parse(&state).ok_or_else(|| StoreError::corrupt("node state", state))?,
        scheduling: Scheduling::parse(&scheduling)
            .ok_or_else(|| StoreError::corrupt("node scheduling", scheduling))?,
        enrolled_at: row.time("enrolled_at")?,
        revoked_at: row.optional_time("revoked_at")?,
    })
}

fn join_token(row: &Row) -> Result<JoinToken, StoreError> {
    Ok(JoinToken {
        secret_hash: row.hash("secret_hash")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        used_by: row.optional_text("used_by")?,
    })
}

fn key(row: &Row) -> Result<Key, StoreError> {
    let role = row.text("role")?;
    Ok(Key {
        id: row.text("id")?,
        name: row.text("name")?,
        secret_hash: row.hash("secret_hash")?,
        role: KeyRole::parse(&role).ok_or_else(|| StoreError::corrupt("key role", role))?,
        models: row.json("models")?,
        tenant: row.optional_text("tenant")?,
        created_at: row.time("created_at")?,
        expires_at: row.optional_time("expires_at")?,
        revoked_at: row.optional_time("revoked_at")?,
        last_used_at: row.optional_time("last_used_at")?,
    })
}

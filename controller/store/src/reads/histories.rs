//! What was.

use crate::limits::MAX_EVENTS_PER_QUERY;
use crate::{Deployment, DeploymentRevision, ReplicaEvent, Store, StoreError, sql::Row};

/// Greater than every ULID: all events lie before it.
const AFTER_ALL: &str = "~";

impl Store {
    /// What is kept of a deployment's revisions, the newest first.
    pub async fn deployment_revisions(
        &self,
        deployment: &Deployment,
    ) -> Result<Vec<DeploymentRevision>, StoreError> {
        let sql = "SELECT r.*, d.name, d.created_at, d.tenant FROM deployment_revision r \
                   JOIN deployment d ON d.id = r.deployment_id \
                   WHERE r.deployment_id = $1 ORDER BY r.revision DESC LIMIT $2";
        self.list(sql, vec![(&deployment.id).into()], revision).await
    }

    /// What happened to the replicas of a deployment, the newest first; with `before` only what came before the
    /// event of that id. At most `limit`, and never more than [`MAX_EVENTS_PER_QUERY`].
    pub async fn replica_events(
        &self,
        deployment_id: &str,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ReplicaEvent>, StoreError> {
        let sql =
            "SELECT * FROM replica_event WHERE deployment_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
        let limit = limit.min(MAX_EVENTS_PER_QUERY);
        let args = vec![deployment_id.into(), before.unwrap_or(AFTER_ALL).into(), limit.into()];
        let rows = self.reader().await?.connection().fetch_all(sql, args).await?;
        rows.iter().map(event).collect()
    }
}

fn revision(row: &Row) -> Result<DeploymentRevision, StoreError> {
    let intent = Deployment { id: row.text("deployment_id")?, ..super::fleet::deployment_but_id(row)? };
    Ok(DeploymentRevision {
        intent,
        model_name: row.text("model_name")?,
        returned_to: row.optional_u64("returned_to")?,
        actor_kind: row.text("actor_kind")?,
        actor_id: row.text("actor_id")?,
        actor_name: row.optional_text("actor_name")?,
        at: row.time("at")?,
        record_id: row.text("record_id")?,
    })
}

fn event(row: &Row) -> Result<ReplicaEvent, StoreError> {
    Ok(ReplicaEvent {
        id: row.text("id")?,
        deployment_id: row.text("deployment_id")?,
        replica_id: row.text("replica_id")?,
        node_name: row.optional_text("node_name")?,
        kind: row.text("kind")?,
        detail: row.text("detail")?,
        at: row.time("at")?,
    })
}

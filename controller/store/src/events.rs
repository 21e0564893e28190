//! What happened to replicas: kept beside the audit log, for people who look for the cause of something. Rows are
//! dropped when they are old or many.

use jiff::{SignedDuration, Timestamp};

use crate::limits::{EVENTS_KEPT_FOR, MAX_DETAIL_BYTES, MAX_EVENTS_KEPT, MAX_NAME_BYTES};
use crate::sql::{Arg, Connection};
use crate::{ReplicaEvent, Store, StoreError};

impl Store {
    /// Keeps events, in their order, but for those that say what the event before them of the same replica says:
    /// whoever tells again after a break tells nothing new.
    ///
    /// # Errors
    /// None of them is kept.
    pub async fn keep_events(&self, events: &[ReplicaEvent]) -> Result<(), StoreError> {
        let mut transaction = self.begin_beside_log().await?;
        let mut db = transaction.connection();
        for event in events.iter().filter(|event| is_honest(event)) {
            keep(&mut db, event).await?;
        }
        let mut touched: Vec<&str> = events.iter().map(|event| event.deployment_id.as_str()).collect();
        touched.sort_unstable();
        touched.dedup();
        for deployment_id in touched {
            drop_beyond_limit(&mut db, deployment_id).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Drops events that are older than [`EVENTS_KEPT_FOR`] at `now`; how many there were.
    pub async fn drop_old_events(&self, now: Timestamp) -> Result<u64, StoreError> {
        let kept = SignedDuration::try_from(EVENTS_KEPT_FOR).unwrap_or(SignedDuration::MAX);
        let oldest = now.checked_sub(kept).unwrap_or(Timestamp::MIN);
        let mut connection = self.registering().await?;
        let sql = "DELETE FROM replica_event WHERE at < $1";
        Ok(connection.connection().execute(sql, vec![oldest.into()]).await?)
    }
}

/// Names and details come from agents; what is longer than any honest one is not kept.
fn is_honest(event: &ReplicaEvent) -> bool {
    let names = [&event.id, &event.deployment_id, &event.replica_id, &event.kind];
    let node = event.node_name.as_ref().map_or(0, String::len);
    names.iter().all(|name| name.len() <= MAX_NAME_BYTES)
        && node <= MAX_NAME_BYTES
        && event.detail.len() <= MAX_DETAIL_BYTES
}

async fn keep(db: &mut Connection<'_>, event: &ReplicaEvent) -> Result<(), StoreError> {
    let sql =
        "SELECT kind, detail, node_name FROM replica_event WHERE replica_id = $1 ORDER BY id DESC LIMIT 1";
    if let Some(last) = db.fetch_optional(sql, vec![(&event.replica_id).into()]).await? {
        let same = last.text("kind")? == event.kind
            && last.text("detail")? == event.detail
            && last.optional_text("node_name")? == event.node_name;
        if same {
            return Ok(());
        }
    }
    let sql = "INSERT INTO replica_event (id, deployment_id, replica_id, node_name, kind, detail, at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    let args: Vec<Arg> = vec![
        (&event.id).into(),
        (&event.deployment_id).into(),
        (&event.replica_id).into(),
        event.node_name.clone().into(),
        (&event.kind).into(),
        (&event.detail).into(),
        event.at.into(),
    ];
    db.execute(sql, args).await?;
    Ok(())
}

async fn drop_beyond_limit(db: &mut Connection<'_>, deployment_id: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM replica_event WHERE deployment_id = $1 AND id <= (SELECT id FROM replica_event \
               WHERE deployment_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)";
    db.execute(sql, vec![deployment_id.into(), MAX_EVENTS_KEPT.into()]).await?;
    Ok(())
}

//! The register of controllers that share the database: who lives, and which requests were left open
//! by those who do not. All times are the database's, so that no two clocks are compared.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use crate::limits::{CONTROLLER_FORGOTTEN_AFTER, CONTROLLER_GONE_AFTER, MAX_CONTROLLERS};
use crate::sql::{Connection, Row};
use crate::{AppendTransaction, Backend, OpenRequest, Store, StoreError};

/// What a controller says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Differs for every process (its boot id).
    pub id: String,
    /// HOST:PORT of its agents port, as other controllers reach it; none for one that stays alone.
    pub address: Option<String>,
    pub version: String,
}

/// A controller process that registered and has neither left nor been forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControllerRow {
    pub id: String,
    pub address: Option<String>,
    pub version: String,
    pub started_at: Timestamp,
    pub seen_at: Timestamp,
    /// Whether it was seen lately enough.
    pub living: bool,
}

impl Store {
    /// Enters the register. From then on this store's own changes are no news to its change feed.
    pub async fn register_controller(&self, own: &Registration) -> Result<(), StoreError> {
        let own_id = self.own_id();
        own_id.get_or_init(|| own.id.clone());
        let mut connection = self.registering().await?;
        // On SQLite the lock on the file says that nobody else lives.
        let forgotten = match self.backend() {
            Backend::Sqlite => Duration::ZERO,
            Backend::Postgres => CONTROLLER_FORGOTTEN_AFTER,
        };
        let now = now_us(self.backend());
        let sql = format!("DELETE FROM controller WHERE id <> $1 AND seen_at <= {now} - $2");
        let mut db = connection.connection();
        db.execute(AssertSqlSafe(sql), vec![own.id.as_str().into(), us(forgotten).into()]).await?;
        seen(&mut db, self.backend(), own).await
    }

    /// Says that the controller still lives.
    pub async fn controller_seen(&self, own: &Registration) -> Result<(), StoreError> {
        seen(&mut self.registering().await?.connection(), self.backend(), own).await
    }

    /// Leaves the register: its open requests may be closed by others at once.
    pub async fn deregister_controller(&self, id: &str) -> Result<(), StoreError> {
        let mut connection = self.registering().await?;
        let sql = "DELETE FROM controller WHERE id = $1";
        connection.connection().execute(sql, vec![id.into()]).await?;
        Ok(())
    }

    /// Who is in the register, in the order of their starts; living are those seen within
    /// [`CONTROLLER_GONE_AFTER`].
    pub async fn controllers(&self) -> Result<Vec<ControllerRow>, StoreError> {
        self.controllers_seen_within(CONTROLLER_GONE_AFTER).await
    }

    /// As [`Self::controllers`], with another bound.
    pub async fn controllers_seen_within(&self, within: Duration) -> Result<Vec<ControllerRow>, StoreError> {
        let alone = self.backend() == Backend::Sqlite;
        let now = now_us(self.backend());
        let sql = format!(
            "SELECT *, CAST(CASE WHEN seen_at >= {now} - $1 THEN 1 ELSE 0 END AS BIGINT) AS living \
             FROM controller ORDER BY started_at, id LIMIT $2"
        );
        let within = if alone { i64::from(u32::MAX) * 1_000_000 } else { us(within) };
        let args = vec![within.into(), MAX_CONTROLLERS.into()];
        let rows = self.reader().await?.connection().fetch_all(AssertSqlSafe(sql), args).await?;
        rows.iter().map(controller).collect()
    }

    /// Whether there are requests for [`AppendTransaction::abandoned`]; without locking anything.
    pub async fn has_abandoned(&self, own_id: &str, gone_after: Duration) -> Result<bool, StoreError> {
        let mut reader = self.reader().await?;
        let found = abandoned(&mut reader.connection(), self.backend(), own_id, gone_after, 1).await?;
        Ok(!found.is_empty())
    }
}

impl AppendTransaction {
    /// Says that the controller lives, in one with what it commits.
    pub async fn controller_seen(&mut self, own: &Registration) -> Result<(), StoreError> {
        let backend = self.backend();
        seen(&mut self.connection(), backend, own).await
    }

    /// The oldest `limit` requests that nobody is left to close: opened neither by `own_id` nor by a
    /// registered controller that was seen within `gone_after`.
    pub async fn abandoned(
        &mut self,
        own_id: &str,
        gone_after: Duration,
        limit: u32,
    ) -> Result<Vec<OpenRequest>, StoreError> {
        let backend = self.backend();
        abandoned(&mut self.connection(), backend, own_id, gone_after, limit).await
    }
}

async fn seen(db: &mut Connection<'_>, backend: Backend, own: &Registration) -> Result<(), StoreError> {
    let now = now_us(backend);
    let sql = format!(
        "INSERT INTO controller (id, address, version, started_at, seen_at) \
         VALUES ($1, $2, $3, {now}, {now}) \
         ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at"
    );
    let args = vec![own.id.as_str().into(), own.address.clone().into(), own.version.as_str().into()];
    db.execute(AssertSqlSafe(sql), args).await?;
    Ok(())
}

async fn abandoned(
    db: &mut Connection<'_>,
    backend: Backend,
    own_id: &str,
    gone_after: Duration,
    limit: u32,
) -> Result<Vec<OpenRequest>, StoreError> {
    let now = now_us(backend);
    let sql = format!(
        "SELECT o.request_id, o.seq, o.writer FROM audit_open o \
         LEFT JOIN controller c ON c.id = o.writer AND c.seen_at >= {now} - $2 \
         WHERE o.writer <> $1 AND c.id IS NULL ORDER BY o.seq LIMIT $3"
    );
    let args = vec![own_id.into(), us(gone_after).into(), limit.into()];
    db.fetch_all(AssertSqlSafe(sql), args).await?.iter().map(OpenRequest::from_row).collect()
}

impl OpenRequest {
    pub(crate) fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { request_id: row.text("request_id")?, seq: row.u64("seq")?, writer: row.text("writer")? })
    }
}

fn controller(row: &Row) -> Result<ControllerRow, StoreError> {
    Ok(ControllerRow {
        id: row.text("id")?,
        address: row.optional_text("address")?,
        version: row.text("version")?,
        started_at: row.time("started_at")?,
        seen_at: row.time("seen_at")?,
        living: row.int("living")? != 0,
    })
}

/// The database's clock, in microseconds since 1970.
fn now_us(backend: Backend) -> &'static str {
    match backend {
        Backend::Sqlite => "CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER)",
        Backend::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
    }
}

fn us(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 2)
}

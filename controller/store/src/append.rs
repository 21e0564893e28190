//! The one way in: a transaction in which changes of state and the records that tell of them
//! become durable together.

mod usage;

use std::collections::HashSet;

use sqlx::{Postgres, Sqlite, Transaction};

use crate::apply::{ApplyError, apply};
use crate::audit::{CheckpointRow, RecordRow, SaltRow, SearchRow, TileRow, insert_search_rows};
use crate::feed::CHANNEL;
use crate::sql::{Arg, Connection, delete_rows, existing, insert_rows};
use crate::store::Pools;
use crate::{Backend, Change, Refusal, Store, StoreError, Usage};

/// A transaction that holds the head of the log. Dropping it undoes everything.
pub struct AppendTransaction {
    transaction: OpenTransaction,
    head_size: u64,
    writer: String,
    /// Whether it changes the fleet's state, and not the log alone.
    changes_state: bool,
}

pub(crate) enum OpenTransaction {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl OpenTransaction {
    pub(crate) fn connection(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(transaction) => Connection::Sqlite(transaction),
            Self::Postgres(transaction) => Connection::Postgres(transaction),
        }
    }

    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
    }
}

/// What one commit adds to the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRows {
    /// The controller process that writes, see [`AppendTransaction::writer`].
    pub writer: String,
    /// In order, the first with the head's size as its sequence number.
    pub records: Vec<RecordRow>,
    /// What the records are found by.
    pub search: Vec<SearchRow>,
    /// Tiles that became full.
    pub tiles: Vec<TileRow>,
    pub checkpoint: CheckpointRow,
    /// Ids and sequence numbers of requests that stay open after this commit.
    pub opened: Vec<(String, u64)>,
    /// Ids of earlier requests that this commit closes.
    pub closed: Vec<String>,
    pub salts: Vec<SaltRow>,
    /// What the closing records of this commit say was used, summed up.
    pub used: Vec<Usage>,
}

impl Store {
    /// Begins a commit. **For the ledger alone**: it is what keeps state and record together, so
    /// nothing else may call this.
    ///
    /// Locks the head of the log: another writer waits until this transaction ends.
    pub async fn ledger_append(&self) -> Result<AppendTransaction, StoreError> {
        let (transaction, lock_head) = match &*self.pools {
            Pools::Sqlite { writer, .. } => (
                OpenTransaction::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
                "SELECT size, writer FROM audit_head WHERE id = 1",
            ),
            Pools::Postgres { writer, .. } => (
                OpenTransaction::Postgres(writer.begin().await?),
                "SELECT size, writer FROM audit_head WHERE id = 1 FOR UPDATE",
            ),
        };
        let mut append =
            AppendTransaction { transaction, head_size: 0, writer: String::new(), changes_state: false };
        let row = append.connection().fetch_optional(lock_head, Vec::new()).await?;
        let row = row.ok_or_else(|| StoreError::corrupt("log head", "its row is missing"))?;
        append.head_size = row.u64("size")?;
        append.writer = row.text("writer")?;
        Ok(append)
    }
}

impl Store {
    /// A transaction for what is kept beside the log, which locks nothing of it where the database allows that.
    pub(crate) async fn begin_beside_log(&self) -> Result<OpenTransaction, StoreError> {
        Ok(match &*self.pools {
            Pools::Sqlite { writer, .. } => {
                OpenTransaction::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?)
            }
            Pools::Postgres { readers, .. } => OpenTransaction::Postgres(readers.begin().await?),
        })
    }
}

impl AppendTransaction {
    /// Number of records in the log as this transaction found it. It cannot change until the
    /// transaction ends.
    #[must_use]
    pub fn head_size(&self) -> u64 {
        self.head_size
    }

    /// The controller process that wrote to the log last; empty for a new log.
    #[must_use]
    pub fn writer(&self) -> &str {
        &self.writer
    }

    /// Carries out `changes`, all or none of them. A refusal leaves the transaction usable and
    /// nothing of these changes in it.
    pub async fn apply(&mut self, changes: &[Change]) -> Result<Result<(), Refusal>, StoreError> {
        let mut db = self.connection();
        db.control("SAVEPOINT submission").await?;
        for change in changes {
            match apply(&mut db, change).await {
                Ok(()) => {}
                Err(ApplyError::Store(error)) => return Err(error),
                Err(ApplyError::Refused(refusal)) => {
                    db.control("ROLLBACK TO SAVEPOINT submission").await?;
                    db.control("RELEASE SAVEPOINT submission").await?;
                    return Ok(Err(refusal));
                }
            }
        }
        db.control("RELEASE SAVEPOINT submission").await?;
        self.changes_state |= !changes.is_empty();
        Ok(Ok(()))
    }

    /// Which of these record ids are in the log already.
    pub async fn recorded(&mut self, ids: &[&str]) -> Result<HashSet<String>, StoreError> {
        existing(&mut self.connection(), "audit_record", "id", ids).await
    }

    /// Which of these requests are open.
    pub async fn open_among(&mut self, ids: &[&str]) -> Result<HashSet<String>, StoreError> {
        existing(&mut self.connection(), "audit_open", "request_id", ids).await
    }

    /// Writes `rows`; they are durable once [`Self::commit`] has returned. Where changes were applied,
    /// the other controllers are told then, see [`Store::changes`].
    pub async fn write(&mut self, rows: LogRows) -> Result<(), StoreError> {
        let new_size = number(rows.checkpoint.size)?;
        let head = vec![new_size.into(), rows.writer.as_str().into(), number(self.head_size)?.into()];
        let tell = self.changes_state && self.backend() == Backend::Postgres;
        let mut db = self.connection();
        let moved = db
            .execute("UPDATE audit_head SET size = $1, writer = $2 WHERE id = 1 AND size = $3", head)
            .await?;
        if moved != 1 {
            return Err(StoreError::corrupt("log head", "it moved although it was locked"));
        }
        insert_rows(&mut db, "audit_record", RECORD, records(rows.records)?).await?;
        insert_search_rows(&mut db, rows.search).await?;
        insert_rows(&mut db, "audit_tile", TILE, tiles(rows.tiles)?).await?;
        let note = vec![vec![new_size.into(), rows.checkpoint.note.into()]];
        insert_rows(&mut db, "audit_checkpoint", CHECKPOINT, note).await?;
        insert_rows(&mut db, "audit_open", OPEN, opened(rows.opened, &rows.writer)?).await?;
        delete_rows(&mut db, "audit_open", "request_id", &rows.closed).await?;
        insert_rows(&mut db, "audit_salt", SALT, salts(rows.salts)).await?;
        usage::add(&mut db, rows.used).await?;
        if tell {
            let told = vec![CHANNEL.into(), rows.writer.into()];
            db.execute("SELECT pg_notify($1, $2)", told).await?;
        }
        Ok(())
    }

    /// Makes everything durable.
    ///
    /// # Errors
    /// After an error it is not known whether the commit took place: read the head again.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit().await?)
    }

    pub(crate) fn connection(&mut self) -> Connection<'_> {
        self.transaction.connection()
    }

    pub(crate) fn backend(&self) -> Backend {
        match self.transaction {
            OpenTransaction::Sqlite(_) => Backend::Sqlite,
            OpenTransaction::Postgres(_) => Backend::Postgres,
        }
    }
}

const RECORD: &[&str] = &["seq", "id", "kind", "time", "subject_id", "tenant", "intent", "leaf", "leaf_hash"];
const TILE: &[&str] = &["level", "idx", "root", "hashes"];
const CHECKPOINT: &[&str] = &["size", "note"];
const OPEN: &[&str] = &["request_id", "seq", "writer"];
const SALT: &[&str] = &["record_id", "name", "salt"];

fn records(records: Vec<RecordRow>) -> Result<Vec<Vec<Arg>>, StoreError> {
    let columns = |record: RecordRow| {
        Ok(vec![
            number(record.seq)?.into(),
            record.id.into(),
            record.kind.into(),
            record.time.into(),
            record.subject_id.into(),
            record.tenant.into(),
            record.intent.into(),
            record.leaf.into(),
            (&record.leaf_hash).into(),
        ])
    };
    records.into_iter().map(columns).collect()
}

fn tiles(tiles: Vec<TileRow>) -> Result<Vec<Vec<Arg>>, StoreError> {
    let columns = |tile: TileRow| {
        let level = i64::from(tile.level).into();
        Ok(vec![level, number(tile.index)?.into(), (&tile.root).into(), tile.hashes.into()])
    };
    tiles.into_iter().map(columns).collect()
}

fn opened(requests: Vec<(String, u64)>, writer: &str) -> Result<Vec<Vec<Arg>>, StoreError> {
    requests.into_iter().map(|(id, seq)| Ok(vec![id.into(), number(seq)?.into(), writer.into()])).collect()
}

fn salts(salts: Vec<SaltRow>) -> Vec<Vec<Arg>> {
    let columns = |salt: SaltRow| vec![salt.record_id.into(), salt.name.into(), (&salt.salt).into()];
    salts.into_iter().map(columns).collect()
}

fn number(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|e| StoreError::corrupt("sequence number", e))
}

#[cfg(test)]
mod tests;

//! The databases under test, and how a test writes to them.

use cloister_store::{AppendTransaction, Change, CheckpointRow, LogRows, RecordRow, Refusal, Store};
use cloister_test_postgres::Server;
use tempfile::TempDir;

/// An empty database and what keeps it alive.
pub(crate) struct Database {
    pub(crate) store: Store,
    pub(crate) url: String,
    pub(crate) _folder: Option<TempDir>,
}

impl Database {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/fleet.db", folder.path().display());
        Self { store: Store::open(&url).await.unwrap(), url, _folder: Some(folder) }
    }

    pub(crate) async fn postgres() -> Self {
        let server = tokio::task::spawn_blocking(|| Server::shared().create_database());
        let url = server.await.unwrap().unwrap();
        Self { store: Store::open(&url).await.unwrap(), url, _folder: None }
    }

    /// Commits one record with `changes`, as the ledger would; a refusal undoes both.
    pub(crate) async fn commit(&self, changes: Vec<Change>) -> Result<(), Refusal> {
        let mut append = self.store.ledger_append().await.unwrap();
        append.apply(&changes).await.unwrap()?;
        write_records(append, 1).await;
        Ok(())
    }

    pub(crate) async fn must(&self, change: Change) {
        self.commit(vec![change]).await.unwrap();
    }
}

/// Ends the transaction with `count` more records.
pub(crate) async fn write_records(mut append: AppendTransaction, count: u64) {
    let from = append.head_size();
    append.write(log_rows(from, count)).await.unwrap();
    append.commit().await.unwrap();
}

pub(crate) fn log_rows(from: u64, count: u64) -> LogRows {
    LogRows {
        writer: format!("writer-{}", from + count),
        records: (from..from + count).map(record).collect(),
        search: Vec::new(),
        tiles: Vec::new(),
        checkpoint: CheckpointRow { size: from + count, note: format!("head {}", from + count) },
        opened: Vec::new(),
        closed: Vec::new(),
        salts: Vec::new(),
        used: Vec::new(),
    }
}

/// A record whose columns tell its place; kinds and subjects alternate.
pub(crate) fn record(seq: u64) -> RecordRow {
    RecordRow {
        seq,
        id: record_id(seq),
        kind: if seq.is_multiple_of(2) { "key.created" } else { "key.revoked" }.to_owned(),
        time: format!("2026-11-22T00:00:{seq:02}.000000000Z"),
        subject_id: (seq.is_multiple_of(3)).then(|| "key-3".to_owned()),
        tenant: None,
        intent: (seq == 5).then(|| record_id(4)),
        leaf: vec![0, seq as u8, 0xFF],
        leaf_hash: [seq as u8; 32],
    }
}

pub(crate) fn record_id(seq: u64) -> String {
    format!("record-{seq}")
}

/// One test per case and database.
macro_rules! on_both_databases {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $case() {
                super::$case(crate::backends::Database::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test] async fn $case() {
                super::$case(crate::backends::Database::postgres().await).await;
            })+
        }
    };
}
pub(crate) use on_both_databases;

//! A ledger on a database of its own, SQLite or PostgreSQL.

use std::io::BufReader;
use std::time::Duration;

use cloister_evidence::verify::{Report, verify};
use cloister_ledger::{
    EvidenceStream, Ledger, LedgerHandle, LedgerOptions, LedgerTask, LogKey, Selection, StartError,
    load_or_create_log_key,
};
use cloister_store::{RecordRow, Store};
use cloister_test_postgres::Server;
use tempfile::TempDir;
use tokio_stream::StreamExt as _;

pub(crate) const ORIGIN: &str = "cloister/fleet-test";

/// As by default, with less to wait for.
pub(crate) fn options() -> LedgerOptions {
    LedgerOptions {
        beat_interval: Duration::from_millis(200),
        gone_after: Duration::from_secs(5),
        ..LedgerOptions::default()
    }
}

/// What outlives a restart: database and key.
pub(crate) struct Rig {
    folder: TempDir,
    url: String,
}

pub(crate) struct Running {
    pub(crate) store: Store,
    pub(crate) ledger: LedgerHandle,
    pub(crate) task: LedgerTask,
}

impl Rig {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/cloister.db", folder.path().display());
        Self { folder, url }
    }

    pub(crate) async fn postgres() -> Self {
        let url = tokio::task::spawn_blocking(|| Server::shared().create_database());
        Self::on(url.await.unwrap().unwrap())
    }

    pub(crate) fn on(url: String) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), url }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn key_path(&self) -> std::path::PathBuf {
        self.folder.path().join("audit.key")
    }

    pub(crate) async fn key(&self) -> LogKey {
        load_or_create_log_key(&self.key_path(), ORIGIN).await.unwrap()
    }

    pub(crate) async fn start(&self) -> Running {
        self.try_start().await.unwrap()
    }

    pub(crate) async fn try_start(&self) -> Result<Running, StartError> {
        Running::open(&self.url, self.key().await).await
    }

    /// What an outsider finds in the whole log, after one more start.
    pub(crate) async fn verified(&self) -> (Report, Vec<RecordRow>) {
        let running = self.start().await;
        running.closes_what_others_left_open().await;
        let rows = running.rows().await;
        let report = running.verify(Selection::Log).await;
        running.stop().await;
        (report, rows)
    }
}

impl Running {
    pub(crate) async fn open(url: &str, key: LogKey) -> Result<Self, StartError> {
        let store = Store::open(url).await?;
        let (ledger, task) = Ledger::start(store.clone(), key, options()).await?;
        Ok(Self { store, ledger, task })
    }

    /// Ends in good order.
    pub(crate) async fn stop(self) {
        self.task.stop().await.unwrap();
        self.store.close().await;
    }

    /// Waits until no request is open.
    pub(crate) async fn closes_what_others_left_open(&self) {
        let mut checkpoints = self.ledger.checkpoints();
        let closed = async {
            loop {
                checkpoints.mark_unchanged();
                if self.store.open_requests().await.unwrap().is_empty() {
                    return;
                }
                checkpoints.changed().await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(30), closed).await.expect("they are closed in time");
    }

    /// All records, oldest first.
    pub(crate) async fn rows(&self) -> Vec<RecordRow> {
        let mut rows = Vec::new();
        loop {
            let page = self.store.records_between(rows.len() as u64, i64::MAX as u64).await.unwrap();
            if page.is_empty() {
                return rows;
            }
            rows.extend(page);
        }
    }

    /// Exports, and checks the file as an outsider does.
    pub(crate) async fn verify(&self, selection: Selection) -> Report {
        let file = collect(self.ledger.export(selection).await.unwrap()).await;
        verify(BufReader::new(file.as_slice()), self.ledger.verifier()).unwrap()
    }
}

async fn collect(stream: EvidenceStream) -> Vec<u8> {
    let pieces: Vec<_> = stream.map(Result::unwrap).collect().await;
    pieces.concat()
}

/// One test per case and database.
macro_rules! on_both_databases {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $case() {
                super::$case(crate::rig::Rig::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $case() {
                super::$case(crate::rig::Rig::postgres().await).await;
            })+
        }
    };
}
pub(crate) use on_both_databases;

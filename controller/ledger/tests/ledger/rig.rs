//! A ledger on a database in a folder of its own.

use std::path::PathBuf;

use cloister_ledger::{
    Ledger, LedgerHandle, LedgerOptions, LedgerTask, LogKey, StartError, load_or_create_log_key,
};
use cloister_store::Store;
use tempfile::TempDir;

pub(crate) const ORIGIN: &str = "cloister/fleet-test";

/// What outlives a restart: database and key.
pub(crate) struct Rig {
    folder: TempDir,
}

pub(crate) struct Running {
    pub(crate) store: Store,
    pub(crate) ledger: LedgerHandle,
    pub(crate) task: LedgerTask,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("cloister.db")
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}", self.database().display())
    }

    pub(crate) async fn key(&self) -> LogKey {
        load_or_create_log_key(&self.folder.path().join("audit.key"), ORIGIN).await.unwrap()
    }

    pub(crate) async fn start(&self) -> Running {
        self.try_start().await.unwrap()
    }

    pub(crate) async fn try_start(&self) -> Result<Running, StartError> {
        let store = Store::open(&self.url()).await?;
        let key = self.key().await;
        let (ledger, task) = Ledger::start(store.clone(), key, LedgerOptions::default()).await?;
        Ok(Running { store, ledger, task })
    }
}

impl Running {
    /// Ends in good order.
    pub(crate) async fn stop(self) {
        self.task.stop().await.unwrap();
        self.store.close().await;
    }
}

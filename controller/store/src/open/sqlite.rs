//! SQLite: one writer, a few readers, one process.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::limits::{ACQUIRE_TIMEOUT, BUSY_TIMEOUT, READ_CONNECTIONS};
use crate::migrations::{assert_compatible, migrator};
use crate::{Backend, StoreError, sql, store::Pools};

/// Reads `max_page_count=N`, the bound on the size of the database in pages of 4 KiB.
pub(crate) fn max_page_count(query: &str) -> Result<Option<u32>, StoreError> {
    match query.split_once('=') {
        None if query.is_empty() => Ok(None),
        Some(("max_page_count", pages)) => pages.parse().map(Some).map_err(|_| StoreError::BadUrl),
        _ => Err(StoreError::BadUrl),
    }
}

pub(crate) async fn open(
    path: PathBuf,
    max_page_count: Option<u32>,
    known: i64,
) -> Result<Pools, StoreError> {
    let file = path.clone();
    let lock = tokio::task::spawn_blocking(move || prepare_files(&file))
        .await
        .map_err(|e| StoreError::File { path: path.clone(), source: io::Error::other(e) })??;
    let mut writing = options(&path);
    if let Some(pages) = max_page_count {
        writing = writing.pragma("max_page_count", pages.to_string());
    }
    let writer = pool(1).connect_with(writing).await?;
    migrator(Backend::Sqlite, known).run(&writer).await.map_err(StoreError::Migration)?;
    assert_compatible(&mut sql::Connection::Sqlite(&mut *writer.acquire().await?), known).await?;
    let readers = pool(READ_CONNECTIONS).connect_with(options(&path).pragma("query_only", "ON")).await?;
    Ok(Pools::Sqlite { writer, readers, _lock: lock })
}

/// WAL lets readers go on while the one writer commits; `FULL` syncs the log on every commit, which
/// is what makes an acknowledged record survive a power cut.
fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging()
}

fn pool(connections: u32) -> sqlx::pool::PoolOptions<sqlx::Sqlite> {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .before_acquire(|connection, _| {
            Box::pin(async move {
                // Takes its turn behind a rollback that is still to be done.
                connection.ping().await?;
                // SQLite itself ends a transaction that finds the disk full. The rollback that follows then fails,
                // and the connection would count as within a transaction for ever: it is replaced.
                Ok(!connection.is_in_transaction())
            })
        })
}

/// Makes the file before SQLite does, so that it is private from its first moment (its journal
/// takes its mode over), and takes the lock that keeps a second controller out.
fn prepare_files(path: &Path) -> Result<FileLock, StoreError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::File { path, source }
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(folder).map_err(failed(folder))?;
    }
    let mut lock_path = path.as_os_str().to_owned();
    lock_path.push(".lock");
    let lock_path = PathBuf::from(lock_path);
    let lock = open_private(&lock_path).map_err(failed(&lock_path))?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            return Err(StoreError::LockedByAnother { path: path.to_owned() });
        }
        Err(errno) => return Err(failed(&lock_path)(errno.into())),
    }
    let lock = FileLock(lock);
    open_private(path).map_err(failed(path))?;
    Ok(lock)
}

/// Keeps a second controller out while it lives.
pub(crate) struct FileLock(File);

impl Drop for FileLock {
    fn drop(&mut self) {
        // Closing is not enough: a process that is just being started holds a copy of the descriptor
        // until it runs its own program. The system takes the lock back at exit in any case.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Closes in an order that lets SQLite fold its journal back into the file.
pub(crate) async fn close(writer: &SqlitePool, readers: &SqlitePool) {
    readers.close().await;
    writer.close().await;
}

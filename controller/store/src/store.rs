//! The handle.

use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres, Sqlite, SqlitePool};

use crate::{StoreError, open, sql::Connection};

/// Which database is behind a [`Store`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// A database, open. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) pools: Arc<Pools>,
}

/// One connection writes: the ledger has one writing task, and SQLite allows no more.
pub(crate) enum Pools {
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
        /// Held as long as the store lives; keeps a second controller out.
        _lock: open::sqlite::FileLock,
    },
    Postgres {
        writer: PgPool,
        readers: PgPool,
    },
}

/// A connection borrowed for reading.
pub(crate) enum Reader {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl Reader {
    pub(crate) fn connection(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(connection) => Connection::Sqlite(connection),
            Self::Postgres(connection) => Connection::Postgres(connection),
        }
    }
}

impl Store {
    /// Opens `sqlite:///absolute/path.db` (made when missing, readable by this user only) or
    /// `postgres://…`, and brings the schema up to date. `sqlite:///path.db?max_page_count=N` bounds
    /// the database to N pages of 4 KiB; past that, writing fails as on a full disk.
    ///
    /// # Errors
    /// [`StoreError::LockedByAnother`] when another process has the SQLite file open as a store;
    /// [`StoreError::NotDurable`] when PostgreSQL may lose what it acknowledged.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Ok(Self { pools: Arc::new(open::open(url).await?) })
    }

    #[must_use]
    pub fn backend(&self) -> Backend {
        match *self.pools {
            Pools::Sqlite { .. } => Backend::Sqlite,
            Pools::Postgres { .. } => Backend::Postgres,
        }
    }

    /// Ends all connections in good order. Later calls fail.
    pub async fn close(&self) {
        match &*self.pools {
            Pools::Sqlite { writer, readers, .. } => open::sqlite::close(writer, readers).await,
            Pools::Postgres { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }

    /// Whether the database answers now.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut reader = self.reader().await?;
        reader.connection().fetch_all("SELECT 1", Vec::new()).await?;
        Ok(())
    }

    pub(crate) async fn reader(&self) -> Result<Reader, StoreError> {
        Ok(match &*self.pools {
            Pools::Sqlite { readers, .. } => Reader::Sqlite(readers.acquire().await?),
            Pools::Postgres { readers, .. } => Reader::Postgres(readers.acquire().await?),
        })
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("backend", &self.backend()).finish()
    }
}

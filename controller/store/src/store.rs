//! The handle.

use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::postgres::PgConnectOptions;
use sqlx::{PgPool, Postgres, Sqlite, SqlitePool};

use crate::feed::{Feed, OwnId};
use crate::{StoreError, migrations, open, sql::Connection};

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
    pub(crate) feed: Arc<Feed>,
    own_id: OwnId,
}

/// One connection writes the log: the ledger has one writing task, and SQLite allows no more.
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
        /// For connections that are neither writer nor reader.
        options: Box<PgConnectOptions>,
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
    /// [`StoreError::NotDurable`] when PostgreSQL may lose what it acknowledged;
    /// [`StoreError::SchemaTooNew`] when a newer version changed the schema beyond this one.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_knowing(url, migrations::NEWEST).await
    }

    /// As a program that knows the steps of the schema up to `known`.
    pub(crate) async fn open_knowing(url: &str, known: i64) -> Result<Self, StoreError> {
        let pools = Arc::new(open::open(url, known).await?);
        Ok(Self { pools, feed: Arc::default(), own_id: OwnId::default() })
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
        self.feed.stop();
        match &*self.pools {
            Pools::Sqlite { writer, readers, .. } => open::sqlite::close(writer, readers).await,
            Pools::Postgres { writer, readers, .. } => {
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

    /// Which controller this store serves, once it has registered.
    pub(crate) fn own_id(&self) -> OwnId {
        Arc::clone(&self.own_id)
    }

    /// A connection for the register, which is kept beside the log: it does not wait for commits where
    /// the database allows that.
    pub(crate) async fn registering(&self) -> Result<Reader, StoreError> {
        match &*self.pools {
            Pools::Sqlite { writer, .. } => Ok(Reader::Sqlite(writer.acquire().await?)),
            Pools::Postgres { .. } => self.reader().await,
        }
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

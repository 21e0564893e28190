//! PostgreSQL: settings per session, and a refusal to run where commits are not durable.

use std::str::FromStr as _;

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};

use crate::limits::{
    ACQUIRE_TIMEOUT, IDLE_IN_TRANSACTION_TIMEOUT_MS, KEEPALIVE_PROBES, KEEPALIVE_S, READ_CONNECTIONS,
    STATEMENT_TIMEOUT_MS,
};
use crate::migrations::{assert_compatible, migrator};
use crate::{Backend, StoreError, sql::Connection, store::Pools};

pub(crate) async fn open(url: &str, known: i64) -> Result<Pools, StoreError> {
    let options = options(url)?;
    let writer = pool(1).connect_with(options.clone()).await?;
    assert_durable(&mut *writer.acquire().await?).await?;
    migrator(Backend::Postgres, known).run(&writer).await.map_err(StoreError::Migration)?;
    assert_compatible(&mut Connection::Postgres(&mut *writer.acquire().await?), known).await?;
    let readers = pool(READ_CONNECTIONS).connect_with(options.clone()).await?;
    Ok(Pools::Postgres { writer, readers, options: Box::new(options) })
}

/// TLS is as the URL's `sslmode` says.
fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    Ok(PgConnectOptions::from_str(url)
        .map_err(|_| StoreError::BadPostgresUrl)?
        .application_name("cloister-controller")
        .options([
            ("statement_timeout", STATEMENT_TIMEOUT_MS),
            ("lock_timeout", STATEMENT_TIMEOUT_MS),
            ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_TIMEOUT_MS),
            // A machine that is gone must not hold locks until the system's own two hours are over.
            ("tcp_keepalives_idle", KEEPALIVE_S),
            ("tcp_keepalives_interval", KEEPALIVE_S),
            ("tcp_keepalives_count", KEEPALIVE_PROBES),
        ])
        .disable_statement_logging())
}

fn pool(connections: u32) -> sqlx::pool::PoolOptions<sqlx::Postgres> {
    PgPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE_TIMEOUT)
}

/// With `synchronous_commit` off, PostgreSQL acknowledges what a crash may still lose.
async fn assert_durable(connection: &mut PgConnection) -> Result<(), StoreError> {
    let commit: String = sqlx::query_scalar("SHOW synchronous_commit").fetch_one(&mut *connection).await?;
    if commit == "off" {
        return Err(StoreError::NotDurable);
    }
    let fsync: String = sqlx::query_scalar("SHOW fsync").fetch_one(&mut *connection).await?;
    if fsync == "off" {
        tracing::warn!("PostgreSQL runs with fsync off: a power cut can lose or break the audit log");
    }
    Ok(())
}

//! A PostgreSQL connection of its own, for what lasts as long as the connection does: a subscription,
//! a session's lock. Its loss is noticed at once when the server says so, and soon when it is silent.

use std::io;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgNotification, PgPoolOptions};
use sqlx::{Executor as _, PgPool};
use tokio::time::timeout;

use crate::limits::{ACQUIRE_TIMEOUT, ANSWER_DEADLINE};

pub(crate) struct Dedicated {
    listener: PgListener,
    pool: PgPool,
}

impl Dedicated {
    pub(crate) async fn connect(options: PgConnectOptions) -> Result<Self, sqlx::Error> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(options);
        let mut listener = PgListener::connect_with(&pool).await?;
        // A new connection has lost what the old one held: the caller must know.
        listener.eager_reconnect(false);
        Ok(Self { listener, pool })
    }

    pub(crate) async fn listen(&mut self, channel: &str) -> Result<(), sqlx::Error> {
        self.listener.listen(channel).await
    }

    /// A notification, or none within `wait`; then the server was asked and has answered.
    ///
    /// # Errors
    /// The connection is lost; give it up.
    pub(crate) async fn next(&mut self, wait: Duration) -> Result<Option<PgNotification>, sqlx::Error> {
        match timeout(wait, self.listener.try_recv()).await {
            Ok(Ok(Some(notification))) => Ok(Some(notification)),
            Ok(Ok(None)) => Err(lost(io::ErrorKind::ConnectionAborted)),
            Ok(Err(error)) => Err(error),
            Err(_) => self.answers().await.map(|()| None),
        }
    }

    /// Takes the lock `key` for as long as this connection lives, unless another session has it.
    pub(crate) async fn try_lock(&mut self, key: i64) -> Result<bool, sqlx::Error> {
        let ask = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(key);
        timeout(ANSWER_DEADLINE, ask.fetch_one(&mut self.listener))
            .await
            .unwrap_or_else(|_| Err(lost(io::ErrorKind::TimedOut)))
    }

    async fn answers(&mut self) -> Result<(), sqlx::Error> {
        let asked = timeout(ANSWER_DEADLINE, self.listener.execute(sqlx::raw_sql("SELECT 1"))).await;
        asked.unwrap_or_else(|_| Err(lost(io::ErrorKind::TimedOut))).map(drop)
    }

    /// Ends the session, and with it what it held.
    pub(crate) async fn close(mut self) {
        let give_back = self.listener.execute(sqlx::raw_sql("SELECT pg_advisory_unlock_all()"));
        // A server that does not answer ends the session when its own deadlines have passed.
        let _ = timeout(ANSWER_DEADLINE, give_back).await;
        drop(self.listener);
        let _ = timeout(ANSWER_DEADLINE, self.pool.close()).await;
    }
}

fn lost(kind: io::ErrorKind) -> sqlx::Error {
    sqlx::Error::Io(kind.into())
}

//! Which of several controllers leads. An optimisation alone: two that both believe to lead do no harm,
//! because every change is decided in its transaction.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::open::dedicated::Dedicated;
use crate::store::Pools;
use crate::{Store, StoreError};

/// The session lock that the leader holds: "cloister" in ASCII.
const LOCK: i64 = 0x636c_6f69_7374_6572;

/// Keeps a controller a candidate. Dropping it gives leadership up in the background.
#[derive(Debug)]
pub struct LeadershipTask {
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
    /// Keeps the channel open where there is no task.
    _leading: watch::Sender<bool>,
    _stop_when_dropped: DropGuard,
}

impl LeadershipTask {
    /// Gives leadership up; another controller may have it when this returns.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            // It ends by itself; a panic has been reported where it happened.
            let _ = task.await;
        }
    }
}

impl Store {
    /// Makes this controller a candidate: at most one on a database leads. It tries every `interval`
    /// (see [`crate::limits::LEADERSHIP_INTERVAL`]), and stops leading as soon as its connection is lost.
    ///
    /// On SQLite it always leads. Must be called within a Tokio runtime.
    #[must_use]
    pub fn leadership(&self, interval: Duration) -> (watch::Receiver<bool>, LeadershipTask) {
        let stop = CancellationToken::new();
        let (leading, seen) = watch::channel(matches!(*self.pools, Pools::Sqlite { .. }));
        let task = match &*self.pools {
            Pools::Sqlite { .. } => None,
            Pools::Postgres { options, .. } => {
                let options = PgConnectOptions::clone(options);
                Some(tokio::spawn(stand(options, interval, leading.clone(), stop.clone())))
            }
        };
        let guard = stop.clone().drop_guard();
        (seen, LeadershipTask { stop, task, _leading: leading, _stop_when_dropped: guard })
    }
}

async fn stand(
    options: PgConnectOptions,
    interval: Duration,
    leading: watch::Sender<bool>,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        if let Err(error) = hold(options.clone(), interval, &leading, &stop).await {
            leading.send_replace(false);
            tracing::warn!(error = %StoreError::from(error), "this controller cannot lead now");
        }
        let _ = tokio::time::timeout(interval, stop.cancelled()).await;
    }
}

/// Leads whenever it can, until told to stop or until the connection is lost.
async fn hold(
    options: PgConnectOptions,
    interval: Duration,
    leading: &watch::Sender<bool>,
    stop: &CancellationToken,
) -> Result<(), sqlx::Error> {
    let mut connection = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        connection = Dedicated::connect(options) => connection?,
    };
    loop {
        if !*leading.borrow() && connection.try_lock(LOCK).await? {
            tracing::info!("this controller leads");
            leading.send_replace(true);
        }
        tokio::select! {
            () = stop.cancelled() => break,
            answered = connection.next(interval) => answered.map(drop)?,
        }
    }
    leading.send_replace(false);
    connection.close().await;
    Ok(())
}

//! This controller among those that share the log: it says that it lives, and looks whether another
//! left requests open that nobody else will close.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use cloister_evidence::checkpoint::{LogVerifier, SignedCheckpoint};
use cloister_store::{Backend, Registration, Store, StoreError};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::LedgerOptions;
use crate::head;

/// Beats that may be missed before a commit says by itself that the controller lives.
const MISSED_BEATS: u32 = 2;

/// An entry in the register, kept up to date by a task of its own: it must not wait for commits, which
/// wait for each other.
pub(crate) struct Register {
    store: Store,
    own: Registration,
    gone_after: Duration,
    overdue_after: Duration,
    seen: Arc<LastSeen>,
    abandoned: Arc<Notify>,
    beating: Option<JoinHandle<()>>,
    stop: CancellationToken,
    _stop_when_dropped: DropGuard,
}

impl Register {
    /// Enters `boot`. Others know of this controller before it opens its first request.
    pub(crate) async fn enter(
        store: &Store,
        boot: &str,
        options: &LedgerOptions,
        log: (watch::Sender<SignedCheckpoint>, LogVerifier),
    ) -> Result<Self, StoreError> {
        let own = Registration {
            id: boot.to_owned(),
            address: options.address.clone(),
            version: options.software_version.clone(),
        };
        store.register_controller(&own).await?;
        let stop = CancellationToken::new();
        let mut register = Self {
            store: store.clone(),
            own,
            gone_after: options.gone_after,
            overdue_after: options.beat_interval.saturating_mul(MISSED_BEATS),
            seen: Arc::default(),
            abandoned: Arc::default(),
            beating: None,
            _stop_when_dropped: stop.clone().drop_guard(),
            stop,
        };
        // On SQLite nobody else could hear it, or leave anything open.
        if store.backend() == Backend::Postgres {
            register.beating = Some(tokio::spawn(register.beat(options.beat_interval, log).run()));
        }
        Ok(register)
    }

    fn beat(&self, interval: Duration, log: (watch::Sender<SignedCheckpoint>, LogVerifier)) -> Beat {
        let (head, verifier) = log;
        Beat {
            store: self.store.clone(),
            own: self.own.clone(),
            interval,
            gone_after: self.gone_after,
            seen: Arc::clone(&self.seen),
            abandoned: Arc::clone(&self.abandoned),
            head,
            verifier,
            stop: self.stop.clone(),
        }
    }

    pub(crate) fn own(&self) -> &Registration {
        &self.own
    }

    pub(crate) fn gone_after(&self) -> Duration {
        self.gone_after
    }

    /// Whether others may soon take this controller for gone. Then its next commit must not open a
    /// request without saying that it lives.
    pub(crate) fn overdue(&self) -> bool {
        self.beating.is_some() && self.seen.ago() > self.overdue_after
    }

    /// A commit said that the controller lives.
    pub(crate) fn seen(&self) {
        self.seen.now();
    }

    /// Waits until requests were found that nobody is left to close.
    pub(crate) async fn abandoned(&self) {
        self.abandoned.notified().await;
    }

    /// Leaves: what is open may be closed by others at once.
    pub(crate) async fn leave(mut self) {
        self.stop.cancel();
        if let Some(beating) = self.beating.take() {
            // It ends by itself; a panic has been reported where it happened.
            let _ = beating.await;
        }
        if let Err(error) = self.store.deregister_controller(&self.own.id).await {
            tracing::warn!(%error, "this controller could not leave the register; others will take it for gone");
        }
    }
}

#[cfg(test)]
impl Register {
    /// Ends the beat, as when its connections hang.
    pub(crate) fn fall_silent(&self) {
        self.stop.cancel();
    }
}

/// When the database last heard of this controller, by this machine's clock.
struct LastSeen {
    started: Instant,
    after_ms: AtomicU64,
}

impl Default for LastSeen {
    fn default() -> Self {
        Self { started: Instant::now(), after_ms: AtomicU64::new(0) }
    }
}

impl LastSeen {
    fn now(&self) {
        let after_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.after_ms.fetch_max(after_ms, Relaxed);
    }

    fn ago(&self) -> Duration {
        self.started.elapsed().saturating_sub(Duration::from_millis(self.after_ms.load(Relaxed)))
    }
}

/// What happens at every beat.
struct Beat {
    store: Store,
    own: Registration,
    interval: Duration,
    gone_after: Duration,
    seen: Arc<LastSeen>,
    abandoned: Arc<Notify>,
    head: watch::Sender<SignedCheckpoint>,
    verifier: LogVerifier,
    stop: CancellationToken,
}

impl Beat {
    async fn run(self) {
        let stop = self.stop.clone();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.interval) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.once() => {}
            }
        }
    }

    async fn once(&self) {
        if let Err(error) = self.store.controller_seen(&self.own).await {
            tracing::warn!(%error, "this controller could not say that it lives");
            return;
        }
        self.seen.now();
        match head::newest(&self.store, &self.verifier).await {
            Ok(Some(checkpoint)) => head::publish(&self.head, checkpoint),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "the newest log checkpoint cannot be used"),
        }
        match self.store.has_abandoned(&self.own.id, self.gone_after).await {
            Ok(true) => self.abandoned.notify_one(),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "requests that were left open could not be looked for"),
        }
    }
}

//! The change feed: what one controller changed wakes the others.

use std::sync::OnceLock;

use sqlx::postgres::PgConnectOptions;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::limits::{FEED_CHECK_INTERVAL, FEED_RETRY_INTERVAL};
use crate::open::dedicated::Dedicated;
use crate::store::Pools;
use crate::{Store, StoreError};

/// Where commits that changed the fleet's state are told, with the controller's id.
pub(crate) const CHANNEL: &str = "cloister_changed";

/// What a store keeps of its feed.
pub(crate) struct Feed {
    signal: watch::Sender<u64>,
    started: OnceLock<()>,
    stop: CancellationToken,
    _stop_when_dropped: DropGuard,
}

impl Default for Feed {
    fn default() -> Self {
        let stop = CancellationToken::new();
        Self {
            signal: watch::Sender::new(0),
            started: OnceLock::new(),
            _stop_when_dropped: stop.clone().drop_guard(),
            stop,
        }
    }
}

impl Feed {
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }
}

impl Store {
    /// Changes its value whenever another controller may have changed the fleet's state: after each of
    /// its commits with changes, and each time the feed is connected, because what was told before that
    /// was not heard. Several signals may come as one. The value itself means nothing.
    ///
    /// Never fires on SQLite, where nobody else writes. Must be called within a Tokio runtime.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        let receiver = self.feed.signal.subscribe();
        if let Pools::Postgres { options, .. } = &*self.pools {
            self.feed.started.get_or_init(|| {
                let (store, options) = (self.own_id(), PgConnectOptions::clone(options));
                tokio::spawn(follow(options, store, self.feed.signal.clone(), self.feed.stop.clone()));
            });
        }
        receiver
    }
}

/// Which controller this store serves, once it is known; its own changes are no news to it.
pub(crate) type OwnId = std::sync::Arc<OnceLock<String>>;

async fn follow(options: PgConnectOptions, own: OwnId, signal: watch::Sender<u64>, stop: CancellationToken) {
    loop {
        let lost = tokio::select! {
            () = stop.cancelled() => return,
            lost = listen(options.clone(), &own, &signal) => lost,
        };
        tracing::warn!(error = %StoreError::from(lost), "what other controllers change is not heard now");
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(FEED_RETRY_INTERVAL) => {}
        }
    }
}

/// Signals until the connection is lost.
async fn listen(
    options: PgConnectOptions,
    own: &OnceLock<String>,
    signal: &watch::Sender<u64>,
) -> sqlx::Error {
    let connected = async {
        let mut connection = Dedicated::connect(options).await?;
        connection.listen(CHANNEL).await?;
        Ok(connection)
    };
    let mut connection = match connected.await {
        Ok(connection) => connection,
        Err(error) => return error,
    };
    let fire = || signal.send_modify(|count| *count = count.wrapping_add(1));
    fire();
    loop {
        match connection.next(FEED_CHECK_INTERVAL).await {
            Ok(Some(told)) if own.get().is_none_or(|own| own != told.payload()) => fire(),
            Ok(_) => {}
            Err(error) => return error,
        }
    }
}

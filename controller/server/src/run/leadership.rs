//! Which of several controllers leads: by the database, or by the cluster that they run in.

use cloister_store::limits::LEADERSHIP_INTERVAL;
use cloister_store::{LeadershipTask, Store};
use tokio::sync::watch;

/// A candidacy. Whether it leads is in [`Leadership::leading`].
pub(super) struct Leadership {
    leading: watch::Receiver<bool>,
    candidacy: Candidacy,
}

enum Candidacy {
    Database(LeadershipTask),
    #[cfg(feature = "kubernetes")]
    Lease {
        task: tokio::task::JoinHandle<()>,
        stop: tokio_util::sync::CancellationToken,
    },
}

impl Leadership {
    /// On SQLite a controller is alone and leads.
    pub(super) fn by_database(store: &Store) -> Self {
        let (leading, task) = store.leadership(LEADERSHIP_INTERVAL);
        Self { leading, candidacy: Candidacy::Database(task) }
    }

    #[cfg(feature = "kubernetes")]
    pub(super) fn by_lease(
        leading: watch::Receiver<bool>,
        task: tokio::task::JoinHandle<()>,
        stop: tokio_util::sync::CancellationToken,
    ) -> Self {
        Self { leading, candidacy: Candidacy::Lease { task, stop } }
    }

    pub(super) fn leading(&self) -> watch::Receiver<bool> {
        self.leading.clone()
    }

    /// Gives leadership up, so that another controller has it at once and not after a time-out.
    pub(super) async fn resign(self) {
        match self.candidacy {
            Candidacy::Database(task) => task.stop().await,
            #[cfg(feature = "kubernetes")]
            Candidacy::Lease { task, stop } => {
                stop.cancel();
                // A panic has been reported where it happened.
                let _ = task.await;
            }
        }
    }
}

//! The identity in force, shared by all links.

use std::sync::Arc;

use tokio::sync::watch;

use super::Identity;

/// Cheap to clone; all clones are the same one.
#[derive(Debug, Clone)]
pub(crate) struct CurrentIdentity(watch::Sender<Arc<Identity>>);

impl CurrentIdentity {
    pub(crate) fn new(identity: Identity) -> Self {
        Self(watch::Sender::new(Arc::new(identity)))
    }

    pub(crate) fn get(&self) -> Arc<Identity> {
        Arc::clone(&self.0.borrow())
    }

    /// Puts a new one in force; every link moves to it.
    pub(crate) fn replace(&self, identity: Identity) {
        self.0.send_replace(Arc::new(identity));
    }

    /// Whether `identity` is still the one in force.
    pub(crate) fn is(&self, identity: &Arc<Identity>) -> bool {
        Arc::ptr_eq(&self.0.borrow(), identity)
    }

    /// Returns when `identity` is not, or no longer, the one in force.
    pub(crate) async fn replaced(&self, identity: &Arc<Identity>) {
        let mut current = self.0.subscribe();
        // The sender lives as long as `self`.
        let _ = current.wait_for(|current| !Arc::ptr_eq(current, identity)).await;
    }
}

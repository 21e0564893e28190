//! What other controllers committed is news here, too: routes, orders and sessions look at the store again.

use cloister_store::Store;
use tokio_util::sync::CancellationToken;

use crate::fleet::FleetHandle;

pub(super) async fn follow(store: Store, fleet: FleetHandle, stop: CancellationToken) {
    let mut changes = store.changes();
    loop {
        tokio::select! {
            changed = changes.changed() => match changed {
                Ok(()) => fleet.wake(),
                // The store is closed: there will be no more.
                Err(_) => return,
            },
            () = stop.cancelled() => return,
        }
    }
}

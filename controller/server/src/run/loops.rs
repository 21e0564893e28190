//! What a controller does by itself, besides answering.

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::follow::follow;
use super::opened::Opened;
use crate::fleet::{EventKeeper, RouteTable};
use crate::history::History;
use crate::models::peers::{PeerAccess, PeerModels};
use crate::reconcile::Reconciler;

pub(super) struct ByItself {
    pub(super) table: RouteTable,
    /// Whether this controller is the one that decides.
    pub(super) leading: watch::Receiver<bool>,
    /// Where other controllers reach this one.
    pub(super) host: String,
}

impl ByItself {
    /// Each ends at `stop`.
    pub(super) fn spawn(self, opened: Opened, stop: &CancellationToken) -> Vec<JoinHandle<()>> {
        let Opened { store, ledger, ca, fleet_id, fleet, models, admin, cluster, .. } = opened;
        let Self { table, leading, host } = self;
        let access = PeerAccess { ca, fleet_id, controller_id: ledger.controller_id().to_owned(), host };
        let reconciler = Reconciler::new(fleet.clone(), leading.clone());
        let history = History::new(fleet.clone(), leading.clone());
        let events = EventKeeper::new(fleet.clone(), leading.clone());
        let peers = PeerModels::new(fleet.clone(), models, access);
        let mut loops = vec![
            tokio::spawn(reconciler.run(stop.clone())),
            tokio::spawn(events.run(stop.clone())),
            tokio::spawn(table.run(stop.clone())),
            tokio::spawn(peers.run(stop.clone())),
            tokio::spawn(history.run(stop.clone())),
            tokio::spawn(ledger.keep_searchable(stop.clone())),
            tokio::spawn(follow(store, fleet, stop.clone())),
            tokio::spawn(admin.clone().end_imports_at(stop.clone())),
            tokio::spawn(admin.clone().tell_changes(stop.clone())),
        ];
        loops.extend(cluster.map(|cluster| cluster.run_operator(admin, leading, stop.clone())));
        loops
    }
}

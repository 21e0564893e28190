//! Brings the fleet to what is wanted. Level-triggered: an event may wake the loop, never change
//! what it does. Each turn reads the store and the live view, plans, and commits what differs.

mod apply;
mod arrivals;
mod explanation;
mod facts;
mod idleness;
mod orders;
mod preview;
mod refusals;
mod view;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use cloister_ledger::LedgerError;
use cloister_scheduler::{Intent, Plan};
use cloister_store::{Deployment, Node, NodeState, Replica, Store, StoreError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use explanation::{Explanation, RefusedModel, ReplicaSpec};
pub(crate) use facts::ModelFacts;
pub(crate) use preview::Situation;
pub(crate) use view::scheduling;

use self::arrivals::Arrivals;
use self::idleness::Idleness;
use crate::fleet::{FleetHandle, LiveNodes};
use crate::limits::{DRAIN_LOOK_INTERVAL, RECONCILE_INTERVAL};
use crate::trust::Trust;

/// Owns the loop.
pub struct Reconciler {
    fleet: FleetHandle,
    facts: ModelFacts,
    /// Nodes that were not heard from since then count as silent since then.
    started: Instant,
    arrivals: Arrivals,
    idleness: Idleness,
    /// Whether this controller is the one that places. The others look, too: they order what is committed and
    /// can say why, but commit nothing. It saves work and noise; two that lead at once are refused by generations.
    leading: watch::Receiver<bool>,
}

/// One turn could not be finished; the next one tries again.
#[derive(Debug, thiserror::Error)]
enum TurnError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// What the store says.
struct Stored {
    nodes: Vec<Node>,
    deployments: Vec<Deployment>,
    replicas: Vec<Replica>,
    /// Digests of the models that may run: their signers are trusted for their names.
    permitted_models: HashSet<String>,
}

impl Reconciler {
    pub fn new(fleet: FleetHandle, leading: watch::Receiver<bool>) -> Self {
        let facts = ModelFacts::new(fleet.shared.store.clone(), fleet.shared.data.clone());
        let (arrivals, idleness) = (Arrivals::default(), Idleness::default());
        Self { fleet, facts, started: Instant::now(), arrivals, idleness, leading }
    }

    /// Until `stop`. Turns run at every change, and now and then without one: memory is freed and
    /// nodes fall silent without telling.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut changes = self.fleet.shared.subscribe();
        let mut leadership = self.leading.clone();
        while !stop.is_cancelled() {
            changes.mark_unchanged();
            leadership.mark_unchanged();
            if let Err(error) = self.turn().await {
                tracing::error!(%error, "the fleet could not be brought to what is wanted; trying again");
            }
            let pause = if self.idleness.is_watching() { DRAIN_LOOK_INTERVAL } else { RECONCILE_INTERVAL };
            tokio::select! {
                _ = changes.changed() => {}
                // Its sender lives as long as the controller; at the end `stop` comes as well.
                Ok(()) = leadership.changed() => {}
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    async fn turn(&mut self) -> Result<(), TurnError> {
        let mut stored = self.read().await?;
        let is_revoked = |node_id: &str| {
            stored.nodes.iter().any(|node| node.id == node_id && node.state == NodeState::Revoked)
        };
        self.fleet.shared.disconnect_revoked(is_revoked);
        let outcome = self.settle(&stored).await;
        if !matches!(outcome, Ok(false)) {
            // Also after a failure: an earlier deployment's change may have been committed.
            stored = self.read().await?;
        }
        // Orders say what is committed, whatever became of this turn.
        self.fleet.shared.publish_orders(orders::orders(&stored));
        if matches!(outcome, Ok(true)) {
            self.fleet.shared.wake();
        }
        outcome.map(|_| ())
    }

    /// Plans and, where this controller leads, commits; whether anything changed.
    async fn settle(&mut self, stored: &Stored) -> Result<bool, TurnError> {
        let live = self.fleet.live();
        let all_here = self.arrivals.are_all_here(&stored.nodes, &live, self.started.elapsed());
        if !*self.leading.borrow() || !all_here {
            let plan = self.plan(stored, &live).await.1;
            self.fleet.shared.plan.send_replace(Arc::new(plan));
            return Ok(false);
        }
        let refused = self.record_refusals(stored, &live).await?;
        if refused {
            return Ok(true);
        }
        let caught_up = self.outbid_agents(stored, &live).await?;
        if caught_up {
            return Ok(true);
        }
        let (intent, plan) = self.plan(stored, &live).await;
        let changed = self.apply(stored, &intent, &plan).await?;
        self.fleet.shared.plan.send_replace(Arc::new(plan));
        Ok(changed)
    }

    async fn plan(&mut self, stored: &Stored, live: &LiveNodes) -> (Intent, Plan) {
        let intent = self.intent(stored).await;
        self.idleness.look(&stored.replicas, live, Instant::now());
        let situation = Situation { view: self.fleet_view(stored, live), intent };
        let plan = cloister_scheduler::plan(&situation.view, &situation.intent);
        let intent = situation.intent.clone();
        self.fleet.shared.situation.send_replace(Some(Arc::new(situation)));
        (intent, plan)
    }

    async fn read(&self) -> Result<Stored, StoreError> {
        let store = &self.fleet.shared.store;
        Ok(Stored {
            nodes: store.nodes().await?,
            deployments: store.deployments().await?,
            replicas: store.replicas().await?,
            permitted_models: permitted_models(store).await?,
        })
    }
}

async fn permitted_models(store: &Store) -> Result<HashSet<String>, StoreError> {
    let (trust, models) = (Trust::read(store).await?, store.models().await?);
    let untrusted = trust.untrusted(&models);
    Ok(models.into_iter().map(|model| model.digest).filter(|digest| !untrusted.contains(digest)).collect())
}

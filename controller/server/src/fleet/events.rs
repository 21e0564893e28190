//! What happens to replicas, on its way to where people read it. Sessions and reconciler say what they see and never
//! wait; the controller that leads writes it down. What is lost when that fails is an event, never a record.

use std::collections::HashMap;
use std::sync::Mutex;

use cloister_api::EventKind;
use cloister_proto::agent::v1::{ReplicaPhase, ReplicaStatus};
use cloister_store::{ReplicaEvent, StoreError};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{FleetHandle, NodeId};
use crate::limits::{EVENT_QUEUE_MAX, EVENTS_AT_ONCE_MAX, OLD_EVENTS_INTERVAL, REPLICAS_KNOWN_MAX};

/// Something that was seen to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Happening {
    pub(crate) replica_id: String,
    /// Where that is known; else it is looked up.
    pub(crate) deployment_id: Option<String>,
    pub(crate) node_id: Option<NodeId>,
    pub(crate) kind: EventKind,
    pub(crate) detail: String,
    pub(crate) at: Timestamp,
}

/// Where everybody puts what happened.
#[derive(Debug)]
pub(super) struct EventQueue {
    sender: mpsc::Sender<Happening>,
    /// Until somebody takes it to write down what comes.
    receiver: Mutex<Option<mpsc::Receiver<Happening>>>,
}

impl Default for EventQueue {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(EVENT_QUEUE_MAX);
        Self { sender, receiver: Mutex::new(Some(receiver)) }
    }
}

impl EventQueue {
    /// Never blocks: when too much happens at once, some of it goes untold.
    pub(super) fn put(&self, happening: Happening) {
        if self.sender.try_send(happening).is_err() {
            tracing::debug!("an event of a replica is lost: too many wait to be kept");
        }
    }

    fn take(&self) -> Option<mpsc::Receiver<Happening>> {
        self.receiver.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    }
}

/// What a report says that the one before did not; `None` if that is nothing to tell.
pub(super) fn news(before: Option<&ReplicaStatus>, now: &ReplicaStatus) -> Option<(EventKind, String)> {
    let same_phase = before.is_some_and(|before| before.phase == now.phase);
    if same_phase {
        let is_new = before.is_some_and(|before| before.error != now.error) && !now.error.is_empty();
        let restarted = before.is_some_and(|before| before.restarts != now.restarts);
        return match now.phase() {
            ReplicaPhase::Crashed if is_new || restarted => Some((EventKind::Crashed, now.error.clone())),
            _ if is_new => Some((EventKind::Failed, now.error.clone())),
            _ => None,
        };
    }
    Some((kind_of(now.phase())?, now.error.clone()))
}

fn kind_of(phase: ReplicaPhase) -> Option<EventKind> {
    match phase {
        // That it was placed is told already.
        ReplicaPhase::Unspecified | ReplicaPhase::Pending => None,
        ReplicaPhase::Fetching => Some(EventKind::Fetching),
        ReplicaPhase::Verifying => Some(EventKind::Verifying),
        ReplicaPhase::Loading => Some(EventKind::Loading),
        ReplicaPhase::Ready => Some(EventKind::Ready),
        ReplicaPhase::Draining => Some(EventKind::Draining),
        ReplicaPhase::Stopped => Some(EventKind::Stopped),
        ReplicaPhase::Refused => Some(EventKind::Refused),
        ReplicaPhase::Crashed => Some(EventKind::Crashed),
    }
}

/// Writes down what happens, while this controller leads: all agents tell all controllers, and once is enough.
pub struct EventKeeper {
    fleet: FleetHandle,
    leading: watch::Receiver<bool>,
    /// Deployments by replica, also of replicas that are off the books and not yet gone.
    deployments: HashMap<String, String>,
    nodes: HashMap<NodeId, String>,
    ids: ulid::Generator,
}

impl EventKeeper {
    pub fn new(fleet: FleetHandle, leading: watch::Receiver<bool>) -> Self {
        let (deployments, nodes) = (HashMap::new(), HashMap::new());
        Self { fleet, leading, deployments, nodes, ids: ulid::Generator::new() }
    }

    /// Until `stop`. There is one of these in a controller; another one would have nothing to do.
    pub async fn run(mut self, stop: CancellationToken) {
        let Some(mut happenings) = self.fleet.shared.events.take() else { return };
        let mut drop_old_at = Instant::now();
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                _ = happenings.recv_many(&mut batch, EVENTS_AT_ONCE_MAX) => {}
                () = tokio::time::sleep_until(drop_old_at) => {}
                () = stop.cancelled() => return,
            }
            let leads = *self.leading.borrow();
            let old = leads && drop_old_at <= Instant::now();
            if drop_old_at <= Instant::now() {
                drop_old_at = Instant::now() + OLD_EVENTS_INTERVAL;
            }
            let taken = std::mem::take(&mut batch);
            if !leads {
                continue;
            }
            // A database that cannot be written now is told of by everything else that writes.
            if let Err(error) = self.keep(taken, old).await {
                tracing::warn!(%error, "events of replicas could not be kept");
            }
        }
    }

    async fn keep(&mut self, happenings: Vec<Happening>, old: bool) -> Result<(), StoreError> {
        self.know(&happenings).await?;
        let mut events = Vec::with_capacity(happenings.len());
        for happening in happenings {
            events.extend(self.event(happening));
        }
        let store = &self.fleet.shared.store;
        if !events.is_empty() {
            store.keep_events(&events).await?;
        }
        if old {
            store.drop_old_events(Timestamp::now()).await?;
        }
        Ok(())
    }

    /// Looks up what the happenings leave open and is not known yet.
    async fn know(&mut self, happenings: &[Happening]) -> Result<(), StoreError> {
        for happening in happenings {
            if let Some(deployment_id) = &happening.deployment_id {
                self.deployments.insert(happening.replica_id.clone(), deployment_id.clone());
            }
        }
        let store = &self.fleet.shared.store;
        if happenings.iter().any(|happening| !self.deployments.contains_key(&happening.replica_id)) {
            if self.deployments.len() > REPLICAS_KNOWN_MAX {
                self.deployments.clear();
            }
            let replicas = store.replicas().await?;
            self.deployments.extend(replicas.into_iter().map(|row| (row.id, row.deployment_id)));
        }
        let nodes = happenings.iter().filter_map(|happening| happening.node_id.as_ref());
        if nodes.into_iter().any(|id| !self.nodes.contains_key(id)) {
            self.nodes = store.nodes().await?.into_iter().map(|row| (row.id, row.name)).collect();
        }
        Ok(())
    }

    /// `None` for a replica that nobody knows: one of an agent that has not heard yet that it is gone.
    fn event(&mut self, happening: Happening) -> Option<ReplicaEvent> {
        let Happening { replica_id, deployment_id: _, node_id, kind, detail, at } = happening;
        let deployment_id = match (kind, &node_id) {
            (EventKind::Stopped, _) | (EventKind::Removed, None) => self.deployments.remove(&replica_id),
            _ => self.deployments.get(&replica_id).cloned(),
        }?;
        // Two in one millisecond keep their order; a clock that was set back must not break it.
        let id = self.ids.generate().unwrap_or_else(|_| ulid::Ulid::new()).to_string();
        let node_name = node_id.and_then(|id| self.nodes.get(&id).cloned());
        Some(ReplicaEvent {
            id,
            deployment_id,
            replica_id,
            node_name,
            kind: kind.as_str().to_owned(),
            detail,
            at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(phase: ReplicaPhase, error: &str, restarts: u32) -> ReplicaStatus {
        ReplicaStatus { phase: phase.into(), error: error.into(), restarts, ..ReplicaStatus::default() }
    }

    #[test]
    fn what_changed_is_told_and_what_did_not_is_not() {
        use ReplicaPhase::{Crashed, Fetching, Pending, Ready};
        let none = None;
        let some = |phase, error, restarts| Some(status(phase, error, restarts));
        let cases = [
            (none.clone(), status(Pending, "", 0), None),
            (none, status(Ready, "", 0), Some((EventKind::Ready, ""))),
            (some(Pending, "", 0), status(Fetching, "", 0), Some((EventKind::Fetching, ""))),
            (some(Fetching, "", 0), status(Fetching, "", 0), None),
            (some(Fetching, "", 0), status(Fetching, "no space", 0), Some((EventKind::Failed, "no space"))),
            (some(Fetching, "no space", 0), status(Fetching, "", 0), None),
            (some(Ready, "", 0), status(Crashed, "killed", 1), Some((EventKind::Crashed, "killed"))),
            (some(Crashed, "killed", 1), status(Crashed, "killed", 2), Some((EventKind::Crashed, "killed"))),
        ];
        for (before, now, told) in cases {
            let told = told.map(|(kind, detail)| (kind, detail.to_owned()));
            assert_eq!(news(before.as_ref(), &now), told, "{before:?} {now:?}");
        }
    }
}

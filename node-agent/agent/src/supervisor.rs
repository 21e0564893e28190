//! Runs what is ordered: one task and one worker process per replica.

mod board;
mod launch;
mod output;
mod plan;
mod process;
mod replica;
mod speeds;
mod workers;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cloister_proto::agent::v1::{DesiredReplica, DesiredState, ReplicaPhase, ReplicaStatus};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) use board::Board;
pub(crate) use launch::Launcher;
pub(crate) use output::Outputs;
pub(crate) use speeds::{Speeds, Stopwatch};
pub(crate) use workers::{Worker, Workers};

use crate::artifact::Artifacts;
use plan::{Action, plan};
use replica::Replica;

/// Owns every replica of this node.
#[derive(Debug)]
pub(crate) struct Supervisor {
    shared: Arc<Shared>,
    running: Mutex<BTreeMap<String, Running>>,
    /// Set when the agent stops: orders that still arrive start nothing.
    closing: AtomicBool,
    /// Whether an order has come since the start.
    ordered: watch::Sender<bool>,
}

/// What every replica needs.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) artifacts: Artifacts,
    pub(crate) launcher: Launcher,
    pub(crate) board: Arc<Board>,
    pub(crate) workers: Arc<Workers>,
    pub(crate) outputs: Outputs,
}

#[derive(Debug)]
struct Running {
    /// `None` once it was told to stop.
    order: Option<DesiredReplica>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Supervisor {
    pub(crate) fn new(artifacts: Artifacts, launcher: Launcher) -> Self {
        let (board, workers, outputs) = (Arc::default(), Arc::default(), Outputs::default());
        let shared = Shared { artifacts, launcher, board, workers, outputs };
        Self {
            shared: Arc::new(shared),
            running: Mutex::default(),
            closing: AtomicBool::new(false),
            ordered: watch::Sender::new(false),
        }
    }

    /// What is known of every replica.
    pub(crate) fn board(&self) -> &Arc<Board> {
        &self.shared.board
    }

    /// The replicas that can take requests.
    pub(crate) fn workers(&self) -> &Arc<Workers> {
        &self.shared.workers
    }

    /// What the workers wrote.
    pub(crate) fn outputs(&self) -> &Outputs {
        &self.shared.outputs
    }

    /// Works towards `desired` from now on; returns at once. Must be called inside the runtime.
    pub(crate) fn apply(&self, desired: &DesiredState) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if self.closing.load(Ordering::SeqCst) {
            return;
        }
        running.retain(|_, replica| !(replica.order.is_none() && replica.task.is_finished()));
        let current =
            running.iter().filter_map(|(id, replica)| Some((id.clone(), replica.order.clone()?))).collect();
        for action in plan(&current, &desired.replicas) {
            tracing::info!(generation = desired.generation, "{action}");
            self.perform(&mut running, action, desired.generation);
        }
        let ordered = |id: &str| desired.replicas.iter().any(|order| order.replica_id == id);
        self.shared.board.prune(|id| running.contains_key(id) || ordered(id));
        self.shared.outputs.prune(|id| running.contains_key(id) || ordered(id));
        self.shared.artifacts.keep(desired.replicas.iter().map(|order| order.model_digest.clone()).collect());
        self.ordered.send_replace(true);
    }

    /// Returns when the agent has taken up what it had before it was started: an order has come, and each of its
    /// replicas serves, or cannot.
    pub(crate) async fn taken_up(&self) {
        let mut ordered = self.ordered.subscribe();
        let mut changes = self.board().subscribe();
        // Neither sender goes while `self` is there.
        let _ = ordered.wait_for(|ordered| *ordered).await;
        while !self.has_settled() {
            let _ = changes.changed().await;
        }
    }

    fn has_settled(&self) -> bool {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = running.iter().filter(|(_, replica)| replica.order.is_some());
        wanted.map(|(id, _)| id).all(|id| self.shared.board.has_settled(id))
    }

    fn perform(&self, running: &mut BTreeMap<String, Running>, action: Action, generation: u64) {
        match action {
            Action::Start(order) => {
                let before = running.remove(&order.replica_id).map(|replica| replica.task);
                let replica = self.start(order.clone(), generation, before);
                running.insert(order.replica_id, replica);
            }
            Action::Replace(order) => {
                let before = running.remove(&order.replica_id).map(|replica| {
                    replica.stop.cancel();
                    replica.task
                });
                let replica = self.start(order.clone(), generation, before);
                running.insert(order.replica_id, replica);
            }
            Action::Keep(id) => self.shared.board.update(&id, |status| status.generation = generation),
            Action::Stop(id) => {
                Self::tell_to_stop(running, &id);
                self.shared.board.update(&id, |status| status.generation = generation);
            }
            Action::Refuse { replica_id, reason } => {
                Self::tell_to_stop(running, &replica_id);
                self.shared.board.insert(refusal(replica_id, generation, reason));
            }
        }
    }

    fn tell_to_stop(running: &mut BTreeMap<String, Running>, id: &str) {
        if let Some(replica) = running.get_mut(id) {
            replica.order = None;
            replica.stop.cancel();
        }
    }

    /// `before` is the same replica's earlier task: it must have ended (drained) before the new one begins.
    fn start(&self, order: DesiredReplica, generation: u64, before: Option<JoinHandle<()>>) -> Running {
        let stop = CancellationToken::new();
        let replica = Replica::new(Arc::clone(&self.shared), order.clone(), stop.clone());
        let task = tokio::spawn(async move {
            if let Some(before) = before {
                let _ = before.await;
            }
            replica.announce(generation);
            replica.run().await;
        });
        Running { order: Some(order), stop, task }
    }

    /// Says of every replica that serves that it drains, and takes no orders from now on. They go on serving:
    /// whoever routes to them has to hear it first. Returns whether there is one.
    pub(crate) fn announce_drain(&self) -> bool {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        self.closing.store(true, Ordering::SeqCst);
        running.keys().filter(|id| self.shared.board.drains(id)).count() > 0
    }

    /// Drains and ends every replica, all at once; returns when the last worker is gone.
    pub(crate) async fn stop_all(&self) {
        let running = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        for replica in running.values() {
            replica.stop.cancel();
        }
        for (id, replica) in running {
            if replica.task.await.is_err() {
                tracing::error!(replica = id, "the replica's task ended badly; its worker was killed");
            }
        }
    }

    /// Resident bytes of all workers.
    pub(crate) fn resident_bytes(&self) -> u64 {
        self.shared.workers.resident_bytes()
    }
}

fn refusal(replica_id: String, generation: u64, reason: String) -> ReplicaStatus {
    let phase = ReplicaPhase::Refused.into();
    ReplicaStatus { replica_id, generation, phase, error: reason, ..ReplicaStatus::default() }
}

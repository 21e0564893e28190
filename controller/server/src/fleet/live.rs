//! What the controller knows of its nodes right now, from their sessions. Nothing of this is stored:
//! after a restart the nodes report it anew.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use cloister_proto::agent::v1::{CpuTime, Heartbeat, Inventory, ReplicaPhase, ReplicaStatus, Work};
use tokio::sync::watch;

use crate::clock::unix_now_s;

/// Random identifier that enrolment gave to the node.
pub type NodeId = String;
pub type LiveNodes = HashMap<NodeId, Arc<LiveNode>>;

/// One node as it last reported.
#[derive(Debug, Clone, Default)]
pub struct LiveNode {
    /// It has a session, and is heard from in time.
    pub connected: bool,
    /// When its last message came.
    pub last_seen_unix_s: i64,
    /// The same on the clock that never steps; decides how long a node has been silent.
    pub(crate) heard_at: Option<Instant>,
    /// Memory, GPUs and disk in it are those of the last heartbeat.
    pub inventory: Inventory,
    /// Of the last heartbeat; absent before it, and of older agents. So is the next one.
    pub cpu_time: Option<CpuTime>,
    pub work: Option<Work>,
    pub agent_version: String,
    /// Random per agent process.
    pub boot_id: String,
    /// The highest generation that the agent obeys.
    pub generation: u64,
    /// By replica id.
    pub replicas: HashMap<String, ReplicaStatus>,
    /// A worker ended since the memory was measured: more is available than that says.
    pub(crate) has_freed: bool,
}

impl LiveNode {
    /// The replica is loaded and its node is there.
    pub fn serves(&self, replica_id: &str) -> bool {
        self.connected && self.replicas.get(replica_id).is_some_and(|r| r.phase() == ReplicaPhase::Ready)
    }

    pub(crate) fn heard_now(&mut self) {
        self.last_seen_unix_s = unix_now_s();
        self.heard_at = Some(Instant::now());
    }

    /// A replica that is off the books still holds memory there, or has just given it back.
    pub(crate) fn is_freeing(&self, is_on_books: impl Fn(&str) -> bool) -> bool {
        use ReplicaPhase::{Draining, Loading, Ready, Verifying};
        let holds = |status: &ReplicaStatus| {
            matches!(status.phase(), Verifying | Loading | Ready | Draining)
                && !is_on_books(&status.replica_id)
        };
        self.connected && (self.has_freed || self.replicas.values().any(holds))
    }

    pub(crate) fn apply_heartbeat(&mut self, heartbeat: Heartbeat) {
        self.has_freed &= heartbeat.memory.is_none();
        self.inventory.memory = heartbeat.memory.or(self.inventory.memory);
        self.inventory.disk = heartbeat.disk.or_else(|| self.inventory.disk.take());
        if !heartbeat.gpus.is_empty() {
            self.inventory.gpus = heartbeat.gpus;
        }
        (self.cpu_time, self.work) = (heartbeat.cpu_time, heartbeat.work);
    }
}

/// The view that sessions write and everybody reads.
#[derive(Debug)]
pub(crate) struct LiveView {
    nodes: watch::Sender<Arc<LiveNodes>>,
}

impl LiveView {
    pub(crate) fn new() -> Self {
        Self { nodes: watch::Sender::new(Arc::default()) }
    }

    pub(crate) fn snapshot(&self) -> Arc<LiveNodes> {
        Arc::clone(&self.nodes.borrow())
    }

    pub(crate) fn update(&self, node_id: &str, change: impl FnOnce(&mut LiveNode)) {
        self.nodes.send_modify(|nodes| {
            let node = Arc::make_mut(nodes).entry(node_id.to_owned()).or_default();
            change(Arc::make_mut(node));
        });
    }

    pub(crate) fn remove(&self, node_id: &str) {
        self.nodes.send_modify(|nodes| {
            Arc::make_mut(nodes).remove(node_id);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloister_proto::agent::v1::Memory;

    #[test]
    fn a_snapshot_does_not_change_under_its_reader() {
        let view = LiveView::new();
        view.update("n1", |n| n.connected = true);
        let before = view.snapshot();
        view.update("n1", |n| n.connected = false);
        assert!(before["n1"].connected);
        assert!(!view.snapshot()["n1"].connected);
    }

    #[test]
    fn a_replica_serves_only_when_ready_on_a_connected_node() {
        let mut node = LiveNode { connected: true, ..LiveNode::default() };
        assert!(!node.serves("r1"));
        let mut status = ReplicaStatus { replica_id: "r1".into(), ..ReplicaStatus::default() };
        status.set_phase(ReplicaPhase::Loading);
        node.replicas.insert("r1".into(), status.clone());
        assert!(!node.serves("r1"));
        status.set_phase(ReplicaPhase::Ready);
        node.replicas.insert("r1".into(), status);
        assert!(node.serves("r1"));
        node.connected = false;
        assert!(!node.serves("r1"));
    }

    #[test]
    fn a_heartbeat_renews_what_it_carries_and_keeps_the_rest() {
        let memory =
            |available_bytes| Some(Memory { total_bytes: 10, available_bytes, own_workers_bytes: 0 });
        let mut node = LiveNode::default();
        node.inventory.hostname = "box".into();
        node.apply_heartbeat(Heartbeat { memory: memory(5), ..Heartbeat::default() });
        node.apply_heartbeat(Heartbeat::default());
        assert_eq!(node.inventory.memory, memory(5));
        assert_eq!(node.inventory.hostname, "box");
    }
}

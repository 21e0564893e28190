//! What the scheduler is told: the fleet as it is, and what is wanted of it.

use std::collections::BTreeMap;
use std::time::Duration;

/// The fleet as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FleetView {
    pub nodes: Vec<NodeView>,
    /// Every replica on the books, placed or not.
    pub replicas: Vec<ReplicaView>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeView {
    pub id: String,
    pub name: String,
    pub state: NodeState,
    pub scheduling: Scheduling,
    /// ISO 3166 code; empty if its operator gave none.
    pub jurisdiction: String,
    pub labels: BTreeMap<String, String>,
    /// 0 until the node has reported.
    pub memory_total_bytes: u64,
    /// What can be had now without swapping: foreign use, and what loaded replicas hold, is off already.
    pub memory_available_bytes: u64,
    /// A replica that is off the books is giving its memory back there: more will be available soon.
    pub freeing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeState {
    Ready,
    /// Not heard from for so long.
    Unreachable(Duration),
    Revoked,
}

/// Whether a node takes replicas, as somebody decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scheduling {
    #[default]
    Open,
    /// Nothing new is placed; what runs stays.
    Cordoned,
    /// Nothing new is placed, and what runs leaves once it runs elsewhere; with `force` also what nobody else takes.
    Draining { force: bool },
}

/// A replica on the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaView {
    pub id: String,
    pub deployment_id: String,
    /// `None` while unplaced.
    pub node_id: Option<String>,
    /// What it was ordered to run; another one than its deployment's means that it runs an earlier revision.
    pub spec: String,
    /// What it may grow to.
    pub memory_bytes: u64,
    /// What it holds now, already off its node's available memory.
    pub resident_bytes: u64,
    pub ready: bool,
    /// It takes no new requests, and is to go once those that it has have ended.
    pub draining: bool,
    /// It has had no request for long enough that none is on its way.
    pub idle: bool,
    /// Its model may still run: it is there, and its signer is trusted for it.
    pub permitted: bool,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Intent {
    pub deployments: Vec<DeploymentIntent>,
    /// Replicas stay with a node that cannot be reached for this long.
    pub unreachable_grace: Duration,
    /// Memory of every node that is left to the rest of its machine.
    pub headroom_bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentIntent {
    pub id: String,
    pub name: String,
    pub replicas: u32,
    /// Model and settings, as one text; compared, not read.
    pub spec: String,
    /// `None` while its model cannot be read: then nothing new is placed, and what runs stays.
    pub need: Option<MemoryNeed>,
    /// Every pair must be among a node's labels.
    pub node_selector: BTreeMap<String, String>,
    /// Empty: anywhere.
    pub jurisdiction: String,
}

/// What one replica takes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryNeed {
    pub weights_bytes: u64,
    pub kv_bytes: u64,
    pub scratch_bytes: u64,
}

impl MemoryNeed {
    pub fn total_bytes(self) -> u64 {
        self.weights_bytes.saturating_add(self.kv_bytes).saturating_add(self.scratch_bytes)
    }
}

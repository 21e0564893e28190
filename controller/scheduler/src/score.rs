//! Which of several fitting nodes is best, and which of too many replicas goes first. The order of
//! the fields is the policy: earlier ones decide, later ones break ties.

use std::cmp::Reverse;

use crate::capacity::Capacity;
use crate::view::{DeploymentIntent, FleetView, NodeState, NodeView, ReplicaView};

/// The smallest wins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Score<'a> {
    /// Replicas of one deployment are spread, so that one node's loss is not the deployment's.
    pub(crate) replicas_of_deployment: u32,
    /// The emptiest node. In steps, so that a few megabytes of noise do not decide.
    free_steps: Reverse<u64>,
    replicas: u32,
    name: &'a str,
    id: &'a str,
}

const FREE_STEP_BYTES: u64 = 256 << 20;

impl<'a> Score<'a> {
    pub(crate) fn of(node: &'a NodeView, deployment: &DeploymentIntent, capacity: &Capacity) -> Self {
        Self {
            replicas_of_deployment: capacity.replicas_of(&node.id, &deployment.id),
            free_steps: Reverse(capacity.free_bytes(node) / FREE_STEP_BYTES),
            replicas: capacity.replicas(&node.id),
            name: &node.name,
            id: &node.id,
        }
    }
}

/// The smallest is kept longest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Keep<'a> {
    unplaced: bool,
    unreachable: bool,
    not_ready: bool,
    id: &'a str,
}

impl<'a> Keep<'a> {
    pub(crate) fn of(replica: &'a ReplicaView, view: &FleetView) -> Self {
        let node = view.nodes.iter().find(|node| Some(&node.id) == replica.node_id.as_ref());
        Self {
            unplaced: node.is_none(),
            unreachable: node.is_some_and(|node| node.state != NodeState::Ready),
            not_ready: !replica.ready,
            id: &replica.id,
        }
    }
}

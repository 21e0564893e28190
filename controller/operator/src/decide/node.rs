//! FleetNodes: the fleet's nodes, mirrored.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use cloister_api::{Node, NodeState};
use jiff::Timestamp;

use crate::crd::FleetNodeStatus;
use crate::fleet_api::ObservedNode;
use crate::limits::{ACCELERATORS_MAX, NODE_HEARTBEAT_INTERVAL, NODE_UPDATE_INTERVAL};

/// What is to be done about one FleetNode.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    Create(Box<FleetNodeStatus>),
    Update(Box<FleetNodeStatus>),
    Delete,
}

/// One action for each FleetNode, by name, that is not as it should be. `mirrored` has the status of each FleetNode
/// that there is.
pub(crate) fn decide(
    nodes: &[ObservedNode],
    mirrored: &BTreeMap<String, FleetNodeStatus>,
    now: Timestamp,
) -> Vec<(String, Action)> {
    let wanted = by_name(nodes);
    let mut actions = Vec::new();
    for (name, node) in &wanted {
        let fresh = status(node);
        match mirrored.get(name) {
            None => actions.push((name.clone(), Action::Create(Box::new(stamped(fresh, now))))),
            Some(old) if is_due(old, &fresh, now) => {
                actions.push((name.clone(), Action::Update(Box::new(stamped(fresh, now)))));
            }
            Some(_) => {}
        }
    }
    let known: BTreeSet<&String> = wanted.keys().collect();
    actions.extend(
        mirrored.keys().filter(|name| !known.contains(name)).map(|name| (name.clone(), Action::Delete)),
    );
    actions
}

/// One node for each name: of several with one name, the one that is not revoked, and was heard last. Names that
/// Kubernetes does not take are left out: the fleet's own are all taken.
fn by_name(nodes: &[ObservedNode]) -> BTreeMap<String, &ObservedNode> {
    let mut best: BTreeMap<String, &ObservedNode> = BTreeMap::new();
    let rank = |node: &ObservedNode| (node.node.state != NodeState::Revoked, node.node.last_seen_at.clone());
    for node in nodes.iter().filter(|node| is_object_name(&node.node.name)) {
        let slot = best.entry(node.node.name.clone()).or_insert(node);
        if rank(node) > rank(slot) {
            *slot = node;
        }
    }
    best
}

fn is_object_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let label = |label: &str| {
        let bytes = label.as_bytes();
        bytes.first().copied().is_some_and(plain)
            && bytes.last().copied().is_some_and(plain)
            && bytes.iter().all(|byte| plain(*byte) || *byte == b'-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// Whether it is worth a write, and time for it.
fn is_due(old: &FleetNodeStatus, fresh: &FleetNodeStatus, now: Timestamp) -> bool {
    let told_at_once =
        |status: &FleetNodeStatus| (status.id.clone(), status.state.clone(), status.scheduling.clone());
    if told_at_once(old) != told_at_once(fresh) {
        return true;
    }
    let written: Option<Timestamp> = old.updated_at.as_deref().and_then(|at| at.parse().ok());
    let age = written.map_or(NODE_HEARTBEAT_INTERVAL, |at| now.duration_since(at).unsigned_abs());
    let same = |status: &FleetNodeStatus| FleetNodeStatus { updated_at: None, ..status.clone() };
    let steady = |status: &FleetNodeStatus| FleetNodeStatus {
        last_heartbeat: None,
        memory_available_bytes: None,
        ..same(status)
    };
    if steady(old) == steady(fresh) {
        return age >= NODE_HEARTBEAT_INTERVAL && same(old) != same(fresh);
    }
    age >= NODE_UPDATE_INTERVAL
}

fn stamped(status: FleetNodeStatus, now: Timestamp) -> FleetNodeStatus {
    FleetNodeStatus { updated_at: Some(now.to_string()), ..status }
}

fn status(observed: &ObservedNode) -> FleetNodeStatus {
    let Node { cpu, gpus, .. } = &observed.node;
    let accelerators = if gpus.is_empty() { cpu.iter().cloned().collect() } else { gpus.clone() };
    let size = |bytes: Option<u64>| bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
    let node = observed.node.clone();
    FleetNodeStatus {
        id: node.id,
        state: node.state.as_str().to_owned(),
        scheduling: node.scheduling.as_str().to_owned(),
        k8s_node: observed.k8s_node.clone(),
        region: node.region,
        jurisdiction: node.jurisdiction,
        accelerators: accelerators.into_iter().take(ACCELERATORS_MAX).collect(),
        isa: node.isa,
        memory_total_bytes: size(node.memory_total_bytes),
        memory_available_bytes: size(node.memory_available_bytes),
        replicas: node.replicas,
        agent_version: node.agent_version,
        certificate_expires_at: Some(node.certificate_expires_at).filter(|at| !at.is_empty()),
        last_heartbeat: node.last_seen_at,
        updated_at: None,
    }
}

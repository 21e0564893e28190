//! How much of each node is still free while a plan is made.

use std::collections::HashMap;

use crate::view::{FleetView, NodeView, ReplicaView};

/// What is promised on each node, by node id.
pub(crate) struct Capacity {
    headroom_bytes: u64,
    promised: HashMap<String, Promised>,
}

#[derive(Default)]
struct Promised {
    /// What the replicas there may grow to.
    total_bytes: u64,
    /// That, less what they hold already: still to come off the available memory.
    growth_bytes: u64,
    replicas: u32,
    of_deployment: HashMap<String, u32>,
}

impl Capacity {
    /// Counts every replica that is placed now, also those about to go: their memory is not free
    /// before they are gone.
    pub(crate) fn new(view: &FleetView, headroom_bytes: u64) -> Self {
        let mut capacity = Self { headroom_bytes, promised: HashMap::new() };
        for replica in &view.replicas {
            if let Some(node_id) = &replica.node_id {
                let held = replica.resident_bytes;
                capacity.promise(node_id, &replica.deployment_id, replica.memory_bytes, held);
            }
        }
        capacity
    }

    pub(crate) fn promise(&mut self, node_id: &str, deployment_id: &str, bytes: u64, held_bytes: u64) {
        let node = self.promised.entry(node_id.to_owned()).or_default();
        node.total_bytes = node.total_bytes.saturating_add(bytes);
        node.growth_bytes = node.growth_bytes.saturating_add(bytes.saturating_sub(held_bytes));
        node.replicas += 1;
        *node.of_deployment.entry(deployment_id.to_owned()).or_default() += 1;
    }

    /// A replica that is on its way out no longer counts towards the spread of its deployment.
    /// Its memory stays promised.
    pub(crate) fn leaves(&mut self, replica: &ReplicaView) {
        let node = replica.node_id.as_ref().and_then(|id| self.promised.get_mut(id));
        if let Some(count) = node.and_then(|node| node.of_deployment.get_mut(&replica.deployment_id)) {
            *count = count.saturating_sub(1);
        }
    }

    /// Bytes that another replica may take: of what is there now less what is yet to be taken, and
    /// never more than the machine has in all.
    pub(crate) fn free_bytes(&self, node: &NodeView) -> u64 {
        self.free_bytes_without(node, &[])
    }

    /// The same once `gone`, which are on that node now, have given their memory back.
    pub(crate) fn free_bytes_without(&self, node: &NodeView, gone: &[&ReplicaView]) -> u64 {
        let sum = |bytes: fn(&ReplicaView) -> u64| gone.iter().map(|r| bytes(r)).fold(0, u64::saturating_add);
        let held_bytes = sum(|replica| replica.resident_bytes);
        let growth_bytes = sum(|replica| replica.memory_bytes.saturating_sub(replica.resident_bytes));
        let total_bytes = sum(|replica| replica.memory_bytes);
        let none = Promised::default();
        let promised = self.promised.get(&node.id).unwrap_or(&none);
        let available = node.memory_available_bytes.saturating_add(held_bytes);
        let now = available.saturating_sub(promised.growth_bytes.saturating_sub(growth_bytes));
        let at_most =
            node.memory_total_bytes.saturating_sub(promised.total_bytes.saturating_sub(total_bytes));
        now.min(at_most).saturating_sub(self.headroom_bytes)
    }

    pub(crate) fn replicas(&self, node_id: &str) -> u32 {
        self.promised.get(node_id).map_or(0, |node| node.replicas)
    }

    pub(crate) fn replicas_of(&self, node_id: &str, deployment_id: &str) -> u32 {
        self.promised
            .get(node_id)
            .and_then(|node| node.of_deployment.get(deployment_id))
            .copied()
            .unwrap_or(0)
    }
}

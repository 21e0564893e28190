//! What a change of one node would do, asked of the scheduler with what the last turn planned by.

use std::collections::HashSet;

use cloister_scheduler::{Action, FleetView, Intent, NodeChange, Prospect, ReplicaRef, preview};

use crate::fleet::FleetHandle;

/// What a turn planned by.
#[derive(Debug)]
pub(crate) struct Situation {
    pub(crate) view: FleetView,
    pub(crate) intent: Intent,
}

impl FleetHandle {
    /// What would become of the replicas on the node; `None` before the first look at the fleet. As much work as a
    /// plan: not for the executor's threads.
    pub(crate) fn preview(&self, node_id: &str, change: NodeChange) -> Option<Vec<Prospect>> {
        let situation = self.shared.situation.borrow().clone()?;
        Some(preview(&situation.view, &situation.intent, node_id, change))
    }

    /// Replicas that should leave their node, and that no other node can take, as of the last look at the fleet.
    pub(crate) fn held(&self) -> HashSet<String> {
        let plan = self.shared.plan.borrow().clone();
        let held = plan.decisions.iter().filter(|decision| matches!(decision.action, Action::Hold { .. }));
        let ids = held.filter_map(|decision| match &decision.replica {
            ReplicaRef::Existing(id) => Some(id.clone()),
            ReplicaRef::New(_) => None,
        });
        ids.collect()
    }
}

//! Store and live view, as the scheduler wants to see them.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use cloister_proto::agent::v1::ReplicaPhase;
use cloister_scheduler::{
    DeploymentIntent, FleetView, Intent, MemoryNeed, NodeState as Reach, NodeView, ReplicaView, Scheduling,
};
use cloister_store::{Deployment, Node, NodeState, Replica};

use super::{Explanation, Reconciler, ReplicaSpec, Stored};
use crate::fleet::{LiveNode, LiveNodes};
use crate::limits::NODE_HEADROOM_BYTES;

impl Reconciler {
    pub(super) fn fleet_view(&self, stored: &Stored, live: &LiveNodes) -> FleetView {
        let on_books: HashSet<&str> = stored.replicas.iter().map(|replica| replica.id.as_str()).collect();
        let node_view = |node: &Node| {
            let live = live.get(&node.id).map(AsRef::as_ref);
            self.node_view(node, live, |id| on_books.contains(id))
        };
        FleetView {
            nodes: stored.nodes.iter().map(node_view).collect(),
            replicas: stored.replicas.iter().map(|r| self.replica_view(r, stored, live)).collect(),
        }
    }

    fn node_view(
        &self,
        node: &Node,
        live: Option<&LiveNode>,
        is_on_books: impl Fn(&str) -> bool,
    ) -> NodeView {
        let memory = live.and_then(|live| live.inventory.memory).unwrap_or_default();
        NodeView {
            id: node.id.clone(),
            name: node.name.clone(),
            state: self.reach(node, live),
            scheduling: scheduling(node.scheduling),
            jurisdiction: node.jurisdiction.clone(),
            labels: node.labels.clone(),
            memory_total_bytes: memory.total_bytes,
            memory_available_bytes: memory.available_bytes,
            freeing: live.is_some_and(|live| live.is_freeing(is_on_books)),
        }
    }

    fn replica_view(&self, replica: &Replica, stored: &Stored, live: &LiveNodes) -> ReplicaView {
        let status =
            replica.node_id.as_ref().and_then(|id| live.get(id)).and_then(|n| n.replicas.get(&replica.id));
        let explanation = Explanation::of(replica);
        ReplicaView {
            id: replica.id.clone(),
            deployment_id: replica.deployment_id.clone(),
            node_id: replica.node_id.clone(),
            permitted: stored.permitted_models.contains(&explanation.spec.model_digest),
            spec: explanation.spec.fingerprint(),
            memory_bytes: replica.memory_bytes,
            resident_bytes: status.map_or(0, |status| status.resident_bytes),
            ready: status.is_some_and(|status| status.phase() == ReplicaPhase::Ready),
            draining: explanation.draining,
            idle: self.idleness.is_idle(&replica.id, Instant::now()),
        }
    }

    fn reach(&self, node: &Node, live: Option<&LiveNode>) -> Reach {
        match live {
            _ if node.state == NodeState::Revoked => Reach::Revoked,
            Some(live) if live.connected => Reach::Ready,
            // Whole seconds: a plan must not differ from the last one by nanoseconds.
            other => {
                let silent_since = other.and_then(|live| live.heard_at).unwrap_or(self.started);
                Reach::Unreachable(Duration::from_secs(silent_since.elapsed().as_secs()))
            }
        }
    }

    pub(super) async fn intent(&mut self, stored: &Stored) -> Intent {
        self.facts.retain(|digest| stored.deployments.iter().any(|d| d.model_digest == digest));
        let mut deployments = Vec::with_capacity(stored.deployments.len());
        for deployment in &stored.deployments {
            let need = self.need(deployment).await;
            // Revocation drains what runs: a deployment of an untrusted model wants no replica.
            let permitted = stored.permitted_models.contains(&deployment.model_digest);
            let replicas = if permitted { deployment.replicas } else { 0 };
            deployments.push(deployment_intent(deployment, replicas, need));
        }
        let unreachable_grace = self.fleet.shared.settings.unreachable_grace;
        Intent { deployments, unreachable_grace, headroom_bytes: NODE_HEADROOM_BYTES }
    }

    async fn need(&mut self, deployment: &Deployment) -> Option<MemoryNeed> {
        let config = match self.facts.get(&deployment.model_digest).await {
            Ok(config) => config,
            Err(error) => {
                tracing::error!(deployment = %deployment.name, model = %deployment.model_digest, %error, "the memory need is not known");
                return None;
            }
        };
        let estimate = runtime_formats::memory::estimate(
            &config,
            deployment.context_length,
            deployment.max_sequences,
            deployment.kv_tokens,
        );
        Some(MemoryNeed {
            weights_bytes: estimate.weights_bytes,
            kv_bytes: estimate.kv_bytes,
            scratch_bytes: estimate.scratch_bytes,
        })
    }
}

fn deployment_intent(deployment: &Deployment, replicas: u32, need: Option<MemoryNeed>) -> DeploymentIntent {
    DeploymentIntent {
        id: deployment.id.clone(),
        name: deployment.name.clone(),
        replicas,
        spec: ReplicaSpec::of(deployment).fingerprint(),
        need,
        node_selector: deployment.node_selector.clone(),
        jurisdiction: deployment.jurisdiction.clone(),
    }
}

/// As the scheduler calls it.
pub(crate) fn scheduling(stored: cloister_store::Scheduling) -> Scheduling {
    match stored {
        cloister_store::Scheduling::Open => Scheduling::Open,
        cloister_store::Scheduling::Cordoned => Scheduling::Cordoned,
        cloister_store::Scheduling::Draining { force } => Scheduling::Draining { force },
    }
}

//! Small fleets, and what a plan makes of them.

use std::time::Duration;

use crate::*;

pub(super) const GIB: u64 = 1 << 30;

pub(super) fn node(name: &str, total_gib: u64, available_gib: u64) -> NodeView {
    NodeView {
        id: format!("id-{name}"),
        name: name.into(),
        state: NodeState::Ready,
        scheduling: Scheduling::Open,
        jurisdiction: "DE".into(),
        labels: [("zone".to_owned(), "a".to_owned())].into(),
        memory_total_bytes: total_gib * GIB,
        memory_available_bytes: available_gib * GIB,
        freeing: false,
    }
}

pub(super) fn deployment(name: &str, replicas: u32, need_gib: u64) -> DeploymentIntent {
    DeploymentIntent {
        id: name.into(),
        name: name.into(),
        replicas,
        spec: "v1".into(),
        need: Some(MemoryNeed { weights_bytes: need_gib * GIB, kv_bytes: 0, scratch_bytes: 0 }),
        node_selector: Default::default(),
        jurisdiction: String::new(),
    }
}

pub(super) fn intent(deployments: Vec<DeploymentIntent>) -> Intent {
    Intent { deployments, unreachable_grace: Duration::from_secs(60), headroom_bytes: 0 }
}

pub(super) fn view(nodes: Vec<NodeView>) -> FleetView {
    FleetView { nodes, replicas: Vec::new() }
}

/// Carries a plan out on paper: what the next look at the fleet would show before anything loaded.
pub(super) fn carry_out(view: &FleetView, intent: &Intent, plan: &Plan) -> FleetView {
    let mut next = view.clone();
    for decision in &plan.decisions {
        let wanted = intent.deployments.iter().find(|d| d.id == decision.deployment_id);
        match (&decision.replica, &decision.action) {
            (ReplicaRef::Existing(id), Action::Remove { .. }) => next.replicas.retain(|r| r.id != *id),
            (ReplicaRef::Existing(id), _) => {
                let replica = next.replicas.iter_mut().find(|r| r.id == *id).unwrap();
                match &decision.action {
                    Action::Place { node_id } => {
                        replica.node_id = Some(node_id.clone());
                        replica.memory_bytes = wanted.unwrap().need.unwrap().total_bytes();
                    }
                    Action::Drain { .. } => replica.draining = true,
                    _ => {}
                }
            }
            (ReplicaRef::New(_), _) => next.replicas.push(ReplicaView {
                id: free_id(&next),
                deployment_id: decision.deployment_id.clone(),
                node_id: decision.node_id().map(str::to_owned),
                spec: wanted.unwrap().spec.clone(),
                memory_bytes: wanted.unwrap().need.unwrap().total_bytes(),
                resident_bytes: 0,
                ready: false,
                draining: false,
                idle: false,
                permitted: true,
            }),
        }
    }
    next
}

fn free_id(view: &FleetView) -> String {
    let mut ids = (0..).map(|number| format!("new-{number:03}"));
    ids.find(|id| view.replicas.iter().all(|replica| replica.id != *id)).unwrap()
}

/// A replica that is loaded, and has requests.
pub(super) fn serving(id: &str, deployment: &str, node: &str, gib: u64) -> ReplicaView {
    ReplicaView {
        id: id.into(),
        deployment_id: deployment.into(),
        node_id: Some(format!("id-{node}")),
        spec: "v1".into(),
        memory_bytes: gib * GIB,
        resident_bytes: gib * GIB,
        ready: true,
        draining: false,
        idle: false,
        permitted: true,
    }
}

/// Node names by replica, sorted; `-` for unplaced.
pub(super) fn places(view: &FleetView) -> Vec<String> {
    let mut places: Vec<_> = view
        .replicas
        .iter()
        .map(|r| r.node_id.as_deref().map_or("-", |id| id.trim_start_matches("id-")).to_owned())
        .collect();
    places.sort();
    places
}

//! Cordoning, draining and opening nodes, and what a change of one would do.

use std::collections::HashMap;

use cloister_api::{
    Node, NodeChange, NodePreview, NodeVerdict, Outcome, Prospect, SchedulingRequest, SchedulingState,
};
use cloister_evidence::record::{Kind, SubjectKind};
use cloister_proto::agent::v1::ReplicaStatus;
use cloister_scheduler::{NodeChange as Planned, Outcome as Found, Prospect as Decided};
use cloister_store::{Change, Scheduling};

use super::nodes::{Surroundings, find};
use super::replicas::verdict;
use super::{Facts, blocking, changed, commit, subject};
use crate::api::auth::Caller;
use crate::api::{ApiError, ApiState};
use crate::fleet::LiveNode;
use crate::reconcile::scheduling;

/// The same request again changes nothing.
pub(in crate::api) async fn schedule(
    api: &ApiState,
    caller: &Caller,
    node: &str,
    request: SchedulingRequest,
) -> Result<Node, ApiError> {
    let wanted = wanted(request)?;
    let row = find(api, node).await?;
    if row.scheduling == wanted {
        return Ok(Surroundings::read(api).await?.view(row));
    }
    let kind = match wanted {
        Scheduling::Open => Kind::NodeOpened,
        Scheduling::Cordoned => Kind::NodeCordoned,
        Scheduling::Draining { .. } => Kind::NodeDrainStarted,
    };
    let facts = match wanted {
        Scheduling::Draining { force } => Facts::from([("force".to_owned(), force.into())]),
        Scheduling::Open | Scheduling::Cordoned => Facts::new(),
    };
    let draft = changed(kind, caller, subject(SubjectKind::Node, row.id.as_str(), Some(&row.name)), facts);
    let change = Change::SetNodeScheduling { node_id: row.id.clone(), scheduling: wanted };
    let record_id = commit(api, vec![change], draft).await?;
    let row = cloister_store::Node { scheduling: wanted, ..row };
    Ok(Node { record_id: Some(record_id), ..Surroundings::read(api).await?.view(row) })
}

fn wanted(request: SchedulingRequest) -> Result<Scheduling, ApiError> {
    match (request.state, request.force) {
        (SchedulingState::Draining, force) => Ok(Scheduling::Draining { force }),
        (_, true) => Err(ApiError::invalid("force", "only a drain can be forced; leave force out")),
        (SchedulingState::Open, false) => Ok(Scheduling::Open),
        (SchedulingState::Cordoned, false) => Ok(Scheduling::Cordoned),
    }
}

/// Computed by the scheduler itself, on the fleet as the last plan saw it.
pub(in crate::api) async fn preview(
    api: &ApiState,
    node: &str,
    change: NodeChange,
    force: bool,
) -> Result<NodePreview, ApiError> {
    let planned = match (change, force) {
        (NodeChange::Drain, force) => Planned::Schedule(scheduling(Scheduling::Draining { force })),
        (_, true) => {
            return Err(ApiError::invalid("force", "only a drain can be forced; leave force out"));
        }
        (NodeChange::Cordon, false) => Planned::Schedule(scheduling(Scheduling::Cordoned)),
        (NodeChange::Revoke, false) => Planned::Revoke,
    };
    let row = find(api, node).await?;
    let (fleet, node_id) = (api.fleet().clone(), row.id.clone());
    let decided = blocking(move || fleet.preview(&node_id, planned)).await?;
    // Before the first look at the fleet nothing is known to be there.
    let told = Told::read(api, &row).await?;
    let replicas = decided.unwrap_or_default().into_iter().map(|prospect| told.prospect(prospect));
    Ok(NodePreview { node_name: row.name, change, force, replicas: replicas.collect() })
}

/// What the ids in prospects stand for, and what runs on the node now.
struct Told {
    deployments: HashMap<String, String>,
    nodes: HashMap<String, String>,
    live: Option<std::sync::Arc<LiveNode>>,
}

impl Told {
    async fn read(api: &ApiState, node: &cloister_store::Node) -> Result<Self, ApiError> {
        let deployments = api.store().deployments().await?.into_iter().map(|row| (row.id, row.name));
        let nodes = api.store().nodes().await?.into_iter().map(|row| (row.id, row.name));
        let live = api.fleet().live().get(&node.id).cloned();
        Ok(Self { deployments: deployments.collect(), nodes: nodes.collect(), live })
    }

    fn prospect(&self, decided: Decided) -> Prospect {
        let (outcome, to_node_id) = match decided.outcome {
            Found::Stays => (Outcome::Stays, None),
            Found::Moves { node_id } => (Outcome::Moves, node_id),
            Found::Unplaced => (Outcome::Unplaced, None),
            Found::Ends => (Outcome::Ends, None),
        };
        let status = self.live.as_ref().and_then(|node| node.replicas.get(&decided.replica_id));
        let worker = status.and_then(|status: &ReplicaStatus| status.worker.as_ref());
        Prospect {
            deployment: self.deployments.get(&decided.deployment_id).cloned().unwrap_or_default(),
            replica_id: decided.replica_id,
            outcome,
            to_node_name: to_node_id.as_ref().and_then(|id| self.nodes.get(id)).cloned(),
            reason: decided.reason,
            nodes: verdicts(decided.verdicts, to_node_id.as_deref()),
            running: worker.map_or(0, |worker| worker.running),
            waiting: worker.map_or(0, |worker| worker.waiting),
        }
    }
}

fn verdicts(found: Vec<cloister_scheduler::NodeVerdict>, chosen: Option<&str>) -> Vec<NodeVerdict> {
    found.into_iter().map(|one| verdict(one, chosen)).collect()
}

//! What a change of one node would do to the replicas on it: the plan for the fleet as it would be then, and nothing
//! else.

use crate::plan::{Action, Decision, NodeVerdict, ReplicaRef};
use crate::schedule::plan;
use crate::view::{FleetView, Intent, NodeState, Scheduling};

/// What may be done to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeChange {
    Schedule(Scheduling),
    Revoke,
}

/// What would become of one replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prospect {
    pub replica_id: String,
    pub deployment_id: String,
    pub outcome: Outcome,
    /// Why, as a sentence.
    pub reason: String,
    /// The nodes that were considered for it, as in a [`Decision`].
    pub verdicts: Vec<NodeVerdict>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on running where it is.
    Stays,
    /// It goes, and another comes in its place: there, or where one is on the books already.
    Moves { node_id: Option<String> },
    /// It goes, and no node can take another in its place.
    Unplaced,
    /// It goes, and is not missed.
    Ends,
}

/// One prospect for each replica on the node, in the order of deployment names.
pub fn preview(view: &FleetView, intent: &Intent, node_id: &str, change: NodeChange) -> Vec<Prospect> {
    let mut then = view.clone();
    for node in then.nodes.iter_mut().filter(|node| node.id == node_id) {
        match change {
            NodeChange::Schedule(scheduling) => node.scheduling = scheduling,
            NodeChange::Revoke => node.state = NodeState::Revoked,
        }
    }
    let decisions = plan(&then, intent).decisions;
    let is_here = |id: &str| {
        view.replicas.iter().any(|replica| replica.id == id && replica.node_id.as_deref() == Some(node_id))
    };
    let here = decisions.iter().filter_map(|decision| match &decision.replica {
        ReplicaRef::Existing(id) if is_here(id) => Some((id, decision)),
        _ => None,
    });
    let successor = |id: &String| decisions.iter().find(|decision| decision.replaces.as_ref() == Some(id));
    here.map(|(id, decision)| prospect(id, decision, successor(id), change)).collect()
}

fn prospect(id: &str, own: &Decision, successor: Option<&Decision>, change: NodeChange) -> Prospect {
    let drains = matches!(change, NodeChange::Schedule(Scheduling::Draining { .. }));
    let outcome = match (&own.action, successor.map(|successor| &successor.action)) {
        (_, Some(Action::Place { node_id })) => Outcome::Moves { node_id: Some(node_id.clone()) },
        (_, Some(_)) => Outcome::Unplaced,
        (Action::Keep { .. }, None) if drains => Outcome::Moves { node_id: None },
        (Action::Keep { .. } | Action::Hold { .. } | Action::Place { .. } | Action::LeaveUnplaced, None) => {
            Outcome::Stays
        }
        (Action::Drain { .. } | Action::Remove { .. }, None) => Outcome::Ends,
    };
    let told = successor.unwrap_or(own);
    Prospect {
        replica_id: id.to_owned(),
        deployment_id: own.deployment_id.clone(),
        outcome,
        reason: told.reason.clone(),
        verdicts: told.verdicts.clone(),
    }
}

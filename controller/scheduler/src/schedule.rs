//! The algorithm: keep what may stay, remove what must go, place what is missing.

mod rollout;

use std::collections::{BTreeMap, HashMap};

use crate::capacity::Capacity;
use crate::constraint::forbids;
use crate::judgement::Judgement;
use crate::plan::{Action, Decision, NodeVerdict, Plan, ReplicaRef};
use crate::score::{Keep, Score};
use crate::size::ByteSize;
use crate::view::{DeploymentIntent, FleetView, Intent, NodeState, NodeView, ReplicaView};

/// Decides for every replica that exists or is missing.
///
/// Stable: a replica that may stay where it is, stays; one alone moves when all of its deployment run on one node
/// and another could take it. What runs an earlier revision stays until others serve in its place, where there is
/// room for both. Deterministic: ties go by name. Constraints hold for what runs as for what is placed; memory is
/// never promised twice.
pub fn plan(view: &FleetView, intent: &Intent) -> Plan {
    let mut in_order: Vec<_> = view.nodes.iter().collect();
    in_order.sort_by_key(|node| (&node.name, &node.id));
    let mut scheduler = Scheduler {
        in_order,
        nodes: view.nodes.iter().map(|node| (node.id.as_str(), node)).collect(),
        view,
        intent,
        capacity: Capacity::new(view, intent.headroom_bytes),
        decisions: Vec::new(),
    };
    let by_name: BTreeMap<_, _> = intent.deployments.iter().map(|d| ((&d.name, &d.id), d)).collect();
    scheduler.remove_orphans();
    // First what goes, of every deployment: what comes must not be spread around what leaves.
    let kept: Vec<_> = by_name.values().map(|d| (*d, scheduler.settle(d))).collect();
    for (deployment, kept) in kept {
        scheduler.fill(deployment, kept);
    }
    Plan { decisions: scheduler.decisions }
}

struct Scheduler<'a> {
    view: &'a FleetView,
    intent: &'a Intent,
    nodes: HashMap<&'a str, &'a NodeView>,
    /// By name.
    in_order: Vec<&'a NodeView>,
    capacity: Capacity,
    decisions: Vec<Decision>,
}

/// What may be kept of a deployment's replicas.
#[derive(Default)]
struct Kept<'a> {
    placed: Vec<&'a ReplicaView>,
    unplaced: Vec<&'a ReplicaView>,
    /// On nodes that were silent too long: kept only if there is no other place.
    stranded: Vec<&'a ReplicaView>,
    /// They serve an earlier revision, and do so until enough of the present one serve.
    outdated: Vec<&'a ReplicaView>,
}

impl Kept<'_> {
    /// Those of the present revision.
    fn current(&self) -> usize {
        self.placed.len() + self.unplaced.len() + self.stranded.len()
    }
}

impl<'a> Scheduler<'a> {
    fn remove_orphans(&mut self) {
        let view = self.view;
        let orphans =
            view.replicas.iter().filter(|r| !self.intent.deployments.iter().any(|d| d.id == r.deployment_id));
        for replica in sorted_by_id(orphans.collect()) {
            self.remove(replica, &replica.deployment_id, "its deployment was removed".to_owned());
        }
    }

    /// Sorts a deployment's replicas into those that may stay and those that must go.
    fn settle(&mut self, deployment: &'a DeploymentIntent) -> Kept<'a> {
        let view = self.view;
        let mut mine: Vec<_> = view.replicas.iter().filter(|r| r.deployment_id == deployment.id).collect();
        mine.sort_by_key(|replica| Keep::of(replica, view));
        let mut kept = Kept::default();
        let mut outdated = Vec::new();
        let mut count = 0;
        for replica in mine {
            if let Some(reason) = self.must_go(replica, deployment) {
                self.remove(replica, &deployment.name, reason);
            } else if replica.spec != deployment.spec {
                outdated.push(replica);
            } else if count == deployment.replicas {
                let reason = format!("{} replicas are wanted, and others are kept", deployment.replicas);
                self.remove(replica, &deployment.name, reason);
            } else {
                count += 1;
                self.sort_in(replica, &mut kept);
            }
        }
        self.settle_outdated(outdated, deployment, &mut kept);
        kept
    }

    fn must_go(&self, replica: &ReplicaView, deployment: &DeploymentIntent) -> Option<String> {
        if !replica.permitted {
            return Some("its model may not run any more".to_owned());
        }
        let node_id = replica.node_id.as_deref()?;
        let Some(node) = self.nodes.get(node_id) else {
            return Some("its node is gone from the fleet".to_owned());
        };
        forbids(node, deployment).map(|unfit| format!("{} {unfit}", node.name))
    }

    fn sort_in(&mut self, replica: &'a ReplicaView, kept: &mut Kept<'a>) {
        let node = replica.node_id.as_deref().and_then(|id| self.nodes.get(id));
        match node.map(|node| node.state) {
            None => kept.unplaced.push(replica),
            Some(NodeState::Unreachable(silence)) if silence >= self.intent.unreachable_grace => {
                self.capacity.leaves(replica);
                kept.stranded.push(replica);
            }
            Some(_) => kept.placed.push(replica),
        }
    }

    fn fill(&mut self, deployment: &'a DeploymentIntent, kept: Kept<'a>) {
        let missing = rollout::missing_now(deployment, &kept);
        let rollout = rollout::Rollout::of(deployment, &kept, missing);
        let mut next_new = 0;
        let mut placed = kept.placed;
        let moving = self.is_crowded(deployment, &placed).then(|| placed.pop()).flatten();
        for replica in placed {
            self.keep(replica, deployment);
        }
        if let Some(replica) = moving {
            let reason =
                "all replicas of this deployment are on its node, and another can take one".to_owned();
            self.remove(replica, &deployment.name, reason);
            self.place(ReplicaRef::New(next_new), deployment);
            next_new += 1;
        }
        for replica in kept.stranded {
            self.rescue(replica, deployment, &mut next_new);
        }
        let mut all_placed = true;
        for replica in kept.unplaced {
            all_placed &= self.place(ReplicaRef::Existing(replica.id.clone()), deployment);
        }
        for _ in 0..missing {
            all_placed &= self.place(ReplicaRef::New(next_new), deployment);
            next_new += 1;
        }
        self.decide_outdated(kept.outdated, deployment, &rollout, all_placed);
    }

    /// Whether one node's loss would be the deployment's, needlessly: after a node was away, the others have its
    /// replicas. One of them moves, and only while the rest serve.
    fn is_crowded(&self, deployment: &'a DeploymentIntent, placed: &[&ReplicaView]) -> bool {
        let Some(node_id) = placed.first().and_then(|replica| replica.node_id.as_deref()) else {
            return false;
        };
        let together =
            placed.iter().all(|replica| replica.ready && replica.node_id.as_deref() == Some(node_id));
        let all_here = placed.len() >= 2 && placed.len() == deployment.replicas as usize && together;
        let is_there = self.nodes.get(node_id).is_some_and(|node| node.state == NodeState::Ready);
        all_here
            && is_there
            && Judgement::of(&self.in_order, deployment, &self.capacity)
                .fitting()
                .any(|node| node.id != node_id)
    }

    fn keep(&mut self, replica: &ReplicaView, deployment: &DeploymentIntent) {
        let Some(node) = replica.node_id.as_deref().and_then(|id| self.nodes.get(id)) else { return };
        let reason = match node.state {
            NodeState::Unreachable(silence) => format!(
                "{} has not been heard from for {} s; it is given {} s before the replica is placed elsewhere",
                node.name,
                silence.as_secs(),
                self.intent.unreachable_grace.as_secs()
            ),
            NodeState::Ready | NodeState::Revoked => format!("it is on {} and may stay there", node.name),
        };
        let action = Action::Keep { node_id: node.id.clone() };
        self.decide(ReplicaRef::Existing(replica.id.clone()), deployment, action, reason, Vec::new());
    }

    /// Replaces a replica on a silent node, if another node can take it.
    fn rescue(&mut self, replica: &ReplicaView, deployment: &'a DeploymentIntent, next_new: &mut u32) {
        let Some(node) = replica.node_id.as_deref().and_then(|id| self.nodes.get(id)).copied() else {
            return;
        };
        let NodeState::Unreachable(silence) = node.state else { return };
        let silent = format!("{} has not been heard from for {} s", node.name, silence.as_secs());
        let judgement = Judgement::of(&self.in_order, deployment, &self.capacity);
        if judgement.fitting().next().is_some() {
            self.remove(replica, &deployment.name, format!("{silent}; another node takes its place"));
            self.place(ReplicaRef::New(*next_new), deployment);
            *next_new += 1;
        } else {
            let reason =
                format!("{silent}, and no other node can take the replica: it waits for {}", node.name);
            let action = Action::Keep { node_id: node.id.clone() };
            let verdicts = judgement.told(None, &self.capacity);
            self.decide(ReplicaRef::Existing(replica.id.clone()), deployment, action, reason, verdicts);
        }
    }

    /// On the best node; whether there is one.
    fn place(&mut self, replica: ReplicaRef, deployment: &'a DeploymentIntent) -> bool {
        let judgement = Judgement::of(&self.in_order, deployment, &self.capacity);
        let best = judgement.fitting().min_by_key(|node| Score::of(node, deployment, &self.capacity));
        let verdicts = judgement.told(best.map(|node| node.id.as_str()), &self.capacity);
        let Some(node) = best else {
            let reason = match judgement.count() {
                0 => "the fleet has no node; enrol one with a join token".to_owned(),
                1 => "the fleet's only node cannot take it".to_owned(),
                n => format!("none of {n} nodes can take it"),
            };
            self.decide(replica, deployment, Action::LeaveUnplaced, reason, verdicts);
            return false;
        };
        let reason = self.reason_for(node, deployment, judgement.fitting().count());
        let need = deployment.need.unwrap_or_default();
        self.capacity.promise(&node.id, &deployment.id, need.total_bytes(), 0);
        self.decide(replica, deployment, Action::Place { node_id: node.id.clone() }, reason, verdicts);
        true
    }

    fn reason_for(&self, node: &NodeView, deployment: &DeploymentIntent, fitting: usize) -> String {
        let (name, free) = (&node.name, ByteSize(self.capacity.free_bytes(node)));
        if fitting == 1 {
            return format!("placed on {name}: no other node can take it; {free} are free there");
        }
        let here = self.capacity.replicas_of(&node.id, &deployment.id);
        format!(
            "placed on {name}: of {fitting} nodes that can take it, it has the fewest replicas of this deployment \
             ({here}) and then the most free memory ({free})"
        )
    }

    fn remove(&mut self, replica: &ReplicaView, deployment: &str, reason: String) {
        self.capacity.leaves(replica);
        self.decisions.push(Decision {
            replica: ReplicaRef::Existing(replica.id.clone()),
            deployment_id: replica.deployment_id.clone(),
            deployment: deployment.to_owned(),
            action: Action::Remove { node_id: replica.node_id.clone() },
            reason,
            verdicts: Vec::new(),
        });
    }

    fn decide(
        &mut self,
        replica: ReplicaRef,
        deployment: &DeploymentIntent,
        action: Action,
        reason: String,
        verdicts: Vec<NodeVerdict>,
    ) {
        let (deployment_id, deployment) = (deployment.id.clone(), deployment.name.clone());
        self.decisions.push(Decision { replica, deployment_id, deployment, action, reason, verdicts });
    }
}

fn sorted_by_id(mut replicas: Vec<&ReplicaView>) -> Vec<&ReplicaView> {
    replicas.sort_by_key(|replica| &replica.id);
    replicas
}

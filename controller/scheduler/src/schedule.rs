//! The algorithm: keep what may stay, remove what must go, place what is missing.

mod drain;
mod place;
mod rollout;

use std::collections::{BTreeMap, HashMap};

use self::rollout::Rollout;
use crate::capacity::Capacity;
use crate::constraint::forbids;
use crate::judgement::Judgement;
use crate::plan::{Action, Decision, NodeVerdict, Plan, ReplicaRef};
use crate::score::Keep;
use crate::view::{DeploymentIntent, FleetView, Intent, NodeState, NodeView, ReplicaView, Scheduling};

/// Decides for every replica that exists or is missing.
///
/// Stable: a replica that may stay where it is, stays; one alone moves when all of its deployment run on one node
/// and another could take it. What is on a node that is being drained, and what runs an earlier revision, stays until
/// others serve in its place, where there is room for both. Deterministic: ties go by name. Constraints hold for what
/// runs as for what is placed; memory is never promised twice.
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
    /// On nodes that are being drained: kept until others serve in their place. They are beside the number wanted.
    leaving: Vec<&'a ReplicaView>,
    /// They serve an earlier revision, and do so until enough of the present one serve.
    outdated: Vec<&'a ReplicaView>,
    /// Of those that ran an earlier revision: so many still have requests to end.
    ending: usize,
    /// Had to go at once: what is new comes in the place of these.
    gone: Vec<&'a ReplicaView>,
}

impl Kept<'_> {
    /// Those of the present revision that need not leave.
    fn current(&self) -> usize {
        self.placed.len() + self.unplaced.len() + self.stranded.len()
    }
}

/// What was decided of one replica.
struct Choice {
    action: Action,
    reason: String,
    verdicts: Vec<NodeVerdict>,
}

/// The new replicas of one deployment.
struct Newcomers<'a> {
    deployment: &'a DeploymentIntent,
    count: u32,
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
                kept.gone.push(replica);
            } else if replica.spec != deployment.spec {
                outdated.push(replica);
            } else if deployment.replicas > 0 && self.is_leaving(replica) {
                kept.leaving.push(replica);
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
        let serving = self.serving(&kept.placed);
        let vacancies = (deployment.replicas as usize).saturating_sub(kept.current());
        let rollout = Rollout::of(deployment, &kept);
        let mut new = Newcomers { deployment, count: 0 };
        self.keep_placed(kept.placed, &mut new);
        for replica in kept.stranded {
            self.rescue(replica, &mut new);
        }
        let mut all_placed = true;
        for replica in kept.unplaced {
            all_placed &= self.place(ReplicaRef::Existing(replica.id.clone()), deployment, None);
        }
        let vacancies = self.let_go(&kept.leaving, serving, vacancies, &mut new);
        let missing = rollout.missing_now(vacancies, all_placed);
        // The last of the outdated ones is the first to go.
        let mut former = kept.gone.into_iter().chain(kept.outdated.iter().rev().copied());
        for _ in 0..missing {
            all_placed &= self.place_new(&mut new, former.next());
        }
        if !kept.outdated.is_empty() {
            self.decide_outdated(&kept.outdated, &rollout, missing, all_placed);
        }
    }

    /// They stay, but for one that moves where all are on one node.
    fn keep_placed(&mut self, mut placed: Vec<&'a ReplicaView>, new: &mut Newcomers<'a>) {
        let deployment = new.deployment;
        let moving = self.is_crowded(deployment, &placed).then(|| placed.pop()).flatten();
        for replica in placed {
            self.keep(replica, deployment);
        }
        if let Some(replica) = moving {
            let reason =
                "all replicas of this deployment are on its node, and another can take one".to_owned();
            self.remove(replica, &deployment.name, reason);
            self.place_new(new, Some(replica));
        }
    }

    fn serving(&self, replicas: &[&ReplicaView]) -> usize {
        replicas.iter().filter(|replica| self.serves(replica)).count()
    }

    /// It is loaded, and its node is there.
    fn serves(&self, replica: &ReplicaView) -> bool {
        replica.ready && self.node_of(replica).is_some_and(|node| node.state == NodeState::Ready)
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
        // What runs on a cordoned node stays there.
        let is_open =
            |node: &&NodeView| node.state == NodeState::Ready && node.scheduling == Scheduling::Open;
        let is_there = self.nodes.get(node_id).is_some_and(is_open);
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
        self.decide_of(replica, deployment, Action::Keep { node_id: node.id.clone() }, reason);
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
            replaces: None,
        });
    }

    /// Of a replica for which no node had to be judged.
    fn decide_of(
        &mut self,
        replica: &ReplicaView,
        deployment: &DeploymentIntent,
        action: Action,
        reason: String,
    ) {
        let choice = Choice { action, reason, verdicts: Vec::new() };
        self.decide(ReplicaRef::Existing(replica.id.clone()), deployment, choice, None);
    }

    fn decide(
        &mut self,
        replica: ReplicaRef,
        deployment: &DeploymentIntent,
        choice: Choice,
        replaces: Option<&ReplicaView>,
    ) {
        let Choice { action, reason, verdicts } = choice;
        self.decisions.push(Decision {
            replica,
            deployment_id: deployment.id.clone(),
            deployment: deployment.name.clone(),
            action,
            reason,
            verdicts,
            replaces: replaces.map(|replica| replica.id.clone()),
        });
    }
}

fn sorted_by_id(mut replicas: Vec<&ReplicaView>) -> Vec<&ReplicaView> {
    replicas.sort_by_key(|replica| &replica.id);
    replicas
}

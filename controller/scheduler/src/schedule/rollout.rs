//! From one revision of a deployment to the next: first the new replica, then the old one goes, where a node has room
//! for both. Where none has, one old replica makes room, and only if that is enough.

use super::{Kept, Scheduler};
use crate::constraint::forbids;
use crate::plan::{Action, ReplicaRef};
use crate::view::{DeploymentIntent, NodeState, NodeView, ReplicaView};

/// So many replicas may be there beyond those that are wanted, while a revision replaces another.
const SURGE: usize = 1;

/// How far the present revision has come.
pub(super) struct Rollout {
    /// More replicas are there, or on the books, than are wanted: the new one waits for room and for nothing else.
    is_beyond_wanted: bool,
    /// A replica of the present revision is still on its way.
    is_one_coming: bool,
}

impl Rollout {
    pub(super) fn of(deployment: &DeploymentIntent, kept: &Kept<'_>, missing: usize) -> Self {
        let total = kept.current() + kept.outdated.len() + missing;
        Self {
            is_beyond_wanted: total > deployment.replicas as usize,
            is_one_coming: kept.placed.iter().any(|replica| !replica.ready),
        }
    }
}

/// How many new replicas are to be placed in this plan. While one that there is finds no place, no other would.
pub(super) fn missing_now(deployment: &DeploymentIntent, kept: &Kept<'_>) -> usize {
    let wanted = deployment.replicas as usize;
    let missing = wanted.saturating_sub(kept.current());
    if kept.outdated.is_empty() {
        return missing;
    }
    if !kept.unplaced.is_empty() {
        return 0;
    }
    missing.min((wanted + SURGE).saturating_sub(kept.current() + kept.outdated.len()))
}

impl<'a> Scheduler<'a> {
    /// Of those that run an earlier revision, as many as are needed to serve meanwhile may stay.
    pub(super) fn settle_outdated(
        &mut self,
        outdated: Vec<&'a ReplicaView>,
        deployment: &'a DeploymentIntent,
        kept: &mut Kept<'a>,
    ) {
        let serving = kept.placed.iter().filter(|replica| self.serves(replica)).count();
        let needed = (deployment.replicas as usize).saturating_sub(serving);
        for replica in outdated {
            // It is not to draw others of its deployment away from its node, whether it stays or goes.
            if self.serves(replica) && kept.outdated.len() < needed {
                self.capacity.leaves(replica);
                kept.outdated.push(replica);
            } else {
                let reason = "it runs an earlier revision of its deployment".to_owned();
                self.remove(replica, &deployment.name, reason);
            }
        }
    }

    fn serves(&self, replica: &ReplicaView) -> bool {
        replica.ready && self.node_of(replica).is_some_and(|node| node.state == NodeState::Ready)
    }

    fn node_of(&self, replica: &ReplicaView) -> Option<&'a NodeView> {
        self.nodes.get(replica.node_id.as_deref()?).copied()
    }

    /// They stay; but where a new one finds no place, and nothing else makes room for it, one of them does.
    pub(super) fn decide_outdated(
        &mut self,
        outdated: Vec<&'a ReplicaView>,
        deployment: &'a DeploymentIntent,
        rollout: &Rollout,
        all_placed: bool,
    ) {
        let must_make_room = !all_placed
            && rollout.is_beyond_wanted
            && !rollout.is_one_coming
            && !self.is_room_coming(deployment);
        let leaving = if must_make_room { self.fewest_that_make_room(&outdated, deployment) } else { vec![] };
        let why = match (all_placed, must_make_room && leaving.is_empty()) {
            (_, true) => "no node can take one of the present revision, even without it",
            (true, _) | (false, false) => "it serves until one of the present revision does",
        };
        for replica in outdated {
            if leaving.contains(&replica) {
                let reason = "no node has room for two revisions, and it makes room for the present one";
                self.remove(replica, &deployment.name, reason.to_owned());
            } else if let Some(node_id) = replica.node_id.clone() {
                let reason = format!("it runs an earlier revision of its deployment: {why}");
                let replica = ReplicaRef::Existing(replica.id.clone());
                self.decide(replica, deployment, Action::Keep { node_id }, reason, Vec::new());
            }
        }
    }

    /// Whether a replica of this deployment leaves a node already, or a node that could do is about to have more memory.
    fn is_room_coming(&self, deployment: &DeploymentIntent) -> bool {
        let leaves = |action: &Action| matches!(action, Action::Remove { node_id: Some(_) });
        self.decisions.iter().any(|d| d.deployment_id == deployment.id && leaves(&d.action))
            || self.in_order.iter().any(|node| node.freeing && forbids(node, deployment).is_none())
    }

    /// The fewest replicas of one node whose leaving lets a new one in there; none if even all are not enough.
    fn fewest_that_make_room(
        &self,
        outdated: &[&'a ReplicaView],
        deployment: &DeploymentIntent,
    ) -> Vec<&'a ReplicaView> {
        let Some(need) = deployment.need else { return Vec::new() };
        let of_node = |node: &NodeView| {
            let here: Vec<_> =
                outdated.iter().copied().filter(|r| r.node_id.as_deref() == Some(&node.id)).collect();
            let enough = |count: &usize| {
                let gone = here.get(..*count).unwrap_or_default();
                self.capacity.free_bytes_without(node, gone) >= need.total_bytes()
            };
            let count = (1..=here.len()).find(enough)?;
            Some(here.into_iter().take(count).collect::<Vec<_>>())
        };
        let ready = self.in_order.iter().filter(|node| node.state == NodeState::Ready);
        ready.filter_map(|node| of_node(node)).min_by_key(Vec::len).unwrap_or_default()
    }
}

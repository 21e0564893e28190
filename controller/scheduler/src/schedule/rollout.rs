//! From one revision of a deployment to the next: first the new replica, then the old one takes no new requests and
//! goes, where a node has room for both. Where none has, one old replica makes room, and only if that is enough.

use super::{Choice, Kept, Scheduler};
use crate::constraint::forbids;
use crate::judgement::Judgement;
use crate::plan::{Action, ReplicaRef};
use crate::view::{DeploymentIntent, NodeState, NodeView, ReplicaView, Scheduling};

/// So many replicas may be there beyond those that are wanted, while a revision replaces another.
const SURGE: usize = 1;

/// How far the present revision has come.
pub(super) struct Rollout<'a> {
    deployment: &'a DeploymentIntent,
    /// Of the present revision, that need not leave their nodes.
    current: usize,
    /// Of the present revision, that others are to replace elsewhere.
    leaving: usize,
    outdated: usize,
    ending: usize,
    /// For so many of those that are wanted there is none of the present revision.
    vacancies: usize,
    /// A replica of the present revision is still on its way.
    is_one_coming: bool,
}

impl<'a> Rollout<'a> {
    pub(super) fn of(deployment: &'a DeploymentIntent, kept: &Kept<'_>) -> Self {
        let current = kept.current();
        Self {
            deployment,
            current,
            leaving: kept.leaving.iter().filter(|replica| !replica.draining).count(),
            outdated: kept.outdated.len(),
            ending: kept.ending,
            vacancies: (deployment.replicas as usize).saturating_sub(current),
            is_one_coming: kept.placed.iter().any(|replica| !replica.ready),
        }
    }

    /// How many new replicas are to be placed in this plan, besides those for what leaves its node, which left so
    /// many `vacancies`. While one that is there finds no place, no other would.
    pub(super) fn missing_now(&self, vacancies: usize, all_placed: bool) -> usize {
        if self.outdated + self.ending == 0 {
            return vacancies;
        }
        if !all_placed {
            return 0;
        }
        let for_leaving = self.vacancies.saturating_sub(vacancies);
        let there = self.current + for_leaving + self.outdated + self.ending;
        vacancies.min((self.deployment.replicas as usize + SURGE).saturating_sub(there))
    }

    /// More replicas are there, or on the books, than are wanted: the new one waits for room and for nothing else.
    fn is_beyond_wanted(&self, missing: usize) -> bool {
        self.current + self.leaving + self.outdated + missing > self.deployment.replicas as usize
    }
}

impl<'a> Scheduler<'a> {
    /// Of those that run an earlier revision, as many as are needed to serve meanwhile may stay.
    pub(super) fn settle_outdated(
        &mut self,
        mut outdated: Vec<&'a ReplicaView>,
        deployment: &'a DeploymentIntent,
        kept: &mut Kept<'a>,
    ) {
        let leaving: Vec<_> = kept.leaving.iter().copied().filter(|replica| !replica.draining).collect();
        let serving = self.serving(&kept.placed) + self.serving(&leaving);
        let needed = (deployment.replicas as usize).saturating_sub(serving);
        // Those whose nodes are being drained go first.
        outdated.sort_by_key(|replica| self.is_leaving(replica));
        for replica in outdated {
            if self.serves(replica) && !replica.draining && kept.outdated.len() < needed {
                // It is not to draw others of its deployment away from its node, whether it stays or goes.
                self.capacity.leaves(replica);
                kept.outdated.push(replica);
            } else if self.end_outdated(replica, deployment) {
                self.capacity.leaves(replica);
                kept.ending += 1;
            }
        }
    }

    /// It is not needed any more; whether it has requests to end first.
    fn end_outdated(&mut self, replica: &ReplicaView, deployment: &DeploymentIntent) -> bool {
        let reason = "it runs an earlier revision of its deployment".to_owned();
        if deployment.replicas == 0 || !self.serves(replica) {
            self.remove(replica, &deployment.name, reason);
        } else if replica.draining {
            self.finish(replica, deployment);
        } else {
            self.end(replica, deployment, format!("{reason}, and others serve in its place"));
        }
        self.decisions.last().is_some_and(|decision| !matches!(decision.action, Action::Remove { .. }))
    }

    /// They stay; but where a new one finds no place, and nothing else makes room for it, one of them does.
    pub(super) fn decide_outdated(
        &mut self,
        outdated: &[&'a ReplicaView],
        rollout: &Rollout<'a>,
        missing: usize,
        all_placed: bool,
    ) {
        let deployment = rollout.deployment;
        let is_stuck = !all_placed && !self.is_one_coming(rollout) && !self.is_room_coming(rollout);
        let must_make_room = is_stuck && rollout.is_beyond_wanted(missing);
        let going = if must_make_room { self.fewest_that_make_room(outdated, deployment) } else { vec![] };
        let why = match must_make_room && going.is_empty() {
            true => "no node can take one of the present revision, even without it",
            false => "it serves until one of the present revision does",
        };
        for replica in outdated {
            if going.contains(replica) {
                let reason = "no node has room for two revisions, and it makes room for the present one";
                self.remove(replica, &deployment.name, reason.to_owned());
            } else if is_stuck && going.is_empty() && self.is_leaving(replica) {
                self.hold_outdated(replica, deployment);
            } else if let Some(node_id) = replica.node_id.clone() {
                let reason = format!("it runs an earlier revision of its deployment: {why}");
                self.decide_of(replica, deployment, Action::Keep { node_id }, reason);
            }
        }
    }

    /// Its node is being drained, and nothing takes its place: it stays, unless force was asked for.
    fn hold_outdated(&mut self, replica: &ReplicaView, deployment: &'a DeploymentIntent) {
        let Some(node) = self.node_of(replica) else { return };
        let name = &node.name;
        let why = format!("{name} is being drained, and no other node can take one of the present revision");
        if node.scheduling == (Scheduling::Draining { force: true }) {
            return self.end(replica, deployment, format!("{why}: it ends, by force"));
        }
        let judgement = Judgement::of(&self.in_order, deployment, &self.capacity);
        let verdicts = judgement.told(None, &self.capacity);
        let (action, reason) =
            (Action::Hold { node_id: node.id.clone() }, format!("{why}: it stays on {name}"));
        let choice = Choice { action, reason, verdicts };
        self.decide(ReplicaRef::Existing(replica.id.clone()), deployment, choice, None);
    }

    /// Whether one of the present revision loads, or was just given a place.
    fn is_one_coming(&self, rollout: &Rollout<'_>) -> bool {
        let mut mine = self.decisions.iter().filter(|d| d.deployment_id == rollout.deployment.id);
        rollout.is_one_coming || mine.any(|d| matches!(d.action, Action::Place { .. }))
    }

    /// Whether a replica of this deployment leaves a node already, or a node that could do is about to have more memory.
    fn is_room_coming(&self, rollout: &Rollout<'_>) -> bool {
        let deployment = rollout.deployment;
        let leaves = |action: &Action| matches!(action, Action::Remove { node_id: Some(_) });
        rollout.ending > 0
            || self.decisions.iter().any(|d| d.deployment_id == deployment.id && leaves(&d.action))
            || self.in_order.iter().any(|node| node.freeing && takes_new(node, deployment))
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
        let open = self.in_order.iter().filter(|node| takes_new(node, deployment));
        open.filter_map(|node| of_node(node)).min_by_key(Vec::len).unwrap_or_default()
    }
}

/// Whether the node takes new replicas of the deployment when it has the memory.
fn takes_new(node: &NodeView, deployment: &DeploymentIntent) -> bool {
    node.state == NodeState::Ready
        && node.scheduling == Scheduling::Open
        && forbids(node, deployment).is_none()
}

//! Replicas on nodes that are being drained: another serves first, then the old one takes no new requests, ends those
//! that it has, and goes.

use super::{Choice, Newcomers, Scheduler};
use crate::judgement::Judgement;
use crate::plan::{Action, ReplicaRef};
use crate::view::{DeploymentIntent, NodeState, NodeView, ReplicaView, Scheduling};

impl<'a> Scheduler<'a> {
    /// Whether it is to go in good order. On a node that was silent too long there is nothing left to do in order.
    pub(super) fn is_leaving(&self, replica: &ReplicaView) -> bool {
        let Some(node) = self.node_of(replica) else { return false };
        let is_drained = matches!(node.scheduling, Scheduling::Draining { .. });
        replica.draining || (is_drained && !self.is_lost(node))
    }

    /// Decides of the replicas that are to leave. `serving` others serve already; for `vacancies` of those wanted
    /// there is no other on the books, and the number of those that are left is given back.
    pub(super) fn let_go(
        &mut self,
        leaving: &[&'a ReplicaView],
        serving: usize,
        vacancies: usize,
        new: &mut Newcomers<'a>,
    ) -> usize {
        let deployment = new.deployment;
        let (draining, mut staying): (Vec<_>, Vec<_>) = leaving.iter().partition(|replica| replica.draining);
        for replica in draining {
            self.finish(replica, deployment);
        }
        // What does not serve is not missed: it goes first. The order must not change while a drain goes on, or
        // another replica each time would be the one that finds no place.
        staying.sort_by_key(|replica| (replica.ready, &replica.id));
        let needed = (deployment.replicas as usize).saturating_sub(serving).min(staying.len());
        let without_another = needed.min(vacancies);
        for (index, replica) in staying.iter().enumerate() {
            let left = staying.len() - index;
            if left > needed {
                self.end(replica, deployment, surplus(deployment, serving));
            } else if left > without_another {
                self.wait_for_another(replica, deployment);
            } else {
                self.replace(replica, new);
            }
        }
        vacancies - without_another
    }

    /// Another one is placed before it goes. Where no other node can take it, it stays, unless force was asked for.
    fn replace(&mut self, replica: &'a ReplicaView, new: &mut Newcomers<'a>) {
        let Some(node) = self.node_of(replica) else { return };
        let judgement = Judgement::of(&self.in_order, new.deployment, &self.capacity);
        if judgement.fitting().next().is_some() {
            self.place_new(new, Some(replica));
            self.wait_for_another(replica, new.deployment);
        } else if node.scheduling == (Scheduling::Draining { force: true }) {
            let name = &node.name;
            let reason =
                format!("{name} is being drained by force, and no other node can take the replica: it ends");
            self.end(replica, new.deployment, reason);
            self.place_new(new, Some(replica));
        } else {
            let name = &node.name;
            let reason = format!(
                "{name} is being drained, and no other node can take the replica: it stays on {name}"
            );
            let verdicts = judgement.told(None, &self.capacity);
            let choice = Choice { action: Action::Hold { node_id: node.id.clone() }, reason, verdicts };
            self.decide(ReplicaRef::Existing(replica.id.clone()), new.deployment, choice, None);
        }
    }

    /// Its place is taken, but not yet by one that serves. If it does not serve itself, there is nothing to wait for.
    fn wait_for_another(&mut self, replica: &ReplicaView, deployment: &DeploymentIntent) {
        let Some(node) = self.node_of(replica) else { return };
        let name = &node.name;
        if replica.ready {
            let reason =
                format!("{name} is being drained: the replica goes once another serves in its place");
            self.decide_of(replica, deployment, Action::Keep { node_id: node.id.clone() }, reason);
        } else {
            let reason = format!("{name} is being drained, and the replica does not serve");
            self.remove(replica, &deployment.name, reason);
        }
    }

    /// It goes: at once if it does not serve, else when its requests have ended.
    pub(super) fn end(&mut self, replica: &ReplicaView, deployment: &DeploymentIntent, reason: String) {
        match self.node_of(replica) {
            Some(node) if replica.ready => {
                self.decide_of(replica, deployment, Action::Drain { node_id: node.id.clone() }, reason);
            }
            _ => self.remove(replica, &deployment.name, reason),
        }
    }

    /// It drains already.
    pub(super) fn finish(&mut self, replica: &ReplicaView, deployment: &DeploymentIntent) {
        let waits = |node: &&NodeView| replica.ready && !replica.idle && !self.is_lost(node);
        match self.node_of(replica).filter(waits) {
            Some(node) => {
                let reason =
                    "it takes no new requests, and goes once those that it has have ended".to_owned();
                self.decide_of(replica, deployment, Action::Keep { node_id: node.id.clone() }, reason);
            }
            None => {
                self.remove(replica, &deployment.name, "it has drained: no request runs there".to_owned())
            }
        }
    }

    pub(super) fn node_of(&self, replica: &ReplicaView) -> Option<&'a NodeView> {
        replica.node_id.as_deref().and_then(|id| self.nodes.get(id)).copied()
    }

    fn is_lost(&self, node: &NodeView) -> bool {
        matches!(node.state, NodeState::Unreachable(silence) if silence >= self.intent.unreachable_grace)
    }
}

fn surplus(deployment: &DeploymentIntent, serving: usize) -> String {
    match deployment.replicas {
        wanted if serving >= wanted as usize => {
            "its node is being drained, and others serve in its place".to_owned()
        }
        wanted => format!("{wanted} replicas are wanted, and others are kept"),
    }
}

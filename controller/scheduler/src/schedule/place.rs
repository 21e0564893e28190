//! Finding a node for what is missing, or for what must leave a silent node.

use super::{Choice, Newcomers, Scheduler};
use crate::judgement::Judgement;
use crate::plan::{Action, ReplicaRef};
use crate::score::Score;
use crate::size::ByteSize;
use crate::view::{DeploymentIntent, NodeState, NodeView, ReplicaView};

impl<'a> Scheduler<'a> {
    /// Replaces a replica on a silent node, if another node can take it.
    pub(super) fn rescue(&mut self, replica: &ReplicaView, new: &mut Newcomers<'a>) {
        let Some(node) = replica.node_id.as_deref().and_then(|id| self.nodes.get(id)).copied() else {
            return;
        };
        let NodeState::Unreachable(silence) = node.state else { return };
        let silent = format!("{} has not been heard from for {} s", node.name, silence.as_secs());
        let judgement = Judgement::of(&self.in_order, new.deployment, &self.capacity);
        if judgement.fitting().next().is_some() {
            let reason = format!("{silent}; another node takes its place");
            self.remove(replica, &new.deployment.name, reason);
            self.place_new(new, Some(replica));
        } else {
            let reason =
                format!("{silent}, and no other node can take the replica: it waits for {}", node.name);
            let verdicts = judgement.told(None, &self.capacity);
            let action = Action::Hold { node_id: node.id.clone() };
            let choice = Choice { action, reason, verdicts };
            self.decide(ReplicaRef::Existing(replica.id.clone()), new.deployment, choice, None);
        }
    }

    /// Whether a node can take it.
    pub(super) fn place_new(&mut self, new: &mut Newcomers<'a>, replaces: Option<&ReplicaView>) -> bool {
        let number = new.count;
        new.count += 1;
        self.place(ReplicaRef::New(number), new.deployment, replaces)
    }

    /// On the best node; whether there is one.
    pub(super) fn place(
        &mut self,
        replica: ReplicaRef,
        deployment: &'a DeploymentIntent,
        replaces: Option<&ReplicaView>,
    ) -> bool {
        let judgement = Judgement::of(&self.in_order, deployment, &self.capacity);
        let best = judgement.fitting().min_by_key(|node| Score::of(node, deployment, &self.capacity));
        let verdicts = judgement.told(best.map(|node| node.id.as_str()), &self.capacity);
        let Some(node) = best else {
            let reason = match judgement.count() {
                0 => "the fleet has no node; enrol one with a join token".to_owned(),
                1 => "the fleet's only node cannot take it".to_owned(),
                n => format!("none of {n} nodes can take it"),
            };
            let choice = Choice { action: Action::LeaveUnplaced, reason, verdicts };
            self.decide(replica, deployment, choice, replaces);
            return false;
        };
        let reason = self.reason_for(node, deployment, judgement.fitting().count());
        let need = deployment.need.unwrap_or_default();
        self.capacity.promise(&node.id, &deployment.id, need.total_bytes(), 0);
        let action = Action::Place { node_id: node.id.clone() };
        self.decide(replica, deployment, Choice { action, reason, verdicts }, replaces);
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
}

//! What agents answered to their orders: a refused model goes on record once, and an agent that has
//! seen a higher generation than the store (which came from a backup) is outbid.

use cloister_evidence::record::{Actor, ActorKind, Kind, Outcome, Subject, SubjectKind};
use cloister_proto::agent::v1::ReplicaPhase;
use cloister_store::{Change, Node, NodeState, Replica};

use super::{Explanation, Reconciler, RefusedModel, Stored, TurnError};
use crate::fleet::LiveNodes;
use crate::fleet::records::{draft, system};

impl Reconciler {
    /// The refusal is kept in the replica's row with the record of it, so neither a restart nor a
    /// reconnect writes it again. The replica stays: another node would refuse the same bytes.
    pub(super) async fn record_refusals(&self, stored: &Stored, live: &LiveNodes) -> Result<bool, TurnError> {
        let mut recorded = false;
        for replica in &stored.replicas {
            if let Some((row, refused)) = newly_refused(replica, live) {
                let mut record =
                    draft(Kind::ModelRefused, Outcome::Denied, node_actor(stored, &refused.node_id));
                let digest = Explanation::of(&row).spec.model_digest;
                record.subject = Some(Subject { kind: SubjectKind::Model, id: digest, name: None });
                record.change = Some([("replica_id".to_owned(), row.id.as_str().into())].into());
                record.reason = Some("refused_by_node".to_owned());
                tracing::warn!(replica = %row.id, node = %refused.node_id, error = %refused.error, "a node refused the model");
                self.fleet.shared.ledger.change(vec![Change::PutReplica(row)], record).await?;
                recorded = true;
            }
        }
        Ok(recorded)
    }

    pub(super) async fn outbid_agents(&self, stored: &Stored, live: &LiveNodes) -> Result<bool, TurnError> {
        let enrolled = stored.nodes.iter().filter(|node| node.state == NodeState::Enrolled);
        let ahead = |node: &&Node| live.get(&node.id).is_some_and(|live| live.generation > node.generation);
        let mut outbid = false;
        for node in enrolled.filter(ahead) {
            let generation = live.get(&node.id).map_or(0, |live| live.generation).saturating_add(1);
            tracing::warn!(node = %node.name, generation, "the agent has seen a higher generation than the store: the store may come from a backup");
            let change = Change::SetNodeGeneration { node_id: node.id.clone(), generation };
            let mut record = draft(Kind::PlacementChanged, Outcome::Success, system());
            record.subject =
                Some(Subject { kind: SubjectKind::Node, id: node.id.clone(), name: Some(node.name.clone()) });
            record.change = Some([("generation".to_owned(), generation.into())].into());
            self.fleet.shared.ledger.change(vec![change], record).await?;
            outbid = true;
        }
        Ok(outbid)
    }
}

fn newly_refused(replica: &Replica, live: &LiveNodes) -> Option<(Replica, RefusedModel)> {
    let node_id = replica.node_id.clone()?;
    let status = live.get(&node_id)?.replicas.get(&replica.id)?;
    let mut explanation = Explanation::of(replica);
    if status.phase() != ReplicaPhase::Refused || explanation.refused.is_some() {
        return None;
    }
    let refused = RefusedModel { node_id, error: status.error.clone() };
    explanation.refused = Some(refused.clone());
    Some((Replica { reasons: explanation.to_json(), ..replica.clone() }, refused))
}

fn node_actor(stored: &Stored, node_id: &str) -> Actor {
    let name = stored.nodes.iter().find(|node| node.id == node_id).map(|node| node.name.clone());
    Actor { kind: ActorKind::Node, id: node_id.to_owned(), name, address: None }
}

//! What every node is to run, derived from committed rows alone: the same generation always means
//! the same order.

use cloister_proto::agent::v1::{DesiredReplica, DesiredState};
use cloister_store::{Node, NodeState, Replica};

use super::{Explanation, Stored};
use crate::fleet::Orders;

pub(super) fn orders(stored: &Stored) -> Orders {
    let enrolled = stored.nodes.iter().filter(|node| node.state == NodeState::Enrolled);
    enrolled.map(|node| (node.id.clone(), desired_state(node, &stored.replicas))).collect()
}

fn desired_state(node: &Node, replicas: &[Replica]) -> DesiredState {
    let mut here: Vec<_> = replicas.iter().filter(|r| r.node_id.as_ref() == Some(&node.id)).collect();
    here.sort_by_key(|replica| &replica.id);
    DesiredState { generation: node.generation, replicas: here.into_iter().map(desired_replica).collect() }
}

fn desired_replica(replica: &Replica) -> DesiredReplica {
    let spec = Explanation::of(replica).spec;
    DesiredReplica {
        replica_id: replica.id.clone(),
        model_digest: spec.model_digest,
        context_length: spec.context_length,
        max_sequences: spec.max_sequences,
        max_waiting: spec.max_waiting,
        threads: 0,
        deployment: spec.deployment,
        kv_tokens: spec.kv_tokens,
    }
}

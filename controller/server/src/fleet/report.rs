//! What an agent reports, cut to size: a node is trusted to run models, not to fill the
//! controller's memory.

use cloister_proto::agent::v1::{Gpu, Heartbeat, Inventory, ReplicaPhase, ReplicaStatus, agent_message};

use super::live::LiveNode;
use crate::limits::{
    AGENT_TEXT_MAX_BYTES, CHECKS_PER_REPLICA_MAX, FIRST_TOKEN_ENTRIES_MAX, GPUS_PER_NODE_MAX,
    REPLICAS_PER_NODE_MAX,
};

/// Beyond this a generation was never ordered by anyone; JSON numbers stay exact up to here.
const GENERATION_MAX: u64 = 1 << 53;
const CPU_FEATURES_MAX: usize = 256;

impl LiveNode {
    /// Takes a message; `true` if reconciler and routes should look again.
    pub(super) fn take(&mut self, message: agent_message::Message) -> bool {
        match message {
            // A second hello is not part of the protocol; the first one stands.
            agent_message::Message::Hello(_) => false,
            agent_message::Message::Inventory(inventory) => {
                self.inventory = bounded_inventory(inventory);
                self.has_freed = false;
                true
            }
            agent_message::Message::Heartbeat(heartbeat) => {
                let was_freeing = self.has_freed;
                self.apply_heartbeat(bounded_heartbeat(heartbeat));
                was_freeing && !self.has_freed
            }
            // Goes to whoever asked, before it comes here.
            agent_message::Message::Output(_) => false,
            agent_message::Message::Replica(status) => self.take_status(bounded_status(status)),
            agent_message::Message::Accepted(accepted) => {
                self.generation = plausible_generation(accepted.generation).unwrap_or(self.generation);
                false
            }
            agent_message::Message::Refused(refused) => {
                let current = plausible_generation(refused.current).unwrap_or(self.generation);
                tracing::warn!(ordered = refused.ordered, current, "an agent refused an older generation");
                self.generation = current;
                true
            }
        }
    }

    fn take_status(&mut self, status: ReplicaStatus) -> bool {
        let known = self.replicas.get(&status.replica_id);
        let phase_changed = known.is_none_or(|before| before.phase != status.phase);
        self.has_freed |= phase_changed && known.is_some() && status.phase() == ReplicaPhase::Stopped;
        if known.is_some() || self.replicas.len() < REPLICAS_PER_NODE_MAX {
            self.replicas.insert(status.replica_id.clone(), status);
        }
        phase_changed
    }
}

pub(super) fn plausible_generation(generation: u64) -> Option<u64> {
    (generation <= GENERATION_MAX).then_some(generation)
}

pub(super) fn bounded_status(mut status: ReplicaStatus) -> ReplicaStatus {
    status.replica_id = bounded_text(status.replica_id);
    status.error = bounded_text(status.error);
    status.checks.truncate(CHECKS_PER_REPLICA_MAX);
    status.checks = status.checks.into_iter().map(bounded_text).collect();
    if let Some(worker) = &mut status.worker {
        for text in [&mut worker.error, &mut worker.isa, &mut worker.numerics_contract] {
            *text = bounded_text(std::mem::take(text));
        }
    }
    status
}

fn bounded_heartbeat(mut heartbeat: Heartbeat) -> Heartbeat {
    heartbeat.gpus = bounded_gpus(heartbeat.gpus);
    if let Some(work) = &mut heartbeat.work {
        work.first_token.truncate(FIRST_TOKEN_ENTRIES_MAX);
    }
    heartbeat
}

fn bounded_gpus(mut gpus: Vec<Gpu>) -> Vec<Gpu> {
    gpus.truncate(GPUS_PER_NODE_MAX);
    for gpu in &mut gpus {
        for text in [&mut gpu.uuid, &mut gpu.name, &mut gpu.driver_version] {
            *text = bounded_text(std::mem::take(text));
        }
    }
    gpus
}

pub(super) fn bounded_inventory(mut inventory: Inventory) -> Inventory {
    inventory.hostname = bounded_text(inventory.hostname);
    inventory.kernel = bounded_text(inventory.kernel);
    inventory.gpus = bounded_gpus(inventory.gpus);
    if let Some(cpu) = &mut inventory.cpu {
        cpu.features.truncate(CPU_FEATURES_MAX);
        cpu.features = std::mem::take(&mut cpu.features).into_iter().map(bounded_text).collect();
        cpu.model = bounded_text(std::mem::take(&mut cpu.model));
        cpu.isa = bounded_text(std::mem::take(&mut cpu.isa));
    }
    // What enrolment put on record decides where a node stands, not what it says later.
    inventory.locality = None;
    inventory
}

pub(super) fn bounded_text(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(AGENT_TEXT_MAX_BYTES));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloister_proto::agent::v1::{GenerationRefused, Work};

    fn status(id: &str, phase: ReplicaPhase) -> agent_message::Message {
        let status = ReplicaStatus { replica_id: id.into(), phase: phase.into(), ..ReplicaStatus::default() };
        agent_message::Message::Replica(status)
    }

    #[test]
    fn a_new_phase_is_notable_and_progress_is_not() {
        let mut node = LiveNode::default();
        assert!(node.take(status("r", ReplicaPhase::Fetching)));
        assert!(!node.take(status("r", ReplicaPhase::Fetching)));
        assert!(node.take(status("r", ReplicaPhase::Ready)));
    }

    #[test]
    fn a_node_cannot_fill_the_memory_or_invent_generations() {
        let mut node = LiveNode::default();
        for i in 0..REPLICAS_PER_NODE_MAX + 10 {
            node.take(status(&i.to_string(), ReplicaPhase::Ready));
        }
        assert_eq!(node.replicas.len(), REPLICAS_PER_NODE_MAX);
        let long = ReplicaStatus { error: "ö".repeat(AGENT_TEXT_MAX_BYTES), ..ReplicaStatus::default() };
        assert!(bounded_status(long).error.len() <= AGENT_TEXT_MAX_BYTES);
        let work = Work { first_token: vec![1; 100_000], ..Work::default() };
        let gpus = vec![Gpu::default(); GPUS_PER_NODE_MAX + 1];
        let heartbeat = Heartbeat { gpus, work: Some(work), ..Heartbeat::default() };
        node.take(agent_message::Message::Heartbeat(heartbeat));
        assert_eq!(node.work.as_ref().unwrap().first_token.len(), FIRST_TOKEN_ENTRIES_MAX);
        assert_eq!(node.inventory.gpus.len(), GPUS_PER_NODE_MAX);
        let refused = GenerationRefused { ordered: 1, current: u64::MAX };
        node.take(agent_message::Message::Refused(refused));
        assert_eq!(node.generation, 0);
        node.take(agent_message::Message::Refused(GenerationRefused { ordered: 1, current: 7 }));
        assert_eq!(node.generation, 7);
    }
}

//! What is kept with every replica: what it was ordered to run, and why it is where it is.

use cloister_scheduler::{Decision, MemoryNeed, NodeVerdict, Plan, ReplicaRef};
use cloister_store::{Deployment, Replica};
use serde::{Deserialize, Serialize};

use crate::fleet::FleetHandle;
use crate::limits::{MAX_WAITING_PER_REPLICA, VERDICTS_PER_REPLICA_MAX};

/// The `reasons` of a stored replica. Survives a restart of the controller.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Explanation {
    pub spec: ReplicaSpec,
    pub weights_bytes: u64,
    pub kv_bytes: u64,
    pub scratch_bytes: u64,
    /// Why it is where it is, or nowhere, as sentences.
    pub reasons: Vec<String>,
    /// Every node that was considered when it was placed.
    pub nodes: Vec<NodeVerdict>,
    /// Its node refused the model.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refused: Option<RefusedModel>,
    /// It takes no new requests, and goes once those that it has have ended.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub draining: bool,
}

/// Exactly what a replica was ordered to run. A replica never changes it: a deployment that wants
/// something else gets other replicas.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReplicaSpec {
    pub deployment: String,
    pub model_digest: String,
    pub context_length: u32,
    pub max_sequences: u32,
    pub max_waiting: u32,
    pub kv_tokens: u64,
    /// How often the deployment had been restarted.
    #[serde(default)]
    pub restarts: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedModel {
    pub node_id: String,
    /// What its agent said.
    pub error: String,
}

impl ReplicaSpec {
    pub(crate) fn of(deployment: &Deployment) -> Self {
        Self {
            deployment: deployment.name.clone(),
            model_digest: deployment.model_digest.clone(),
            context_length: deployment.context_length,
            max_sequences: deployment.max_sequences,
            max_waiting: MAX_WAITING_PER_REPLICA,
            kv_tokens: deployment.kv_tokens,
            restarts: deployment.restarts,
        }
    }

    /// As one text, for the scheduler to compare.
    pub(crate) fn fingerprint(&self) -> String {
        let Self { deployment, model_digest, context_length, max_sequences, .. } = self;
        let Self { max_waiting, kv_tokens, restarts, .. } = self;
        format!(
            "{deployment} {model_digest} {context_length} {max_sequences} {max_waiting} {kv_tokens} {restarts}"
        )
    }
}

impl Explanation {
    /// What is stored with the replica. One that cannot be read counts as outdated, and is replaced.
    pub fn of(replica: &Replica) -> Self {
        serde_json::from_value(replica.reasons.clone()).unwrap_or_else(|error| {
            tracing::warn!(replica = %replica.id, %error, "the reasons of a replica are not readable");
            Self::default()
        })
    }

    /// Of a replica that serves until its requests have ended, and takes no new ones.
    pub(crate) fn drained(replica: &Replica, reason: &str) -> Self {
        let mut explanation = Self { draining: true, ..Self::of(replica) };
        explanation.reasons.push(reason.to_owned());
        explanation
    }

    pub(crate) fn new(spec: ReplicaSpec, need: MemoryNeed, decision: &Decision) -> Self {
        let mut explanation = Self { spec, ..Self::default() };
        explanation.decided(need, decision);
        explanation
    }

    fn decided(&mut self, need: MemoryNeed, decision: &Decision) {
        (self.weights_bytes, self.kv_bytes, self.scratch_bytes) =
            (need.weights_bytes, need.kv_bytes, need.scratch_bytes);
        self.reasons = vec![decision.reason.clone()];
        self.nodes = decision.verdicts.iter().take(VERDICTS_PER_REPLICA_MAX).cloned().collect();
    }

    pub(crate) fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl FleetHandle {
    /// Why a replica is where it is, or nowhere: as stored when it was placed, and of what is
    /// still unplaced or waits for a silent node, as of the last look at the fleet.
    pub fn explain(&self, replica: &Replica) -> Explanation {
        let mut explanation = Explanation::of(replica);
        let plan: std::sync::Arc<Plan> = self.shared.plan.borrow().clone();
        let own = ReplicaRef::Existing(replica.id.clone());
        let latest = plan.decisions.iter().find(|decision| decision.replica == own);
        if let Some(latest) = latest {
            if replica.node_id.is_none() || !latest.verdicts.is_empty() {
                explanation.nodes = latest.verdicts.iter().take(VERDICTS_PER_REPLICA_MAX).cloned().collect();
            }
            if replica.node_id.is_none() {
                explanation.reasons = vec![latest.reason.clone()];
            } else if !explanation.reasons.contains(&latest.reason) {
                explanation.reasons.push(latest.reason.clone());
            }
        }
        explanation
    }
}

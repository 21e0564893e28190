//! What was: intents of deployments, and what became of replicas.

use jiff::Timestamp;

use super::Deployment;

/// An intent as it was accepted, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentRevision {
    /// `created_at` and `tenant` are the deployment's own.
    pub intent: Deployment,
    /// What the model was called then; it may be gone.
    pub model_name: String,
    /// The revision whose intent this one took up again.
    pub returned_to: Option<u64>,
    /// `account`, `api_key`, …, as in the audit record.
    pub actor_kind: String,
    pub actor_id: String,
    pub actor_name: Option<String>,
    pub at: Timestamp,
    /// The audit record of the change.
    pub record_id: String,
}

/// Something that happened to a replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaEvent {
    /// A ULID: later ones are greater.
    pub id: String,
    pub deployment_id: String,
    pub replica_id: String,
    pub node_name: Option<String>,
    /// A word such as `ready`; what words there are is the writer's matter.
    pub kind: String,
    /// Why, as a sentence; may be empty.
    pub detail: String,
    pub at: Timestamp,
}

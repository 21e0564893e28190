//! Deployments: which model, how many replicas, where.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deployment {
    /// Also the model name that callers of the inference API use.
    pub name: String,
    pub model_name: String,
    pub model_digest: String,
    /// Replicas wanted.
    pub replicas: u32,
    /// Replicas that answer now. While a revision replaces another there may be one more than are wanted.
    pub ready_replicas: u32,
    /// Of those, the ones that were started for the present revision.
    #[serde(default)]
    #[schema(required)]
    pub updated_replicas: u32,
    /// In tokens.
    pub context_length: u32,
    /// Sequences decoded at once per replica.
    pub max_sequences: u32,
    /// Capacity of the KV cache of one replica, in tokens.
    pub kv_tokens: u64,
    /// A node must have all of these labels.
    pub node_selector: BTreeMap<String, String>,
    /// Empty: anywhere.
    pub jurisdiction: String,
    /// Grows with every change. Send it back as `If-Match: "<revision>"` to change only what you saw.
    pub revision: u64,
    /// Whose it is; absent: the fleet's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tenant: Option<String>,
    /// How often it was restarted.
    #[serde(default)]
    #[schema(required)]
    pub restarts: u64,
    pub created_at: String,
    /// The audit record of the change. Absent from answers that changed nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub record_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeploymentList {
    pub deployments: Vec<Deployment>,
}

/// What a deployment should be. The name is in the path.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeployRequest {
    /// Model name or digest.
    pub model: String,
    /// 0 to 1,024.
    #[serde(default = "one_replica")]
    #[schema(default = 1, maximum = 1024)]
    pub replicas: u32,
    /// In tokens, 1 to the model's context length. 0: the model's own, at most 8,192.
    #[serde(default)]
    pub context_length: u32,
    /// Sequences decoded at once per replica, 1 to 256. 0: 16.
    #[serde(default)]
    #[schema(maximum = 256)]
    pub max_sequences: u32,
    /// At most 64 labels that a node must have.
    #[serde(default)]
    pub node_selector: BTreeMap<String, String>,
    /// ISO 3166: replicas run only on nodes whose jurisdiction equals this or lies within it
    /// (`DE` admits `DE-HE`). Empty: anywhere.
    #[serde(default)]
    #[schema(pattern = "^([A-Z]{2}(-[A-Z0-9]{1,3})?)?$")]
    pub jurisdiction: String,
    /// Whose it is to be. It does not change later. Absent: of the tenant of whoever asks, or the fleet's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(pattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    pub tenant: Option<String>,
}

fn one_replica() -> u32 {
    1
}

/// What a deployment was meant to be from one change to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeploymentRevision {
    pub revision: u64,
    pub at: String,
    /// Who changed it: `account`, `api_key` or `system`, as in the audit record.
    pub actor_kind: String,
    pub actor_id: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub actor_name: Option<String>,
    /// The revision whose intent this one took up again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub returned_to: Option<u64>,
    /// What the model was called then.
    pub model_name: String,
    pub model_digest: String,
    pub replicas: u32,
    /// In tokens.
    pub context_length: u32,
    pub max_sequences: u32,
    /// Capacity of the KV cache of one replica, in tokens.
    pub kv_tokens: u64,
    pub node_selector: BTreeMap<String, String>,
    pub jurisdiction: String,
    /// How often the deployment had been restarted.
    pub restarts: u64,
    /// The audit record of the change.
    pub record_id: String,
}

/// The newest first. Changes made before this was kept, and the oldest of very many, are not among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeploymentRevisionList {
    pub revisions: Vec<DeploymentRevision>,
}

/// Which earlier intent is to be taken up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnRequest {
    /// A kept revision.
    pub revision: u64,
}

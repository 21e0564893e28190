//! The fleet as a whole, and the answer to a change.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which controller answers. Needs no key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Version {
    /// Version of the controller, e.g. `0.1.0`.
    pub version: String,
    /// Version of this API.
    #[schema(example = "v1")]
    pub api: String,
}

/// The fleet at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    pub fleet: String,
    pub version: String,
    /// Nodes enrolled and not revoked.
    pub nodes: u32,
    /// Of these, nodes connected now.
    pub nodes_ready: u32,
    pub models: u32,
    pub deployments: u32,
    /// Replicas wanted by all deployments together.
    pub replicas: u32,
    pub replicas_ready: u32,
    /// Records in the audit log.
    pub records: u64,
}

/// A change was made; this is the audit record it committed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Changed {
    pub record_id: String,
}

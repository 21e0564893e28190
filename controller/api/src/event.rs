//! What is told on the stream of events: which things changed, never how. Whoever hears it asks for them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A thing that can be asked for, and that changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// The fleet at a glance.
    Status,
    Nodes,
    Deployments,
    Replicas,
    Models,
    Imports,
    Signers,
    TrustPolicies,
    Keys,
    Accounts,
    /// The open sessions of everybody.
    Sessions,
    /// The audit log.
    Audit,
    /// The session that the stream was opened with: its roles.
    Session,
}

impl Topic {
    pub const ALL: [Self; 13] = [
        Self::Status,
        Self::Nodes,
        Self::Deployments,
        Self::Replicas,
        Self::Models,
        Self::Imports,
        Self::Signers,
        Self::TrustPolicies,
        Self::Keys,
        Self::Accounts,
        Self::Sessions,
        Self::Audit,
        Self::Session,
    ];
}

/// Data of the first event, `hello`: who tells. What changed before that was not told; ask for all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hello {
    /// Random per controller process: another one after a restart.
    pub controller_id: String,
    pub started_at: String,
}

/// Data of every event `changed`. A reader that is slow is told of several changes at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangedTopics {
    pub topics: Vec<Topic>,
}

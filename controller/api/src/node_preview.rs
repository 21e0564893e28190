//! What a change of a node would do to the replicas on it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::NodeVerdict;

/// What may be done to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeChange {
    Cordon,
    Drain,
    Revoke,
}

impl NodeChange {
    /// The word used in JSON and in queries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cordon => "cordon",
            Self::Drain => "drain",
            Self::Revoke => "revoke",
        }
    }
}

/// What would become of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It goes on running where it is.
    Stays,
    /// It goes, and another comes in its place.
    Moves,
    /// It goes, and no node can take another in its place.
    Unplaced,
    /// It goes, and is not missed.
    Ends,
    /// An outcome that this client is too old to know.
    #[serde(other)]
    Unknown,
}

impl Outcome {
    /// The word used in JSON and in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stays => "stays",
            Self::Moves => "moves",
            Self::Unplaced => "unplaced",
            Self::Ends => "ends",
            Self::Unknown => "unknown",
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// The plan for the fleet as it would be after the change. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodePreview {
    pub node_name: String,
    pub change: NodeChange,
    /// Of a drain: by force.
    pub force: bool,
    /// Of each replica on the node.
    pub replicas: Vec<Prospect>,
}

/// What would become of one replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Prospect {
    pub replica_id: String,
    pub deployment: String,
    pub outcome: Outcome,
    /// Where another comes in its place. Absent where it does not move, or where another is on its way already.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to_node_name: Option<String>,
    /// Why, as a sentence.
    pub reason: String,
    /// Each node that was considered.
    pub nodes: Vec<NodeVerdict>,
    /// Requests that it computes now.
    pub running: u32,
    /// Requests that wait there.
    pub waiting: u32,
}

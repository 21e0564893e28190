//! What happened to replicas. Not the audit log: old events are dropped.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What can happen to a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// It was given a node.
    Placed,
    /// No node could take it.
    Unplaced,
    /// It was taken off the books, and off its node.
    Removed,
    Fetching,
    Verifying,
    Loading,
    Ready,
    /// It could not go on, and is tried again.
    Failed,
    Draining,
    Stopped,
    /// The node refused the model.
    Refused,
    /// Its worker ended.
    Crashed,
    /// Its node is no longer connected.
    NodeLost,
    /// Its node is connected again.
    NodeBack,
    /// Something that this client is too old to know.
    #[serde(other)]
    Unknown,
}

impl EventKind {
    /// All that are told of.
    pub const ALL: [Self; 14] = [
        Self::Placed,
        Self::Unplaced,
        Self::Removed,
        Self::Fetching,
        Self::Verifying,
        Self::Loading,
        Self::Ready,
        Self::Failed,
        Self::Draining,
        Self::Stopped,
        Self::Refused,
        Self::Crashed,
        Self::NodeLost,
        Self::NodeBack,
    ];

    /// The word used in JSON, in tables and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Unplaced => "unplaced",
            Self::Removed => "removed",
            Self::Fetching => "fetching",
            Self::Verifying => "verifying",
            Self::Loading => "loading",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
            Self::Refused => "refused",
            Self::Crashed => "crashed",
            Self::NodeLost => "node_lost",
            Self::NodeBack => "node_back",
            Self::Unknown => "unknown",
        }
    }

    /// What the word stands for.
    pub fn parse(word: &str) -> Self {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).unwrap_or(Self::Unknown)
    }
}

impl std::fmt::Display for EventKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Something that happened to a replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplicaEvent {
    pub id: String,
    pub at: String,
    pub replica_id: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub node_name: Option<String>,
    pub kind: EventKind,
    /// What happened, for people.
    pub sentence: String,
}

/// The newest first. Events are kept for seven days, at most 500 of one deployment; the audit log is elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplicaEventPage {
    pub events: Vec<ReplicaEvent>,
    /// Pass it as `before` to read on. Absent: there are no more.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_before: Option<String>,
}

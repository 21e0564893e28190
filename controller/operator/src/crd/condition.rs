//! Conditions, in the form that `kubectl wait` and every Kubernetes tool reads.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConditionStatus {
    True,
    False,
    Unknown,
}

impl ConditionStatus {
    /// As written in the object.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// One thing that holds, or does not, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What this is about, e.g. `Ready`.
    #[serde(rename = "type")]
    #[schemars(length(max = 64))]
    pub kind: String,
    /// Whether it holds: `True`, `False` or `Unknown`.
    pub status: ConditionStatus,
    /// Why, in one word for programs. docs/kubernetes-conditions.md lists them all.
    #[schemars(length(max = 64))]
    pub reason: String,
    /// Why, in a sentence for people: what happened, and what to do.
    #[schemars(length(max = 4096))]
    pub message: String,
    /// The `metadata.generation` that this was said of.
    pub observed_generation: i64,
    /// Since when the status is what it is (RFC 3339).
    #[schemars(extend("format" = "date-time"))]
    pub last_transition_time: String,
}

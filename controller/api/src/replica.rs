//! Replicas: running copies of a model, and why they run where they do.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a replica is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// No node can take it; its explanation says why.
    Unplaced,
    /// Ordered, not begun.
    Pending,
    /// The node fetches model bytes.
    Fetching,
    /// The node checks signature and digests.
    Verifying,
    /// The worker loads the weights.
    Loading,
    /// It answers.
    Ready,
    /// It finishes what it has and takes nothing new.
    Draining,
    Stopped,
    /// The node refused the model.
    Refused,
    /// Its worker ended; it restarts after a pause.
    Crashed,
    /// Its node is not connected.
    Unreachable,
    /// A phase that this client is too old to know.
    #[serde(other)]
    Unknown,
}

impl Phase {
    /// The word used in JSON and in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unplaced => "unplaced",
            Self::Pending => "pending",
            Self::Fetching => "fetching",
            Self::Verifying => "verifying",
            Self::Loading => "loading",
            Self::Ready => "ready",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
            Self::Refused => "refused",
            Self::Crashed => "crashed",
            Self::Unreachable => "unreachable",
            Self::Unknown => "unknown",
        }
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Replica {
    pub id: String,
    pub deployment: String,
    pub model_name: String,
    /// Absent while unplaced.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub node_name: Option<String>,
    pub phase: Phase,
    /// The order of the controller that its node obeys.
    pub generation: u64,
    pub restarts: u32,
    /// What went wrong and what to do; absent when all is well.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
    /// Of `total_bytes`, while fetching or loading.
    pub progress_bytes: u64,
    pub total_bytes: u64,
    /// Instruction set its kernels use, e.g. `avx512-vnni`. Absent until it is ready.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub isa: Option<String>,
    /// Sequences being decoded.
    pub running: u32,
    /// Sequences waiting.
    pub waiting: u32,
    /// As its node measured it lately. Absent when nothing was answered lately, or its agent is too old to measure.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub speed: Option<ReplicaSpeed>,
}

/// How fast a replica answered lately.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReplicaSpeed {
    /// Answers that ended within the last `window_s` seconds: what the figures are made of.
    pub answers: u32,
    pub window_s: u32,
    /// From handing a request to the worker to the first token; the median.
    pub first_token_ms: u64,
    /// Tokens per second within one answer, after its first. Absent where no answer had a second token.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tokens_per_s: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReplicaList {
    pub replicas: Vec<Replica>,
}

/// Why a replica is where it is, or nowhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    pub replica: Replica,
    /// As sentences.
    pub reasons: Vec<String>,
    /// Each node that was considered.
    pub nodes: Vec<NodeVerdict>,
    /// The checks that its node made before loading, in order, as sentences.
    pub checks: Vec<String>,
    pub weights_bytes: u64,
    pub kv_bytes: u64,
    pub scratch_bytes: u64,
    /// Weights, KV cache and scratch together.
    pub total_bytes: u64,
}

/// What the scheduler thought of one node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeVerdict {
    pub node_name: String,
    pub chosen: bool,
    /// Whether it could have been chosen.
    pub admissible: bool,
    pub reason: String,
}

/// What the worker of a replica wrote to its standard output and error: never text of a question or an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplicaOutput {
    pub replica_id: String,
    pub node_name: String,
    /// Oldest first; also of the runs before the last crash, as far as they are kept.
    pub lines: Vec<OutputLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutputLine {
    /// When its agent read it.
    pub at: String,
    /// 0 for the first run of the worker, one more after each restart.
    pub run: u32,
    pub text: String,
}

//! How nodes were used, as columns: entry `i` of each covers `step_s` seconds from `start` + `i` * `step_s` on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Figures over time. All columns are as long. An entry that is null was not heard, or not reported by the agents of
/// that time; it is not 0.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct History {
    /// When the first entry begins.
    #[schema(example = "2026-11-30T09:00:00Z")]
    pub start: String,
    /// How long each entry covers. The last one may not be over yet.
    pub step_s: u32,
    /// Nodes that were heard of: the most in one sample.
    #[schema(max_items = 500)]
    pub nodes: Vec<Option<u64>>,
    #[schema(max_items = 500)]
    pub memory_total_bytes: Vec<Option<u64>>,
    #[schema(max_items = 500)]
    pub memory_used_bytes: Vec<Option<u64>>,
    /// Of all processors, 0 to 100.
    #[schema(max_items = 500)]
    pub cpu_busy_percent: Vec<Option<f64>>,
    /// Of all GPUs that say it, 0 to 100.
    #[schema(max_items = 500)]
    pub gpu_busy_percent: Vec<Option<f64>>,
    #[schema(max_items = 500)]
    pub gpu_memory_total_bytes: Vec<Option<u64>>,
    #[schema(max_items = 500)]
    pub gpu_memory_used_bytes: Vec<Option<u64>>,
    /// The most sequences that were seen being decoded at once.
    #[schema(max_items = 500)]
    pub running: Vec<Option<u64>>,
    /// The most sequences that were seen waiting at once.
    #[schema(max_items = 500)]
    pub waiting: Vec<Option<u64>>,
    #[schema(max_items = 500)]
    pub prompt_tokens_per_s: Vec<Option<f64>>,
    /// Tokens decoded.
    #[schema(max_items = 500)]
    pub output_tokens_per_s: Vec<Option<f64>>,
    /// Inferences that were answered to their end.
    #[schema(max_items = 500)]
    pub finished: Vec<Option<u64>>,
    /// Inferences that a failure ended. Neither what the caller broke off nor what was wrong with the request.
    #[schema(max_items = 500)]
    pub failed: Vec<Option<u64>>,
    /// From when an inference came to its node to its first token: half were at least as fast.
    #[schema(max_items = 500)]
    pub first_token_p50_ms: Vec<Option<u32>>,
    /// The same: 95 of 100 were at least as fast.
    #[schema(max_items = 500)]
    pub first_token_p95_ms: Vec<Option<u32>>,
}

//! How large an engine is.

use runtime_kernels::Isa;

use crate::limits::{MAX_KV_TOKENS, MAX_SEQUENCES, MAX_WAITING};
use crate::models::LoadError;

/// How large an engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineOptions {
    /// Positions a sequence may have, prompt and answer together; at most what the model was trained for.
    pub context_length: u32,
    /// Sequences decoded at the same time.
    pub max_sequences: u32,
    /// Sequences that may wait besides.
    pub max_waiting: u32,
    /// Positions whose keys and values fit the cache, over all sequences.
    pub kv_tokens: u64,
    /// Compute threads, the engine's own included.
    pub threads: usize,
    /// The instruction set to use; `None` takes the best one, or the one the environment names.
    pub isa: Option<Isa>,
}

impl EngineOptions {
    pub(super) fn check(&self, model_context_length: u32) -> Result<(), LoadError> {
        let ranges = [
            ("context_length", u64::from(self.context_length), 1, u64::from(model_context_length)),
            ("max_sequences", u64::from(self.max_sequences), 1, u64::from(MAX_SEQUENCES)),
            ("max_waiting", u64::from(self.max_waiting), 0, u64::from(MAX_WAITING)),
            ("kv_tokens", self.kv_tokens, 1, MAX_KV_TOKENS),
        ];
        match ranges.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value)) {
            Some((option, value, least, most)) => {
                Err(LoadError::Option { option, value, range: format!("{least} to {most}") })
            }
            None => Ok(()),
        }
    }
}

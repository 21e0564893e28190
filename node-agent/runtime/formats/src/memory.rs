//! One formula for the memory of a replica. The scheduler places by it, the worker allocates by it.
//!
//! ```text
//! weights = sum over matrices of their packed size + norms as f32
//! kv      = pages * layers * kv_heads * head_dim * KV_PAGE_TOKENS * 2 (key, value) * 2 bytes
//! pages   = ceil(kv_tokens / KV_PAGE_TOKENS)
//! scratch = logits + activations of the largest batch step + rope table + tokenizer and process
//! ```

use crate::gguf::{Gguf, GgufError, TensorInfo};
use crate::model::ModelConfig;
use crate::quant::TensorType;
use crate::quant::blocks::{SMALL_BLOCK, SUPER_BLOCK};

/// Positions per page of the key/value cache; also the block of the attention algorithm (see [`crate::numerics`]).
pub const KV_PAGE_TOKENS: usize = 64;
/// Outputs (matrix rows) that are interleaved in a packed tile.
pub const TILE_OUTPUTS: usize = 16;
/// Rows (tokens) of the largest batch step that an engine may run.
pub const MAX_STEP_ROWS: u64 = 512;
/// Code, tokenizer, chat template and allocator slack of a worker process.
const PROCESS_BYTES: u64 = 48 * 1024 * 1024;

/// What a replica needs, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MemoryEstimate {
    pub weights_bytes: u64,
    pub kv_bytes: u64,
    pub scratch_bytes: u64,
}

impl MemoryEstimate {
    /// All of it; saturating, so that an absurd request never looks small.
    pub fn total_bytes(&self) -> u64 {
        self.weights_bytes.saturating_add(self.kv_bytes).saturating_add(self.scratch_bytes)
    }
}

/// The memory a replica needs to serve `max_sequences` sequences of up to `context_length` positions from a cache
/// of `kv_tokens` positions in all. Saturates instead of overflowing.
pub fn estimate(
    config: &ModelConfig,
    context_length: u32,
    max_sequences: u32,
    kv_tokens: u64,
) -> MemoryEstimate {
    MemoryEstimate {
        weights_bytes: config.packed_weights_bytes,
        kv_bytes: kv_pages(kv_tokens).saturating_mul(kv_page_bytes(config)),
        scratch_bytes: scratch_bytes(config, context_length, max_sequences),
    }
}

/// Pages that hold `kv_tokens` positions.
pub fn kv_pages(kv_tokens: u64) -> u64 {
    kv_tokens.div_ceil(KV_PAGE_TOKENS as u64)
}

/// Bytes of one page: all layers, keys and values, as f16.
pub fn kv_page_bytes(config: &ModelConfig) -> u64 {
    KV_PAGE_TOKENS as u64 * kv_bytes_per_token(config)
}

/// Bytes of one cached position: all layers, keys and values, as f16.
pub fn kv_bytes_per_token(config: &ModelConfig) -> u64 {
    u64::from(config.layers) * u64::from(config.kv_width()) * 2 * 2
}

fn scratch_bytes(config: &ModelConfig, context_length: u32, max_sequences: u32) -> u64 {
    let logits = u64::from(max_sequences).saturating_mul(u64::from(config.vocab)) * 4;
    // Per row of a step: residual, normed, q, k, v, attention, output as f32; gate and up; their int8 copies.
    let widths = 4 * u64::from(config.hidden)
        + 2 * u64::from(config.query_width())
        + 2 * u64::from(config.kv_width())
        + 3 * u64::from(config.ffn);
    let activations = MAX_STEP_ROWS.saturating_mul(widths) * 5;
    let rope = u64::from(context_length).saturating_mul(u64::from(config.rope.dimensions)) * 4;
    logits.saturating_add(activations).saturating_add(rope).saturating_add(PROCESS_BYTES)
}

/// Bytes of all weights once packed.
pub(crate) fn packed_weights_bytes(gguf: &Gguf) -> Result<u64, GgufError> {
    let overflow = |t: &TensorInfo| GgufError::Overflow { what: format!("the packed size of {:?}", t.name) };
    gguf.tensors().iter().try_fold(0_u64, |sum, t| {
        let rows = t.dims[1..].iter().product();
        let bytes = if t.dims.len() == 1 { Some(t.size_bytes) } else { packed_bytes(t.ty, rows, t.dims[0]) };
        bytes.and_then(|b| sum.checked_add(b)).ok_or_else(|| overflow(t))
    })
}

/// Bytes of a matrix of `rows` outputs and `cols` inputs once packed; `None` on overflow or a partial block.
pub fn packed_bytes(ty: TensorType, rows: u64, cols: u64) -> Option<u64> {
    if !cols.is_multiple_of(ty.block_weights() as u64) {
        return None;
    }
    let tiles = rows.div_ceil(TILE_OUTPUTS as u64);
    let blocks = cols / ty.block_weights() as u64;
    tiles.checked_mul(blocks)?.checked_mul(packed_block_bytes(ty) as u64)
}

/// Bytes of one packed block: [`TILE_OUTPUTS`] outputs times the type's block weights.
///
/// Nearly the bytes of the same weights in the file; `Q4_K` spends 64 more on scales that need no unpacking.
pub const fn packed_block_bytes(ty: TensorType) -> usize {
    const HALVES: usize = 2 * TILE_OUTPUTS;
    match ty {
        TensorType::F32 => 4 * TILE_OUTPUTS,
        TensorType::F16 => HALVES,
        TensorType::Q4_0 => TILE_OUTPUTS * SMALL_BLOCK / 2 + HALVES,
        TensorType::Q4_1 => TILE_OUTPUTS * SMALL_BLOCK / 2 + 2 * HALVES,
        TensorType::Q8_0 => TILE_OUTPUTS * SMALL_BLOCK + HALVES,
        TensorType::Q4K => TILE_OUTPUTS * (SUPER_BLOCK / 2 + 8 + 8) + 2 * HALVES,
        TensorType::Q6K => TILE_OUTPUTS * (SUPER_BLOCK / 4 * 3 + 16) + HALVES,
    }
}

#[cfg(test)]
mod tests;

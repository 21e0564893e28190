//! Small deterministic models for tests: a GGUF writer and a random-weight llama.
//!
//! Public because the engine's and the product's tests need models that exist nowhere as files.

mod llama;
mod writer;

pub use llama::{TinyLlama, random_matrix};
pub use writer::GgufWriter;

/// A small deterministic generator (SplitMix64); tests need reproducible bytes, not randomness.
#[derive(Debug, Clone)]
pub struct SplitMix(pub u64);

impl SplitMix {
    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in -1..1.
    pub fn next_f32(&mut self) -> f32 {
        (self.next_u64() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}

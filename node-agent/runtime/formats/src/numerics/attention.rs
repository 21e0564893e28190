//! Attention of one query head over one key/value head, in blocks of [`BLOCK`] positions counted from position 0.
//!
//! The block is part of the contract: the running maximum changes only at block borders, so a query's bits do not
//! depend on whether it is decoded alone or prefilled with others.

use super::lanes::{LANES, tree};
use super::math::exp_f32;
use crate::limits::MAX_HEAD_DIM;
use half::f16;

/// Positions per block; also per cache page.
pub const BLOCK: usize = crate::memory::KV_PAGE_TOKENS;

/// Running state of one query head.
#[derive(Debug, Clone, Copy)]
pub struct Running {
    /// Largest score so far.
    pub max: f32,
    /// Sum of weights per lane: position `t` belongs to lane `t % LANES`.
    pub sums: [f32; LANES],
    /// Weighted values so far; the leading `head_dim` elements count.
    pub out: [f32; MAX_HEAD_DIM as usize],
}

impl Default for Running {
    fn default() -> Self {
        Self { max: f32::NEG_INFINITY, sums: [0.0; LANES], out: [0.0; MAX_HEAD_DIM as usize] }
    }
}

impl Running {
    /// Writes the attended values.
    pub fn finish(&self, out: &mut [f32]) {
        let inverse = 1.0 / tree(self.sums);
        for (out, sum) in out.iter_mut().zip(&self.out) {
            *out = sum * inverse;
        }
    }
}

/// Takes one block into `running`.
///
/// `query` is already multiplied by `1 / sqrt(head_dim)` and has `head_dim` elements; `keys` is `[head_dim][BLOCK]`
/// and `values` `[BLOCK][head_dim]`, both f16 bits; the first `visible` (1..=BLOCK) positions are attended to.
pub fn attend_block(query: &[f32], keys: &[u16], values: &[u16], visible: usize, running: &mut Running) {
    let mut scores = [0.0; BLOCK];
    for (&q, keys) in query.iter().zip(keys.chunks_exact(BLOCK)) {
        for (score, &key) in scores.iter_mut().zip(keys) {
            *score = q.mul_add(f16::from_bits(key).to_f32(), *score);
        }
    }
    let scores = &mut scores[..visible];
    let max = scores.iter().fold(running.max, |m, &s| if s > m { s } else { m });
    let correction = exp_f32(running.max - max);
    running.max = max;
    for score in scores.iter_mut() {
        *score = exp_f32(*score - max);
    }
    add_sums(scores, correction, &mut running.sums);
    add_values(scores, values, correction, &mut running.out[..query.len()]);
}

fn add_sums(weights: &[f32], correction: f32, sums: &mut [f32; LANES]) {
    let mut block = [0.0; LANES];
    for (t, weight) in weights.iter().enumerate() {
        block[t % LANES] += weight;
    }
    for (sum, block) in sums.iter_mut().zip(block) {
        *sum = sum.mul_add(correction, block);
    }
}

fn add_values(weights: &[f32], values: &[u16], correction: f32, out: &mut [f32]) {
    out.iter_mut().for_each(|o| *o *= correction);
    for (&weight, values) in weights.iter().zip(values.chunks_exact(out.len())) {
        for (o, &v) in out.iter_mut().zip(values) {
            *o = weight.mul_add(f16::from_bits(v).to_f32(), *o);
        }
    }
}

//! Attention of up to four queries over one block: positions in lanes for the scores, elements in lanes for the
//! values, so that no sum ever crosses lanes.

use super::math::{exp, exp_one, largest};
use super::view::store;
use crate::kernels::{AttendBlock, QUERY_TILE};
use runtime_formats::numerics::attention::{BLOCK, Running};
use std::arch::x86_64::*;

/// Vectors of eight positions in a block.
const VECTORS: usize = BLOCK / 8;

/// Scores, then weights, of each query.
type Weights = [[f32; BLOCK]; QUERY_TILE];

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn attend(block: &AttendBlock<'_>, running: &mut [Running]) {
    let mut weights = [[0.0; BLOCK]; QUERY_TILE];
    // Fewer queries leave registers for more positions, which hides the latency of the fused operations.
    match running.len() {
        1 => scores::<1, 4>(block, &mut weights),
        2 => scores::<2, 4>(block, &mut weights),
        3 => scores::<3, 2>(block, &mut weights),
        _ => scores::<4, 2>(block, &mut weights),
    }
    for ((weights, running), &visible) in weights.iter_mut().zip(running.iter_mut()).zip(block.visible) {
        soften(weights, visible, running, block.head_dim);
    }
    let together = block.visible.iter().copied().min().unwrap_or(0);
    match running.len() {
        1 => values_wide::<1>(block, &weights, 0, together, running),
        2 => values_wide::<2>(block, &weights, 0, together, running),
        3 => values::<3, 2>(block, &weights, 0, together, running),
        _ => values::<4, 2>(block, &weights, 0, together, running),
    }
    for (i, &visible) in block.visible.iter().enumerate().filter(|(_, v)| **v > together) {
        values_wide::<1>(block, &weights[i..], together, visible, &mut running[i..=i]);
    }
}

/// Scores of the first `M` queries; `R` vectors of positions at a time.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn scores<const M: usize, const R: usize>(block: &AttendBlock<'_>, out: &mut Weights) {
    let needed = block.visible.iter().copied().max().unwrap_or(0);
    let queries: [&[f32]; M] =
        std::array::from_fn(|m| &block.queries[m * block.head_dim..][..block.head_dim]);
    let keys = &block.keys.as_chunks::<BLOCK>().0[..block.head_dim];
    for first in (0..needed.div_ceil(8)).step_by(R) {
        let mut sums = [[_mm256_setzero_ps(); R]; M];
        for (e, keys) in keys.iter().enumerate() {
            for r in 0..R {
                let k = load_f16(keys, (first + r) * 8);
                for m in 0..M {
                    sums[m][r] = _mm256_fmadd_ps(_mm256_set1_ps(queries[m][e]), k, sums[m][r]);
                }
            }
        }
        for m in 0..M {
            for r in 0..R {
                store(&mut out[m], (first + r) * 8, sums[m][r]);
            }
        }
    }
}

/// Turns scores into weights, and brings the running maximum, sums and values to the new maximum.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn soften(weights: &mut [f32; BLOCK], visible: usize, running: &mut Running, head_dim: usize) {
    let scores = masked(weights, visible);
    let max = scores.iter().fold(_mm256_set1_ps(running.max), |max, &s| _mm256_max_ps(s, max));
    let max = largest(max);
    let correction = exp_one(running.max - max);
    running.max = max;
    let mut block_sums = [_mm256_setzero_ps(); 2];
    for (i, &score) in scores.iter().enumerate() {
        let weight = exp(_mm256_sub_ps(score, _mm256_set1_ps(max)));
        store(weights, i * 8, weight);
        block_sums[i % 2] = _mm256_add_ps(block_sums[i % 2], weight);
    }
    let correction = _mm256_set1_ps(correction);
    for (i, block_sum) in block_sums.into_iter().enumerate() {
        let sums = _mm256_fmadd_ps(load(&running.sums, i * 8), correction, block_sum);
        store(&mut running.sums, i * 8, sums);
    }
    for at in (0..head_dim).step_by(8) {
        let out = _mm256_mul_ps(load(&running.out, at), correction);
        store(&mut running.out, at, out);
    }
}

/// Scores, with those of unseen positions at minus infinity: their weight is then exactly zero.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn masked(scores: &[f32; BLOCK], visible: usize) -> [__m256; VECTORS] {
    let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    let mut out = [_mm256_set1_ps(f32::NEG_INFINITY); VECTORS];
    for i in 0..VECTORS {
        let left = _mm256_set1_epi32(visible as i32 - 8 * i as i32);
        let seen = _mm256_castsi256_ps(_mm256_cmpgt_epi32(left, lanes));
        out[i] = _mm256_blendv_ps(out[i], load(scores, i * 8), seen);
    }
    out
}

/// [`values`] with as many registers per query as the head allows.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn values_wide<const M: usize>(
    block: &AttendBlock<'_>,
    weights: &[[f32; BLOCK]],
    from: usize,
    to: usize,
    running: &mut [Running],
) {
    if block.head_dim.is_multiple_of(32) {
        values::<M, 4>(block, weights, from, to, running);
    } else {
        values::<M, 2>(block, weights, from, to, running);
    }
}

/// Adds the weighted values of positions `from..to` for the first `M` queries; `R` vectors of elements at a time.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn values<const M: usize, const R: usize>(
    block: &AttendBlock<'_>,
    weights: &[[f32; BLOCK]],
    from: usize,
    to: usize,
    running: &mut [Running],
) {
    let rows = &block.values[from * block.head_dim..to * block.head_dim];
    for first in (0..block.head_dim).step_by(8 * R) {
        let mut sums = [[_mm256_setzero_ps(); R]; M];
        for m in 0..M {
            for r in 0..R {
                sums[m][r] = load(&running[m].out, first + r * 8);
            }
        }
        for (t, row) in (from..to).zip(rows.chunks_exact(block.head_dim)) {
            for r in 0..R {
                let v = load_f16(row, first + r * 8);
                for m in 0..M {
                    sums[m][r] = _mm256_fmadd_ps(_mm256_set1_ps(weights[m][t]), v, sums[m][r]);
                }
            }
        }
        for m in 0..M {
            for r in 0..R {
                store(&mut running[m].out, first + r * 8, sums[m][r]);
            }
        }
    }
}

/// Eight floats at `at`.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn load(x: &[f32], at: usize) -> __m256 {
    let x = &x[at..at + 8];
    // SAFETY: `x` has eight elements; the load needs no alignment.
    unsafe { _mm256_loadu_ps(x.as_ptr()) }
}

/// Eight f16 at `at`, widened.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn load_f16(x: &[u16], at: usize) -> __m256 {
    let x = &x[at..at + 8];
    // SAFETY: `x` has eight elements of 16 bits; the load needs no alignment.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(x.as_ptr().cast()) })
}

//! `Q4_K`: eight sub-blocks of unsigned nibbles, each with a 6-bit scale and minimum.
//!
//! A sub-block's quads add up in 16 bits as in `Q4_1`; the multiply-add that widens them applies the scale, so the
//! whole super-block is one exact 32-bit integer.

use super::view::{by_rows, load, load_f16, load_half, quad, rows_of, store_all};
use crate::kernels::{TileOut, TileRows};
use crate::packed::layout::{HALVES, QUADS, q4k};
use runtime_formats::memory::packed_block_bytes;
use runtime_formats::numerics::activations::Int8Block256;
use runtime_formats::quant::TensorType;
use std::arch::x86_64::*;

const BLOCK: usize = packed_block_bytes(TensorType::Q4K);

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn tile(tile: &[u8], rows: TileRows<'_>, out: &mut TileOut) {
    let Some(x) = &rows.x.int8x256 else { return };
    by_rows!(rows, q4_k, tile.as_chunks::<BLOCK>().0, rows, x, out);
}

#[target_feature(enable = "avx2,fma,f16c")]
fn q4_k<const M: usize, const H: usize>(
    tile: &[[u8; BLOCK]],
    rows: TileRows<'_>,
    x: &[Int8Block256],
    out: &mut TileOut,
) {
    let x = rows_of::<_, M>(rows, x, tile.len());
    for first in (0..2).step_by(H) {
        let mut y = [[_mm256_setzero_ps(); M]; H];
        for (b, block) in tile.iter().enumerate() {
            for h in 0..H {
                let dot = dots(block, first + h, &x, b);
                let min = minima(block, first + h, &x, b);
                let d = load_f16(block, q4k::D + (first + h) * 16);
                let dmin = load_f16(block, q4k::DMIN + (first + h) * 16);
                for m in 0..M {
                    let d8 = _mm256_set1_ps(x[m][b].d);
                    y[h][m] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot[m]), _mm256_mul_ps(d, d8), y[h][m]);
                    y[h][m] = _mm256_fnmadd_ps(_mm256_cvtepi32_ps(min[m]), _mm256_mul_ps(dmin, d8), y[h][m]);
                }
            }
        }
        store_all(out, first, &y);
    }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn dots<const M: usize>(
    block: &[u8; BLOCK],
    half: usize,
    x: &[&[Int8Block256]; M],
    b: usize,
) -> [__m256i; M] {
    let mut sums = [_mm256_setzero_si256(); M];
    for j in 0..8 {
        let pair = _mm256_cvtepu8_epi16(load_half(block, q4k::SCALES + j / 2 * HALVES + half * 16));
        let scale = one_of_pair(pair, j % 2);
        let dot = sub_block(block, j, half, x, b);
        for m in 0..M {
            sums[m] = _mm256_add_epi32(sums[m], _mm256_madd_epi16(dot[m], scale));
        }
    }
    sums
}

/// Sub-block `j`, still as pairs of 16-bit sums.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn sub_block<const M: usize>(
    block: &[u8; BLOCK],
    j: usize,
    half: usize,
    x: &[&[Int8Block256]; M],
    b: usize,
) -> [__m256i; M] {
    let mask = _mm256_set1_epi8(15);
    let mut sums = [_mm256_setzero_si256(); M];
    for p in 0..4 {
        let v = load(block, (j * 4 + p) * QUADS + half * 32);
        let low = _mm256_and_si256(v, mask);
        let high = _mm256_and_si256(_mm256_srli_epi16::<4>(v), mask);
        for m in 0..M {
            let q = &x[m][b].q;
            let low = _mm256_maddubs_epi16(low, quad(q, j * 32 + p * 4));
            let high = _mm256_maddubs_epi16(high, quad(q, j * 32 + 16 + p * 4));
            sums[m] = _mm256_add_epi16(sums[m], _mm256_add_epi16(low, high));
        }
    }
    sums
}

/// Sum over sub-blocks of minimum times sum of activations.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn minima<const M: usize>(
    block: &[u8; BLOCK],
    half: usize,
    x: &[&[Int8Block256]; M],
    b: usize,
) -> [__m256i; M] {
    let mut pairs = [[0; 8]; M];
    for m in 0..M {
        pairs[m] = pair_sums(&x[m][b].sums);
    }
    let mut sums = [_mm256_setzero_si256(); M];
    for j in 0..4 {
        let min = _mm256_cvtepu8_epi16(load_half(block, q4k::MINIMA + j * HALVES + half * 16));
        for m in 0..M {
            // Pairs 0 and 1 are in lanes 0 and 1, pairs 2 and 3 in lanes 4 and 5.
            let pair = _mm256_set1_epi32(pairs[m][j / 2 * 4 + j % 2]);
            sums[m] = _mm256_add_epi32(sums[m], _mm256_madd_epi16(min, pair));
        }
    }
    sums
}

/// Sums per 32 as pairs of 16 bits, in lanes 0, 1, 4 and 5.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn pair_sums(sums: &[i16; 16]) -> [i32; 8] {
    // SAFETY: 16 elements of 16 bits are 32 bytes.
    let sixteenths = unsafe { _mm256_loadu_si256(sums.as_ptr().cast()) };
    let eighths = _mm256_madd_epi16(sixteenths, _mm256_set1_epi16(1));
    let packed = _mm256_packs_epi32(eighths, eighths);
    let mut out = [0; 8];
    // SAFETY: 8 elements of 32 bits are 32 bytes.
    unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), packed) };
    out
}

/// Copies the first or second 16 bits of every 32 to both halves.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn one_of_pair(pair: __m256i, which: usize) -> __m256i {
    let lane = if which == 0 {
        _mm_set_epi8(13, 12, 13, 12, 9, 8, 9, 8, 5, 4, 5, 4, 1, 0, 1, 0)
    } else {
        _mm_set_epi8(15, 14, 15, 14, 11, 10, 11, 10, 7, 6, 7, 6, 3, 2, 3, 2)
    };
    _mm256_shuffle_epi8(pair, _mm256_broadcastsi128_si256(lane))
}

//! `Q6_K`: sixteen sub-blocks of unsigned 6-bit values, each with a signed 8-bit scale; weights are (value - 32).
//!
//! Two quads add up in 16 bits (32,004 at most); the widening multiply-add applies the scale. The offset of 32 is
//! taken off once per super-block: 32 * sum of scale times sum of activations, exact in 32 bits.

use super::q4k::one_of_pair;
use super::view::{by_rows, load, load_f16, load_half, quad, rows_of, store_all};
use crate::kernels::{TileOut, TileRows};
use crate::packed::layout::{HALVES, QUADS, q6k};
use runtime_formats::memory::packed_block_bytes;
use runtime_formats::numerics::activations::Int8Block256;
use runtime_formats::quant::TensorType;
use std::arch::x86_64::*;

const BLOCK: usize = packed_block_bytes(TensorType::Q6K);

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn tile(tile: &[u8], rows: TileRows<'_>, out: &mut TileOut) {
    let Some(x) = &rows.x.int8x256 else { return };
    by_rows!(rows, q6_k, tile.as_chunks::<BLOCK>().0, rows, x, out);
}

#[target_feature(enable = "avx2,fma,f16c")]
fn q6_k<const M: usize, const H: usize>(
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
                let d = load_f16(block, q6k::D + (first + h) * 16);
                for m in 0..M {
                    let scale = _mm256_mul_ps(d, _mm256_set1_ps(x[m][b].d));
                    y[h][m] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot[m]), scale, y[h][m]);
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
    let mut dots = [_mm256_setzero_si256(); M];
    let mut offsets = [_mm256_setzero_si256(); M];
    for pair in 0..8 {
        let scales = _mm256_cvtepi8_epi16(load_half(block, q6k::SCALES + pair * HALVES + half * 16));
        for j in [2 * pair, 2 * pair + 1] {
            let scale = one_of_pair(scales, j % 2);
            let values = values(block, j, half);
            for m in 0..M {
                let q = &x[m][b].q;
                let mut pairs = [_mm256_setzero_si256(); 4];
                for p in 0..4 {
                    pairs[p] = _mm256_maddubs_epi16(values[p], quad(q, j * 16 + p * 4));
                }
                let first = _mm256_madd_epi16(_mm256_add_epi16(pairs[0], pairs[1]), scale);
                let second = _mm256_madd_epi16(_mm256_add_epi16(pairs[2], pairs[3]), scale);
                dots[m] = _mm256_add_epi32(dots[m], _mm256_add_epi32(first, second));
            }
        }
        for m in 0..M {
            let sums = &x[m][b].sums;
            let (low, high) = (sums[2 * pair] as u16, sums[2 * pair + 1] as u16);
            let sums = _mm256_set1_epi32((u32::from(low) | (u32::from(high) << 16)) as i32);
            offsets[m] = _mm256_add_epi32(offsets[m], _mm256_madd_epi16(scales, sums));
        }
    }
    for m in 0..M {
        dots[m] = _mm256_sub_epi32(dots[m], _mm256_slli_epi32::<5>(offsets[m]));
    }
    dots
}

/// The four quads of sub-block `j`, 6-bit values as bytes.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn values(block: &[u8; BLOCK], j: usize, half: usize) -> [__m256i; 4] {
    let at = j * q6k::SUB_BLOCK + half * 32;
    let (first, second) = (load(block, at), load(block, at + QUADS));
    let bits = load(block, at + 2 * QUADS);
    let low = _mm256_set1_epi8(15);
    let high = _mm256_set1_epi8(0x30);
    let mut values = [first, second, _mm256_srli_epi16::<4>(first), _mm256_srli_epi16::<4>(second)];
    let shifted =
        [_mm256_slli_epi16::<4>(bits), _mm256_slli_epi16::<2>(bits), bits, _mm256_srli_epi16::<2>(bits)];
    for p in 0..4 {
        values[p] = _mm256_or_si256(_mm256_and_si256(values[p], low), _mm256_and_si256(shifted[p], high));
    }
    values
}

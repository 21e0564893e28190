//! `Q4_0` and `Q4_1`: unsigned nibbles times int8.
//!
//! A pair of products is at most 2 * 15 * 127, so the eight quads of a block add up in 16 bits (30,480) without
//! saturation, and one widening multiply-add by one finishes the exact dot product.

use super::view::{by_rows, load, load_f16, quad, rows_of, store_all};
use crate::kernels::{TileOut, TileRows};
use crate::packed::layout::{HALVES, QUADS};
use runtime_formats::numerics::activations::Int8Block32;
use std::arch::x86_64::*;

const D: usize = 4 * QUADS;
const M_OFFSET: usize = D + HALVES;
const Q4_0: usize = D + HALVES;
const Q4_1: usize = M_OFFSET + HALVES;

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn tile_q4_1(tile: &[u8], rows: TileRows<'_>, out: &mut TileOut) {
    let Some(x) = &rows.x.int8x32 else { return };
    by_rows!(rows, q4_1, tile.as_chunks::<Q4_1>().0, rows, x, out);
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn tile_q4_0(tile: &[u8], rows: TileRows<'_>, out: &mut TileOut) {
    let Some(x) = &rows.x.int8x32 else { return };
    by_rows!(rows, q4_0, tile.as_chunks::<Q4_0>().0, rows, x, out);
}

#[target_feature(enable = "avx2,fma,f16c")]
fn q4_1<const M: usize, const H: usize>(
    tile: &[[u8; Q4_1]],
    rows: TileRows<'_>,
    x: &[Int8Block32],
    out: &mut TileOut,
) {
    let x = rows_of::<_, M>(rows, x, tile.len());
    for first in (0..2).step_by(H) {
        let mut y = [[_mm256_setzero_ps(); M]; H];
        for (b, block) in tile.iter().enumerate() {
            let dot = dots::<M, H, Q4_1>(block, first, &x, b);
            for h in 0..H {
                let d = load_f16(block, D + (first + h) * 16);
                let min = load_f16(block, M_OFFSET + (first + h) * 16);
                for m in 0..M {
                    let scale = _mm256_mul_ps(d, _mm256_set1_ps(x[m][b].d));
                    y[h][m] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot[h][m]), scale, y[h][m]);
                    y[h][m] = _mm256_fmadd_ps(min, _mm256_set1_ps(x[m][b].s), y[h][m]);
                }
            }
        }
        store_all(out, first, &y);
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
fn q4_0<const M: usize, const H: usize>(
    tile: &[[u8; Q4_0]],
    rows: TileRows<'_>,
    x: &[Int8Block32],
    out: &mut TileOut,
) {
    let x = rows_of::<_, M>(rows, x, tile.len());
    for first in (0..2).step_by(H) {
        let mut y = [[_mm256_setzero_ps(); M]; H];
        for (b, block) in tile.iter().enumerate() {
            let dot = dots::<M, H, Q4_0>(block, first, &x, b);
            for h in 0..H {
                let d = load_f16(block, D + (first + h) * 16);
                for m in 0..M {
                    // The weights are (nibble - 8).
                    let offset = _mm256_set1_epi32(8 * x[m][b].sum);
                    let dot = _mm256_cvtepi32_ps(_mm256_sub_epi32(dot[h][m], offset));
                    let scale = _mm256_mul_ps(d, _mm256_set1_ps(x[m][b].d));
                    y[h][m] = _mm256_fmadd_ps(dot, scale, y[h][m]);
                }
            }
        }
        store_all(out, first, &y);
    }
}

/// Exact dot products of the nibbles of `H` times eight outputs with block `b` of each row.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn dots<const M: usize, const H: usize, const N: usize>(
    block: &[u8; N],
    first: usize,
    x: &[&[Int8Block32]; M],
    b: usize,
) -> [[__m256i; M]; H] {
    let mask = _mm256_set1_epi8(15);
    let ones = _mm256_set1_epi16(1);
    let mut sums = [[_mm256_setzero_si256(); M]; H];
    for p in 0..4 {
        for h in 0..H {
            let v = load(block, p * QUADS + (first + h) * 32);
            let low = _mm256_and_si256(v, mask);
            let high = _mm256_and_si256(_mm256_srli_epi16::<4>(v), mask);
            for m in 0..M {
                let q = &x[m][b].q;
                let low = _mm256_maddubs_epi16(low, quad(q, p * 4));
                let high = _mm256_maddubs_epi16(high, quad(q, 16 + p * 4));
                sums[h][m] = _mm256_add_epi16(sums[h][m], _mm256_add_epi16(low, high));
            }
        }
    }
    for h in 0..H {
        for m in 0..M {
            sums[h][m] = _mm256_madd_epi16(sums[h][m], ones);
        }
    }
    sums
}

//! `Q8_0`: int8 times int8.
//!
//! The weight's magnitude (at most 128, as unsigned) meets the activation carrying the weight's sign (at most 127 in
//! magnitude): a pair of products is at most 32,512, so nothing saturates even for weights of -128.

use super::view::{by_rows, load, load_f16, quad, rows_of, store_all};
use crate::kernels::{TileOut, TileRows};
use crate::packed::layout::{HALVES, QUADS};
use runtime_formats::numerics::activations::Int8Block32;
use std::arch::x86_64::*;

const D: usize = 8 * QUADS;
const BLOCK: usize = D + HALVES;

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn tile(tile: &[u8], rows: TileRows<'_>, out: &mut TileOut) {
    let Some(x) = &rows.x.int8x32 else { return };
    by_rows!(rows, q8_0, tile.as_chunks::<BLOCK>().0, rows, x, out);
}

#[target_feature(enable = "avx2,fma,f16c")]
fn q8_0<const M: usize, const H: usize>(
    tile: &[[u8; BLOCK]],
    rows: TileRows<'_>,
    x: &[Int8Block32],
    out: &mut TileOut,
) {
    let x = rows_of::<_, M>(rows, x, tile.len());
    for first in (0..2).step_by(H) {
        let mut y = [[_mm256_setzero_ps(); M]; H];
        for (b, block) in tile.iter().enumerate() {
            let dot = dots::<M, H>(block, first, &x, b);
            for h in 0..H {
                let d = load_f16(block, D + (first + h) * 16);
                for m in 0..M {
                    let scale = _mm256_mul_ps(d, _mm256_set1_ps(x[m][b].d));
                    y[h][m] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot[h][m]), scale, y[h][m]);
                }
            }
        }
        store_all(out, first, &y);
    }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn dots<const M: usize, const H: usize>(
    block: &[u8; BLOCK],
    first: usize,
    x: &[&[Int8Block32]; M],
    b: usize,
) -> [[__m256i; M]; H] {
    let ones = _mm256_set1_epi16(1);
    let mut sums = [[_mm256_setzero_si256(); M]; H];
    for p in 0..8 {
        for h in 0..H {
            let w = load(block, p * QUADS + (first + h) * 32);
            let magnitude = _mm256_abs_epi8(w);
            for m in 0..M {
                let signed = _mm256_sign_epi8(quad(&x[m][b].q, p * 4), w);
                let pairs = _mm256_maddubs_epi16(magnitude, signed);
                sums[h][m] = _mm256_add_epi32(sums[h][m], _mm256_madd_epi16(pairs, ones));
            }
        }
    }
    sums
}

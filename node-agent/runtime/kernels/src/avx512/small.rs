//! `Q4_0`, `Q4_1`, `Q8_0`: blocks of 32.

use super::{by_rows, load, load_f16, quad, store_all};
use crate::avx2::view::rows_of;
use crate::kernels::{TileOut, TileRows};
use crate::packed::layout::{HALVES, QUADS};
use runtime_formats::numerics::activations::Int8Block32;
use std::arch::x86_64::*;

const Q4_D: usize = 4 * QUADS;
const Q4_M: usize = Q4_D + HALVES;
const Q4_0: usize = Q4_D + HALVES;
const Q4_1: usize = Q4_M + HALVES;
const Q8_D: usize = 8 * QUADS;
const Q8_0: usize = Q8_D + HALVES;

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(super) fn tile_q4_1(tile: &[u8], rows: TileRows<'_>, out: &mut TileOut) {
    let Some(x) = &rows.x.int8x32 else { return };
    by_rows!(rows, q4_1, tile.as_chunks::<Q4_1>().0, rows, x, out);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(super) fn tile_q4_0(tile: &[u8], rows: TileRows<'_>, out: &mut TileOut) {
    let Some(x) = &rows.x.int8x32 else { return };
    by_rows!(rows, q4_0, tile.as_chunks::<Q4_0>().0, rows, x, out);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(super) fn tile_q8_0(tile: &[u8], rows: TileRows<'_>, out: &mut TileOut) {
    let Some(x) = &rows.x.int8x32 else { return };
    by_rows!(rows, q8_0, tile.as_chunks::<Q8_0>().0, rows, x, out);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
fn q4_1<const M: usize>(tile: &[[u8; Q4_1]], rows: TileRows<'_>, x: &[Int8Block32], out: &mut TileOut) {
    let x = rows_of::<_, M>(rows, x, tile.len());
    let mut y = [_mm512_setzero_ps(); M];
    for (b, block) in tile.iter().enumerate() {
        let dot = nibble_dots(block, &x, b);
        let (d, min) = (load_f16(block, Q4_D), load_f16(block, Q4_M));
        for m in 0..M {
            let scale = _mm512_mul_ps(d, _mm512_set1_ps(x[m][b].d));
            y[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot[m]), scale, y[m]);
            y[m] = _mm512_fmadd_ps(min, _mm512_set1_ps(x[m][b].s), y[m]);
        }
    }
    store_all(out, &y);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
fn q4_0<const M: usize>(tile: &[[u8; Q4_0]], rows: TileRows<'_>, x: &[Int8Block32], out: &mut TileOut) {
    let x = rows_of::<_, M>(rows, x, tile.len());
    let mut y = [_mm512_setzero_ps(); M];
    for (b, block) in tile.iter().enumerate() {
        let dot = nibble_dots(block, &x, b);
        let d = load_f16(block, Q4_D);
        for m in 0..M {
            // The weights are (nibble - 8).
            let offset = _mm512_set1_epi32(8 * x[m][b].sum);
            let dot = _mm512_cvtepi32_ps(_mm512_sub_epi32(dot[m], offset));
            y[m] = _mm512_fmadd_ps(dot, _mm512_mul_ps(d, _mm512_set1_ps(x[m][b].d)), y[m]);
        }
    }
    store_all(out, &y);
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
fn nibble_dots<const M: usize, const N: usize>(
    block: &[u8; N],
    x: &[&[Int8Block32]; M],
    b: usize,
) -> [__m512i; M] {
    let mask = _mm512_set1_epi8(15);
    let mut dots = [_mm512_setzero_si512(); M];
    for p in 0..4 {
        let v = load(block, p * QUADS);
        let low = _mm512_and_si512(v, mask);
        let high = _mm512_and_si512(_mm512_srli_epi16::<4>(v), mask);
        for m in 0..M {
            let q = &x[m][b].q;
            dots[m] = _mm512_dpbusd_epi32(dots[m], low, quad(q, p * 4));
            dots[m] = _mm512_dpbusd_epi32(dots[m], high, quad(q, 16 + p * 4));
        }
    }
    dots
}

/// The instruction wants unsigned weights: they are shifted up by 128, and 128 times the sum of activations is taken
/// off again, exactly.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
fn q8_0<const M: usize>(tile: &[[u8; Q8_0]], rows: TileRows<'_>, x: &[Int8Block32], out: &mut TileOut) {
    let x = rows_of::<_, M>(rows, x, tile.len());
    let shift = _mm512_set1_epi8(i8::MIN);
    let mut y = [_mm512_setzero_ps(); M];
    for (b, block) in tile.iter().enumerate() {
        let mut dot = [_mm512_setzero_si512(); M];
        for p in 0..8 {
            let w = _mm512_xor_si512(load(block, p * QUADS), shift);
            for m in 0..M {
                dot[m] = _mm512_dpbusd_epi32(dot[m], w, quad(&x[m][b].q, p * 4));
            }
        }
        let d = load_f16(block, Q8_D);
        for m in 0..M {
            let offset = _mm512_set1_epi32(128 * x[m][b].sum);
            let dot = _mm512_cvtepi32_ps(_mm512_sub_epi32(dot[m], offset));
            y[m] = _mm512_fmadd_ps(dot, _mm512_mul_ps(d, _mm512_set1_ps(x[m][b].d)), y[m]);
        }
    }
    store_all(out, &y);
}

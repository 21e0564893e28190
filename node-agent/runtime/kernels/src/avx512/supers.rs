//! `Q4_K`, `Q6_K`: super-blocks of 256.

use super::{by_rows, load, load_f16, load_half, quad, store_all};
use crate::avx2::view::rows_of;
use crate::kernels::{TileOut, TileRows};
use crate::packed::layout::{HALVES, QUADS, q4k, q6k};
use runtime_formats::memory::packed_block_bytes;
use runtime_formats::numerics::activations::Int8Block256;
use runtime_formats::quant::TensorType;
use std::arch::x86_64::*;

const Q4_K: usize = packed_block_bytes(TensorType::Q4K);
const Q6_K: usize = packed_block_bytes(TensorType::Q6K);

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(super) fn tile_q4_k(tile: &[u8], rows: TileRows<'_>, out: &mut TileOut) {
    let Some(x) = &rows.x.int8x256 else { return };
    by_rows!(rows, q4_k, tile.as_chunks::<Q4_K>().0, rows, x, out);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(super) fn tile_q6_k(tile: &[u8], rows: TileRows<'_>, out: &mut TileOut) {
    let Some(x) = &rows.x.int8x256 else { return };
    by_rows!(rows, q6_k, tile.as_chunks::<Q6_K>().0, rows, x, out);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
fn q4_k<const M: usize>(tile: &[[u8; Q4_K]], rows: TileRows<'_>, x: &[Int8Block256], out: &mut TileOut) {
    let x = rows_of::<_, M>(rows, x, tile.len());
    let mut y = [_mm512_setzero_ps(); M];
    for (b, block) in tile.iter().enumerate() {
        let mut dot = [_mm512_setzero_si512(); M];
        let mut min = [_mm512_setzero_si512(); M];
        for pair in 0..4 {
            let scales = _mm512_cvtepu8_epi16(load_half(block, q4k::SCALES + pair * HALVES));
            let minima = _mm512_cvtepu8_epi16(load_half(block, q4k::MINIMA + pair * HALVES));
            for j in [2 * pair, 2 * pair + 1] {
                let sub_block = nibble_dots(block, j, &x, b);
                let scale = one_of_pair(scales, j % 2);
                for m in 0..M {
                    dot[m] = _mm512_add_epi32(dot[m], _mm512_mullo_epi32(sub_block[m], scale));
                }
            }
            for m in 0..M {
                let sums = &x[m][b].sums[4 * pair..];
                let sums = pair_bits(sums[0] + sums[1], sums[2] + sums[3]);
                min[m] = _mm512_add_epi32(min[m], _mm512_madd_epi16(minima, _mm512_set1_epi32(sums)));
            }
        }
        let (d, dmin) = (load_f16(block, q4k::D), load_f16(block, q4k::DMIN));
        for m in 0..M {
            let d8 = _mm512_set1_ps(x[m][b].d);
            y[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot[m]), _mm512_mul_ps(d, d8), y[m]);
            y[m] = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(min[m]), _mm512_mul_ps(dmin, d8), y[m]);
        }
    }
    store_all(out, &y);
}

/// Exact dot products of sub-block `j`'s nibbles.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
fn nibble_dots<const M: usize>(
    block: &[u8; Q4_K],
    j: usize,
    x: &[&[Int8Block256]; M],
    b: usize,
) -> [__m512i; M] {
    let mask = _mm512_set1_epi8(15);
    let mut dots = [_mm512_setzero_si512(); M];
    for p in 0..4 {
        let v = load(block, (j * 4 + p) * QUADS);
        let low = _mm512_and_si512(v, mask);
        let high = _mm512_and_si512(_mm512_srli_epi16::<4>(v), mask);
        for m in 0..M {
            let q = &x[m][b].q;
            dots[m] = _mm512_dpbusd_epi32(dots[m], low, quad(q, j * 32 + p * 4));
            dots[m] = _mm512_dpbusd_epi32(dots[m], high, quad(q, j * 32 + 16 + p * 4));
        }
    }
    dots
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
fn q6_k<const M: usize>(tile: &[[u8; Q6_K]], rows: TileRows<'_>, x: &[Int8Block256], out: &mut TileOut) {
    let x = rows_of::<_, M>(rows, x, tile.len());
    let mut y = [_mm512_setzero_ps(); M];
    for (b, block) in tile.iter().enumerate() {
        let mut dot = [_mm512_setzero_si512(); M];
        let mut offset = [_mm512_setzero_si512(); M];
        for pair in 0..8 {
            let scales = _mm512_cvtepi8_epi16(load_half(block, q6k::SCALES + pair * HALVES));
            for j in [2 * pair, 2 * pair + 1] {
                let values = six_bit_values(block, j);
                let scale = one_of_pair(scales, j % 2);
                for m in 0..M {
                    let mut sub_block = _mm512_setzero_si512();
                    for p in 0..4 {
                        let q = quad(&x[m][b].q, j * 16 + p * 4);
                        sub_block = _mm512_dpbusd_epi32(sub_block, values[p], q);
                    }
                    dot[m] = _mm512_add_epi32(dot[m], _mm512_mullo_epi32(sub_block, scale));
                }
            }
            for m in 0..M {
                let sums: &[i16; 16] = &x[m][b].sums;
                let sums = _mm512_set1_epi32(pair_bits(sums[2 * pair], sums[2 * pair + 1]));
                offset[m] = _mm512_add_epi32(offset[m], _mm512_madd_epi16(scales, sums));
            }
        }
        let d = load_f16(block, q6k::D);
        for m in 0..M {
            let dot = _mm512_sub_epi32(dot[m], _mm512_slli_epi32::<5>(offset[m]));
            let scale = _mm512_mul_ps(d, _mm512_set1_ps(x[m][b].d));
            y[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot), scale, y[m]);
        }
    }
    store_all(out, &y);
}

/// The four quads of sub-block `j`, 6-bit values as bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
fn six_bit_values(block: &[u8; Q6_K], j: usize) -> [__m512i; 4] {
    let at = j * q6k::SUB_BLOCK;
    let (first, second, bits) = (load(block, at), load(block, at + QUADS), load(block, at + 2 * QUADS));
    let (low, high) = (_mm512_set1_epi8(15), _mm512_set1_epi8(0x30));
    let mut values = [first, second, _mm512_srli_epi16::<4>(first), _mm512_srli_epi16::<4>(second)];
    let shifted =
        [_mm512_slli_epi16::<4>(bits), _mm512_slli_epi16::<2>(bits), bits, _mm512_srli_epi16::<2>(bits)];
    for p in 0..4 {
        values[p] = _mm512_or_si512(_mm512_and_si512(values[p], low), _mm512_and_si512(shifted[p], high));
    }
    values
}

/// The first or second 16 bits of every 32, with their sign.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
fn one_of_pair(pair: __m512i, which: usize) -> __m512i {
    let up = if which == 0 { _mm512_slli_epi32::<16>(pair) } else { pair };
    _mm512_srai_epi32::<16>(up)
}

/// Two 16-bit integers side by side.
fn pair_bits(low: i16, high: i16) -> i32 {
    (u32::from(low as u16) | (u32::from(high as u16) << 16)) as i32
}

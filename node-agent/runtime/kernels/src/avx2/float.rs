//! `F16` and `F32`: one fused operation per column, outputs side by side; always both halves of a tile at once.

use super::view::{by_rows, load_f16, store};
use crate::kernels::{TileOut, TileRows};
use crate::packed::layout::HALVES;
use std::arch::x86_64::*;

const F32_COLUMN: usize = 2 * HALVES;

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn tile_f16(tile: &[u8], rows: TileRows<'_>, out: &mut TileOut) {
    by_rows!(rows, f16, tile.as_chunks::<HALVES>().0, rows, out);
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn tile_f32(tile: &[u8], rows: TileRows<'_>, out: &mut TileOut) {
    by_rows!(rows, f32, tile.as_chunks::<F32_COLUMN>().0, rows, out);
}

#[target_feature(enable = "avx2,fma,f16c")]
fn f16<const M: usize, const H: usize>(tile: &[[u8; HALVES]], rows: TileRows<'_>, out: &mut TileOut) {
    let x = values::<M>(rows, tile.len());
    let mut y = [[_mm256_setzero_ps(); 2]; M];
    for (k, column) in tile.iter().enumerate() {
        let w = [load_f16(column, 0), load_f16(column, 16)];
        for m in 0..M {
            let x = _mm256_set1_ps(x[m][k]);
            y[m] = [_mm256_fmadd_ps(w[0], x, y[m][0]), _mm256_fmadd_ps(w[1], x, y[m][1])];
        }
    }
    finish(&y, out);
}

#[target_feature(enable = "avx2,fma,f16c")]
fn f32<const M: usize, const H: usize>(tile: &[[u8; F32_COLUMN]], rows: TileRows<'_>, out: &mut TileOut) {
    let x = values::<M>(rows, tile.len());
    let mut y = [[_mm256_setzero_ps(); 2]; M];
    for (k, column) in tile.iter().enumerate() {
        // SAFETY: a column is 64 bytes, two loads of 32; they need no alignment.
        let w = unsafe {
            let start = column.as_ptr().cast::<f32>();
            [_mm256_loadu_ps(start), _mm256_loadu_ps(start.add(8))]
        };
        for m in 0..M {
            let x = _mm256_set1_ps(x[m][k]);
            y[m] = [_mm256_fmadd_ps(w[0], x, y[m][0]), _mm256_fmadd_ps(w[1], x, y[m][1])];
        }
    }
    finish(&y, out);
}

/// The rows as f32, each exactly `cols` long.
fn values<const M: usize>(rows: TileRows<'_>, cols: usize) -> [&[f32]; M] {
    std::array::from_fn(|m| &rows.x.values[(rows.first + m) * cols..][..cols])
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn finish(y: &[[__m256; 2]], out: &mut TileOut) {
    for (y, out) in y.iter().zip(out) {
        store(out, 0, y[0]);
        store(out, 8, y[1]);
    }
}

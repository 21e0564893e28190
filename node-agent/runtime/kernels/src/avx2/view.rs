//! Checked loads, and the rows of activations a tile kernel reads.

use crate::kernels::{TileOut, TileRows};
use std::arch::x86_64::*;

/// 32 bytes at `at`.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(crate) fn load<const N: usize>(bytes: &[u8; N], at: usize) -> __m256i {
    assert!(at + 32 <= N);
    // SAFETY: 32 bytes from `at` are inside the array; the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().add(at).cast()) }
}

/// 16 bytes at `at`.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(crate) fn load_half<const N: usize>(bytes: &[u8; N], at: usize) -> __m128i {
    assert!(at + 16 <= N);
    // SAFETY: 16 bytes from `at` are inside the array; the load needs no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().add(at).cast()) }
}

/// Eight f16 at `at`, widened.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(crate) fn load_f16<const N: usize>(bytes: &[u8; N], at: usize) -> __m256 {
    _mm256_cvtph_ps(load_half(bytes, at))
}

/// Four int8 activations from `at`, in every lane.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(crate) fn quad<const N: usize>(q: &[i8; N], at: usize) -> __m256i {
    _mm256_set1_epi32(quad_bits(q, at))
}

/// Four int8 activations from `at` as one integer.
#[inline]
pub(crate) fn quad_bits<const N: usize>(q: &[i8; N], at: usize) -> i32 {
    i32::from_le_bytes([q[at] as u8, q[at + 1] as u8, q[at + 2] as u8, q[at + 3] as u8])
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(crate) fn store(out: &mut [f32], at: usize, value: __m256) {
    let out = &mut out[at..at + 8];
    // SAFETY: `out` has eight elements; the store needs no alignment.
    unsafe { _mm256_storeu_ps(out.as_mut_ptr(), value) }
}

/// Stores the outputs of a pass: `y[h][m]` are outputs `8 * (first + h)` on of row `m`.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(crate) fn store_all<const M: usize, const H: usize>(
    out: &mut TileOut,
    first: usize,
    y: &[[__m256; M]; H],
) {
    for h in 0..H {
        for m in 0..M {
            store(&mut out[m], (first + h) * 8, y[h][m]);
        }
    }
}

/// The rows of a tile call, each exactly `blocks` long.
pub(crate) fn rows_of<'a, T, const M: usize>(
    rows: TileRows<'_>,
    all: &'a [T],
    blocks: usize,
) -> [&'a [T]; M] {
    std::array::from_fn(|m| &all[(rows.first + m) * blocks..][..blocks])
}

/// Calls the instance of a kernel for `count` rows: `kernel::<ROWS, HALVES>`, where HALVES of a tile's 16 outputs are
/// computed in one pass. Few rows leave registers for both, which streams weights once and shares the broadcasts.
macro_rules! by_rows {
    ($rows:expr, $kernel:ident, $($argument:expr),*) => {
        match $rows.count {
            1 => $kernel::<1, 2>($($argument),*),
            2 => $kernel::<2, 2>($($argument),*),
            3 => $kernel::<3, 1>($($argument),*),
            _ => $kernel::<4, 1>($($argument),*),
        }
    };
}
pub(crate) use by_rows;

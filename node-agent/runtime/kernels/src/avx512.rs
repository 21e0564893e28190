//! Kernels for x86-64 with AVX-512 and VNNI: the matrix products. One register holds the quads of all 16 outputs of
//! a tile, and one instruction multiplies and adds four weights of each, exactly, in 32 bits. Everything else is
//! bound by memory or latency and comes from the AVX2 table, with the same bits.
//!
//! `unsafe` as in the AVX2 module: feature-gated calls and loads inside asserted bounds.
#![allow(unsafe_code)]
// Row `m` of several register arrays is one step of a formula; iterators would hide that.
#![allow(clippy::needless_range_loop)]

mod small;
mod supers;

use crate::avx2;
use crate::avx2::checked;
use crate::isa::Isa;
use crate::kernels::{Kernels, TileOut};
use runtime_formats::memory::TILE_OUTPUTS;
use std::arch::x86_64::*;

pub(crate) static KERNELS: Kernels = Kernels {
    isa: Isa::Avx512Vnni,
    tiles: [
        avx2::TILE_F32,
        avx2::TILE_F16,
        checked!(small::tile_q4_0, tile, rows, out),
        checked!(small::tile_q4_1, tile, rows, out),
        checked!(small::tile_q8_0, tile, rows, out),
        checked!(supers::tile_q4_k, tile, rows, out),
        checked!(supers::tile_q6_k, tile, rows, out),
    ],
    quantize_32: avx2::QUANTIZE_32,
    quantize_256: avx2::QUANTIZE_256,
    rmsnorm: avx2::RMSNORM,
    silu_mul: avx2::SILU_MUL,
    rotate: avx2::ROTATE,
    to_half: avx2::TO_HALF,
    attend: avx2::ATTEND,
};

/// 64 bytes at `at`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
fn load<const N: usize>(bytes: &[u8; N], at: usize) -> __m512i {
    assert!(at + 64 <= N);
    // SAFETY: 64 bytes from `at` are inside the array; the load needs no alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().add(at).cast()) }
}

/// 32 bytes at `at`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
fn load_half<const N: usize>(bytes: &[u8; N], at: usize) -> __m256i {
    assert!(at + 32 <= N);
    // SAFETY: 32 bytes from `at` are inside the array; the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().add(at).cast()) }
}

/// Sixteen f16 at `at`, widened.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
fn load_f16<const N: usize>(bytes: &[u8; N], at: usize) -> __m512 {
    let halves = load_half(bytes, at);
    // Two 256-bit conversions: at home in F16C, and no slower where memory is the limit.
    let low = _mm256_cvtph_ps(_mm256_castsi256_si128(halves));
    let high = _mm256_cvtph_ps(_mm256_extracti128_si256::<1>(halves));
    let joined = _mm512_castps_pd(_mm512_castps256_ps512(low));
    _mm512_castpd_ps(_mm512_insertf64x4::<1>(joined, _mm256_castps_pd(high)))
}

/// Four int8 activations from `at`, for every output.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
fn quad<const N: usize>(q: &[i8; N], at: usize) -> __m512i {
    _mm512_set1_epi32(avx2::view::quad_bits(q, at))
}

/// Stores the outputs of each row.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
fn store_all<const M: usize>(out: &mut TileOut, y: &[__m512; M]) {
    for m in 0..M {
        let out: &mut [f32; TILE_OUTPUTS] = &mut out[m];
        // SAFETY: sixteen elements; the store needs no alignment.
        unsafe { _mm512_storeu_ps(out.as_mut_ptr(), y[m]) }
    }
}

/// Calls the instance of a kernel for `count` rows.
macro_rules! by_rows {
    ($rows:expr, $kernel:ident, $($argument:expr),*) => {
        match $rows.count {
            1 => $kernel::<1>($($argument),*),
            2 => $kernel::<2>($($argument),*),
            3 => $kernel::<3>($($argument),*),
            _ => $kernel::<4>($($argument),*),
        }
    };
}
use by_rows;

#[cfg(test)]
mod tests;

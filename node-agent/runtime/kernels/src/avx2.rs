//! Kernels for x86-64 with AVX2, FMA and F16C.
//!
//! `unsafe` here is of two kinds: calling a function compiled for features that the table's user was checked to
//! have, and vector loads and stores, each inside one slice whose length is asserted next to it. It buys a factor of
//! 10 to 40 over the portable kernels.
#![allow(unsafe_code)]
// Row `m` of several register arrays is one step of a formula; iterators would hide that.
#![allow(clippy::needless_range_loop)]

mod attention;
mod float;
mod math;
mod nibbles;
mod q4k;
mod q6k;
mod q8_0;
mod rows;
pub(crate) mod view;

use crate::isa::Isa;
use crate::kernels::Kernels;
use runtime_formats::numerics::activations::{Int8Block32, Int8Block256};

/// A table entry that calls a function of this module: sound because [`Kernels`] hands the table out only after
/// [`Isa::available`] found the features.
macro_rules! checked {
    ($function:path, $($argument:ident),+) => {
        |$($argument),+| {
            // SAFETY: `Kernels::of` and `Kernels::select` give this table out only on CPUs that have the features.
            unsafe { $function($($argument),+) }
        }
    };
}
pub(crate) use checked;

pub(crate) static KERNELS: Kernels = Kernels {
    isa: Isa::Avx2,
    tiles: [
        checked!(float::tile_f32, tile, rows, out),
        checked!(float::tile_f16, tile, rows, out),
        checked!(nibbles::tile_q4_0, tile, rows, out),
        checked!(nibbles::tile_q4_1, tile, rows, out),
        checked!(q8_0::tile, tile, rows, out),
        checked!(q4k::tile, tile, rows, out),
        checked!(q6k::tile, tile, rows, out),
    ],
    quantize_32: QUANTIZE_32,
    quantize_256: QUANTIZE_256,
    rmsnorm: RMSNORM,
    silu_mul: SILU_MUL,
    rotate: ROTATE,
    to_half: TO_HALF,
    attend: ATTEND,
};

// Shared with the AVX-512 table: these are bound by memory or by latency, not by vector width.
pub(crate) const QUANTIZE_32: fn(&[f32], &mut [Int8Block32]) = checked!(rows::quantize_32, x, out);
pub(crate) const QUANTIZE_256: fn(&[f32], &mut [Int8Block256]) = checked!(rows::quantize_256, x, out);
pub(crate) const RMSNORM: fn(&[f32], &[f32], f32, &mut [f32]) =
    checked!(rows::rmsnorm, x, weight, epsilon, out);
pub(crate) const SILU_MUL: fn(&[f32], &[f32], &mut [f32]) = checked!(rows::silu_mul, gate, up, out);
pub(crate) const ROTATE: fn(&mut [f32], &[f32], &[f32]) = checked!(rows::rotate, head, cos, sin);
pub(crate) const TO_HALF: fn(&[f32], &mut [u16]) = checked!(rows::to_half, x, out);
pub(crate) const ATTEND: crate::kernels::AttendFn = checked!(attention::attend, block, running);
pub(crate) const TILE_F32: crate::kernels::TileFn = checked!(float::tile_f32, tile, rows, out);
pub(crate) const TILE_F16: crate::kernels::TileFn = checked!(float::tile_f16, tile, rows, out);

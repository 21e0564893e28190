//! Activations as int8, quantized per row and per group, so that a row's bits never depend on its neighbours.

use crate::quant::blocks::{SMALL_BLOCK, SUPER_BLOCK};

/// Groups whose largest magnitude is below this become zero: 127 divided by it must stay finite.
pub const AMAX_FLOOR: f32 = 7.888_609e-31; // 2^-100

/// Sub-block of a super-block over which sums are kept.
pub const SUM_BLOCK: usize = 16;

/// A row quantized per 32: the partner of `Q4_0`, `Q4_1`, `Q8_0`.
#[derive(Debug, Clone, Copy)]
pub struct Int8Row32<'a> {
    /// Values in -127..=127, one per column.
    pub q: &'a [i8],
    /// Scale per 32 columns.
    pub d: &'a [f32],
    /// `d * sum(q)` per 32 columns, rounded once.
    pub s: &'a [f32],
    /// `sum(q)` per 32 columns.
    pub sums: &'a [i16],
}

/// A row quantized per 256: the partner of `Q4_K`, `Q6_K`.
#[derive(Debug, Clone, Copy)]
pub struct Int8Row256<'a> {
    /// Values in -127..=127, one per column.
    pub q: &'a [i8],
    /// Scale per 256 columns.
    pub d: &'a [f32],
    /// `sum(q)` per 16 columns.
    pub sums: &'a [i16],
}

/// Quantizes `x` per 32 columns. Slices are sized as in [`Int8Row32`].
pub fn quantize_32(x: &[f32], q: &mut [i8], d: &mut [f32], s: &mut [f32], sums: &mut [i16]) {
    let groups = x.chunks_exact(SMALL_BLOCK).zip(q.chunks_exact_mut(SMALL_BLOCK));
    for (g, (x, q)) in groups.enumerate() {
        d[g] = quantize_group(x, q);
        sums[g] = q.iter().map(|&v| i16::from(v)).sum();
        s[g] = d[g] * f32::from(sums[g]);
    }
}

/// Quantizes `x` per 256 columns. Slices are sized as in [`Int8Row256`].
pub fn quantize_256(x: &[f32], q: &mut [i8], d: &mut [f32], sums: &mut [i16]) {
    let groups = x.chunks_exact(SUPER_BLOCK).zip(q.chunks_exact_mut(SUPER_BLOCK));
    for (g, (x, q)) in groups.enumerate() {
        d[g] = quantize_group(x, q);
        let sums = &mut sums[g * (SUPER_BLOCK / SUM_BLOCK)..];
        for (sum, q) in sums.iter_mut().zip(q.chunks_exact(SUM_BLOCK)) {
            *sum = q.iter().map(|&v| i16::from(v)).sum();
        }
    }
}

/// One group; returns its scale.
fn quantize_group(x: &[f32], q: &mut [i8]) -> f32 {
    let amax = x.iter().fold(0.0_f32, |a, v| if v.abs() > a { v.abs() } else { a });
    if amax < AMAX_FLOOR {
        q.fill(0);
        return 0.0;
    }
    let inverse = 127.0 / amax;
    for (q, &x) in q.iter_mut().zip(x) {
        let v = x * inverse;
        // Selections, not clamp(): a vector maximum and minimum must give the same for every input.
        let v = if v > -127.0 { v } else { -127.0 };
        let v = if v < 127.0 { v } else { 127.0 };
        *q = v.round_ties_even() as i8;
    }
    amax / 127.0
}

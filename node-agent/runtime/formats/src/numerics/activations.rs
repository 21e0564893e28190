//! Activations as int8, quantized per row and per group, so that a row's bits never depend on its neighbours.

use crate::quant::blocks::{SMALL_BLOCK, SUPER_BLOCK};

/// Groups whose largest magnitude is below this become zero: 127 divided by it must stay finite.
pub const AMAX_FLOOR: f32 = 7.888_609e-31; // 2^-100

/// Columns over which a super-block keeps sums.
pub const SUM_BLOCK: usize = 16;

/// 32 columns of a row: the partner of a block of `Q4_0`, `Q4_1` or `Q8_0`.
///
/// Values and scales lie side by side, so that a kernel follows one pointer per row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Int8Block32 {
    /// Values in -127..=127.
    pub q: [i8; SMALL_BLOCK],
    /// Scale.
    pub d: f32,
    /// `d * sum`, rounded once.
    pub s: f32,
    /// Sum of `q`.
    pub sum: i32,
}

/// 256 columns of a row: the partner of a super-block of `Q4_K` or `Q6_K`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Int8Block256 {
    /// Values in -127..=127.
    pub q: [i8; SUPER_BLOCK],
    /// Sums of `q` per 16 columns.
    pub sums: [i16; SUPER_BLOCK / SUM_BLOCK],
    /// Scale.
    pub d: f32,
}

impl Default for Int8Block32 {
    fn default() -> Self {
        Self { q: [0; SMALL_BLOCK], d: 0.0, s: 0.0, sum: 0 }
    }
}

impl Default for Int8Block256 {
    fn default() -> Self {
        Self { q: [0; SUPER_BLOCK], sums: [0; SUPER_BLOCK / SUM_BLOCK], d: 0.0 }
    }
}

/// Quantizes `x` per 32 columns, one block each.
pub fn quantize_32(x: &[f32], out: &mut [Int8Block32]) {
    for (x, block) in x.as_chunks::<SMALL_BLOCK>().0.iter().zip(out) {
        block.d = quantize_group(x, &mut block.q);
        block.sum = block.q.iter().map(|&v| i32::from(v)).sum();
        block.s = block.d * block.sum as f32;
    }
}

/// Quantizes `x` per 256 columns, one block each.
pub fn quantize_256(x: &[f32], out: &mut [Int8Block256]) {
    for (x, block) in x.as_chunks::<SUPER_BLOCK>().0.iter().zip(out) {
        block.d = quantize_group(x, &mut block.q);
        for (sum, q) in block.sums.iter_mut().zip(block.q.chunks_exact(SUM_BLOCK)) {
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

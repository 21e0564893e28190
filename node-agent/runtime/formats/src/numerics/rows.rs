//! Operations on whole rows of f32.

use super::lanes::{LANES, tree};
use super::math::exp_f32;

/// Root mean square normalisation: `out = (x * (1 / sqrt(mean(x^2) + epsilon))) * weight`.
pub fn rmsnorm(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    let inverse = rms_inverse(sum_of_squares(x), x.len(), epsilon);
    for ((out, x), w) in out.iter_mut().zip(x).zip(weight) {
        *out = (x * inverse) * w;
    }
}

/// The factor of a row from its sum of squares.
pub fn rms_inverse(sum_of_squares: f32, len: usize, epsilon: f32) -> f32 {
    1.0 / (sum_of_squares / len as f32 + epsilon).sqrt()
}

fn sum_of_squares(x: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    for (i, &x) in x.iter().enumerate() {
        lanes[i % LANES] = x.mul_add(x, lanes[i % LANES]);
    }
    tree(lanes)
}

/// `out = silu(gate) * up` with `silu(g) = g / (1 + exp(-g))`.
pub fn silu_mul(gate: &[f32], up: &[f32], out: &mut [f32]) {
    for ((out, &g), u) in out.iter_mut().zip(gate).zip(up) {
        *out = (g / (1.0 + exp_f32(-g))) * u;
    }
}

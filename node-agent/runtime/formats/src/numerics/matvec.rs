//! One output of a matrix product: a row of weights as it lies in the file, times one row of activations.

use super::activations::{Int8Row32, Int8Row256, SUM_BLOCK};
use crate::quant::TensorType;
use crate::quant::blocks::{
    SMALL_BLOCK, SUPER_BLOCK, half_at, nibble, q4k_nibble, q4k_scale_min, q6k_scale, q6k_value,
};

/// The form in which a matrix of some type takes its activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivationFormat {
    /// As they are.
    F32,
    /// [`Int8Row32`].
    Int8x32,
    /// [`Int8Row256`].
    Int8x256,
}

impl ActivationFormat {
    /// What a matrix of type `ty` takes.
    pub const fn of(ty: TensorType) -> Self {
        match ty {
            TensorType::F32 | TensorType::F16 => Self::F32,
            TensorType::Q4_0 | TensorType::Q4_1 | TensorType::Q8_0 => Self::Int8x32,
            TensorType::Q4K | TensorType::Q6K => Self::Int8x256,
        }
    }
}

/// `Q4_0`, `Q4_1` or `Q8_0` weights; `None` for another type.
pub fn dot_int8x32(ty: TensorType, raw: &[u8], x: Int8Row32<'_>) -> Option<f32> {
    let step: fn(f32, &[u8], &[i8], f32, f32) -> f32 = match ty {
        TensorType::Q4_0 => |y, w, q, d, _| {
            let dot = integer_dot(q, |k| i32::from(nibble(&w[2..], k)) - 8);
            (dot as f32).mul_add(half_at(w, 0) * d, y)
        },
        TensorType::Q4_1 => |y, w, q, d, s| {
            let dot = integer_dot(q, |k| nibble(&w[4..], k).into());
            let y = (dot as f32).mul_add(half_at(w, 0) * d, y);
            half_at(w, 2).mul_add(s, y)
        },
        TensorType::Q8_0 => |y, w, q, d, _| {
            let dot = integer_dot(q, |k| (w[2 + k] as i8).into());
            (dot as f32).mul_add(half_at(w, 0) * d, y)
        },
        _ => return None,
    };
    let blocks = raw.chunks_exact(ty.block_bytes()).zip(x.q.chunks_exact(SMALL_BLOCK));
    Some(blocks.enumerate().fold(0.0, |y, (b, (w, q))| step(y, w, q, x.d[b], x.s[b])))
}

/// Takes one super-block into an output: `(y, weights, q, d, sums) -> y`.
type SuperBlockStep = fn(f32, &[u8], &[i8], f32, &[i16]) -> f32;

/// `Q4_K` or `Q6_K` weights; `None` for another type.
pub fn dot_int8x256(ty: TensorType, raw: &[u8], x: Int8Row256<'_>) -> Option<f32> {
    let step: SuperBlockStep = match ty {
        TensorType::Q4K => q4k_step,
        TensorType::Q6K => |y, w, q, d, _| {
            let sum = integer_dot(q, |k| i32::from(q6k_scale(w, k / 16)) * (i32::from(q6k_value(w, k)) - 32));
            (sum as f32).mul_add(half_at(w, 208) * d, y)
        },
        _ => return None,
    };
    let blocks = raw.chunks_exact(ty.block_bytes()).zip(x.q.chunks_exact(SUPER_BLOCK));
    let sums = x.sums.chunks_exact(SUPER_BLOCK / SUM_BLOCK);
    Some(blocks.zip(sums).enumerate().fold(0.0, |y, (b, ((w, q), sums))| step(y, w, q, x.d[b], sums)))
}

fn q4k_step(y: f32, w: &[u8], q: &[i8], d: f32, sums: &[i16]) -> f32 {
    let scale_min = |j: usize| q4k_scale_min(&w[4..16], j);
    let dot =
        integer_dot(q, |k| i32::from(scale_min(k / SMALL_BLOCK).0) * i32::from(q4k_nibble(&w[16..], k)));
    let mins: i32 = sums.iter().enumerate().map(|(i, &s)| i32::from(scale_min(i / 2).1) * i32::from(s)).sum();
    let y = (dot as f32).mul_add(half_at(w, 0) * d, y);
    (mins as f32).mul_add(-(half_at(w, 2) * d), y)
}

/// `F32` or `F16` weights: one fused operation per column, in order; `None` for another type.
pub fn dot_f32(ty: TensorType, raw: &[u8], x: &[f32]) -> Option<f32> {
    let weight: fn(&[u8]) -> f32 = match ty {
        TensorType::F32 => |w| f32::from_le_bytes([w[0], w[1], w[2], w[3]]),
        TensorType::F16 => |w| half_at(w, 0),
        _ => return None,
    };
    let weights = raw.chunks_exact(ty.block_bytes()).map(weight);
    Some(weights.zip(x).fold(0.0, |y, (w, &x)| w.mul_add(x, y)))
}

fn integer_dot(q: &[i8], weight: impl Fn(usize) -> i32) -> i32 {
    q.iter().enumerate().map(|(k, &q)| i32::from(q) * weight(k)).sum()
}

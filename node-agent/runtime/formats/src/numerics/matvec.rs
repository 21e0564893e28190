//! One output of a matrix product: a row of weights as it lies in the file, times one row of activations.

use super::activations::{Int8Block32, Int8Block256};
use crate::quant::TensorType;
use crate::quant::blocks::{SMALL_BLOCK, half_at, nibble, q4k_nibble, q4k_scale_min, q6k_scale, q6k_value};

/// The form in which a matrix of some type takes its activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivationFormat {
    /// As they are.
    F32,
    /// Blocks of 32: [`Int8Block32`].
    Int8x32,
    /// Blocks of 256: [`Int8Block256`].
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

/// Takes one block into an output: `(y, weights, activations) -> y`.
type BlockStep<X> = fn(f32, &[u8], &X) -> f32;

/// `Q4_0`, `Q4_1` or `Q8_0` weights; `None` for another type.
pub fn dot_int8x32(ty: TensorType, raw: &[u8], x: &[Int8Block32]) -> Option<f32> {
    let step: BlockStep<Int8Block32> = match ty {
        TensorType::Q4_0 => |y, w, x| {
            let dot = integer_dot(&x.q, |k| i32::from(nibble(&w[2..], k)) - 8);
            (dot as f32).mul_add(half_at(w, 0) * x.d, y)
        },
        TensorType::Q4_1 => |y, w, x| {
            let dot = integer_dot(&x.q, |k| nibble(&w[4..], k).into());
            let y = (dot as f32).mul_add(half_at(w, 0) * x.d, y);
            half_at(w, 2).mul_add(x.s, y)
        },
        TensorType::Q8_0 => |y, w, x| {
            let dot = integer_dot(&x.q, |k| (w[2 + k] as i8).into());
            (dot as f32).mul_add(half_at(w, 0) * x.d, y)
        },
        _ => return None,
    };
    Some(fold_blocks(ty, raw, x, step))
}

/// `Q4_K` or `Q6_K` weights; `None` for another type.
pub fn dot_int8x256(ty: TensorType, raw: &[u8], x: &[Int8Block256]) -> Option<f32> {
    let step: BlockStep<Int8Block256> = match ty {
        TensorType::Q4K => q4k_step,
        TensorType::Q6K => |y, w, x| {
            let value = |k| i32::from(q6k_scale(w, k / 16)) * (i32::from(q6k_value(w, k)) - 32);
            (integer_dot(&x.q, value) as f32).mul_add(half_at(w, 208) * x.d, y)
        },
        _ => return None,
    };
    Some(fold_blocks(ty, raw, x, step))
}

fn fold_blocks<X>(ty: TensorType, raw: &[u8], x: &[X], step: BlockStep<X>) -> f32 {
    raw.chunks_exact(ty.block_bytes()).zip(x).fold(0.0, |y, (w, x)| step(y, w, x))
}

fn q4k_step(y: f32, w: &[u8], x: &Int8Block256) -> f32 {
    let scale_min = |j: usize| q4k_scale_min(&w[4..16], j);
    let value = |k: usize| i32::from(scale_min(k / SMALL_BLOCK).0) * i32::from(q4k_nibble(&w[16..], k));
    let sums = x.sums.iter().enumerate();
    let mins: i32 = sums.map(|(i, &sum)| i32::from(scale_min(i / 2).1) * i32::from(sum)).sum();
    let y = (integer_dot(&x.q, value) as f32).mul_add(half_at(w, 0) * x.d, y);
    (mins as f32).mul_add(-(half_at(w, 2) * x.d), y)
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

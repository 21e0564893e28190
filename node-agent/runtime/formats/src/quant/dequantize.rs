//! Quantized bytes back to `f32`, one rounding order for every kernel.

use super::TensorType;
use super::blocks::{
    SMALL_BLOCK, SUPER_BLOCK, half_at, nibble, q4k_nibble, q4k_scale_min, q6k_scale, q6k_value,
};

/// Writes the weights of one row to `out`.
///
/// Affine types are computed as `fma(q, d, m)`, that is one rounding; symmetric ones as `q * d`; super-blocks as
/// `fma(q, d * sc, -(dmin * mn))` and `(q - 32) * (d * sc)`.
///
/// # Panics
/// If `raw` is not exactly `out.len()` weights of type `ty`: the caller sized both from a checked tensor.
pub fn dequantize_row(ty: TensorType, raw: &[u8], out: &mut [f32]) {
    let expected = ty.row_bytes(out.len() as u64);
    assert_eq!(
        expected,
        Some(raw.len() as u64),
        "row of {} {ty} weights has the wrong byte length",
        out.len()
    );
    let blocks = raw.chunks_exact(ty.block_bytes()).zip(out.chunks_exact_mut(ty.block_weights()));
    for (block, out) in blocks {
        dequantize_block(ty, block, out);
    }
}

fn dequantize_block(ty: TensorType, block: &[u8], out: &mut [f32]) {
    match ty {
        TensorType::F32 => out[0] = f32::from_le_bytes([block[0], block[1], block[2], block[3]]),
        TensorType::F16 => out[0] = half_at(block, 0),
        TensorType::Q4_0 => {
            let d = half_at(block, 0);
            (0..SMALL_BLOCK).for_each(|k| out[k] = (f32::from(nibble(&block[2..], k)) - 8.0) * d);
        }
        TensorType::Q4_1 => {
            let (d, m) = (half_at(block, 0), half_at(block, 2));
            (0..SMALL_BLOCK).for_each(|k| out[k] = f32::from(nibble(&block[4..], k)).mul_add(d, m));
        }
        TensorType::Q8_0 => {
            let d = half_at(block, 0);
            (0..SMALL_BLOCK).for_each(|k| out[k] = f32::from(block[2 + k] as i8) * d);
        }
        TensorType::Q4K => dequantize_q4k(block, out),
        TensorType::Q6K => dequantize_q6k(block, out),
    }
}

fn dequantize_q4k(block: &[u8], out: &mut [f32]) {
    let (d, dmin) = (half_at(block, 0), half_at(block, 2));
    for (j, out) in out.chunks_exact_mut(SMALL_BLOCK).enumerate() {
        let (scale, min) = q4k_scale_min(&block[4..16], j);
        let (scale, min) = (d * f32::from(scale), dmin * f32::from(min));
        for (k, w) in out.iter_mut().enumerate() {
            *w = f32::from(q4k_nibble(&block[16..], j * SMALL_BLOCK + k)).mul_add(scale, -min);
        }
    }
}

fn dequantize_q6k(block: &[u8], out: &mut [f32]) {
    let d = half_at(block, 208);
    for (k, w) in out.iter_mut().enumerate().take(SUPER_BLOCK) {
        let scale = d * f32::from(q6k_scale(block, k / 16));
        *w = (f32::from(q6k_value(block, k)) - 32.0) * scale;
    }
}

//! Portable kernels: the specification in `runtime_formats::numerics`, applied to packed tiles.

use crate::isa::Isa;
use crate::kernels::{AttendBlock, Kernels, TileOut, TileRows};
use crate::packed::layout::unpack_row;
use half::f16;
use runtime_formats::memory::{TILE_OUTPUTS, packed_block_bytes};
use runtime_formats::numerics::activations;
use runtime_formats::numerics::attention::{Running, attend_block};
use runtime_formats::numerics::{matvec, rope, rows};
use runtime_formats::quant::TensorType;
use runtime_formats::quant::blocks::{SMALL_BLOCK, SUPER_BLOCK};

pub(crate) static KERNELS: Kernels = Kernels {
    isa: Isa::Scalar,
    tiles: [
        |t, r, o| tile(TensorType::F32, t, r, o),
        |t, r, o| tile(TensorType::F16, t, r, o),
        |t, r, o| tile(TensorType::Q4_0, t, r, o),
        |t, r, o| tile(TensorType::Q4_1, t, r, o),
        |t, r, o| tile(TensorType::Q8_0, t, r, o),
        |t, r, o| tile(TensorType::Q4K, t, r, o),
        |t, r, o| tile(TensorType::Q6K, t, r, o),
    ],
    quantize_32: activations::quantize_32,
    quantize_256: activations::quantize_256,
    rmsnorm: rows::rmsnorm,
    silu_mul: rows::silu_mul,
    rotate: rope::rotate,
    to_half,
    attend,
};

fn tile(ty: TensorType, tile: &[u8], rows: TileRows<'_>, out: &mut TileOut) {
    let mut raw = vec![0; tile.len() / packed_block_bytes(ty) * ty.block_bytes()];
    for lane in 0..TILE_OUTPUTS {
        unpack_row(ty, tile, lane, &mut raw);
        for (i, out) in out.iter_mut().enumerate().take(rows.count) {
            // Absent forms are refused before any tile is computed.
            out[lane] = dot(ty, &raw, rows, rows.first + i).unwrap_or(f32::NAN);
        }
    }
}

fn dot(ty: TensorType, raw: &[u8], rows: TileRows<'_>, row: usize) -> Option<f32> {
    let cols = rows.x.cols();
    match ty {
        TensorType::F32 | TensorType::F16 => matvec::dot_f32(ty, raw, row_of(&rows.x.values, cols, row)),
        TensorType::Q4_0 | TensorType::Q4_1 | TensorType::Q8_0 => {
            matvec::dot_int8x32(ty, raw, row_of(rows.x.int8x32.as_ref()?, cols / SMALL_BLOCK, row))
        }
        TensorType::Q4K | TensorType::Q6K => {
            matvec::dot_int8x256(ty, raw, row_of(rows.x.int8x256.as_ref()?, cols / SUPER_BLOCK, row))
        }
    }
}

fn row_of<T>(all: &[T], width: usize, row: usize) -> &[T] {
    &all[row * width..][..width]
}

fn to_half(x: &[f32], out: &mut [u16]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = f16::from_f32(x).to_bits();
    }
}

fn attend(block: &AttendBlock<'_>, running: &mut [Running]) {
    let queries = block.queries.chunks_exact(block.head_dim).zip(block.visible);
    for ((query, &visible), running) in queries.zip(running) {
        attend_block(query, block.keys, block.values, visible, running);
    }
}

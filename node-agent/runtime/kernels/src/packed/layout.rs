//! The packed layout: what lies where in a tile, and the way there and back.
//!
//! A tile holds 16 outputs. Four consecutive weights of one output (a *quad*) form 32 bits, the unit of an int8 dot
//! product instruction; the quads of the 16 outputs lie side by side, so that one 512-bit or two 256-bit loads feed
//! all of them. Per quant block, in bytes:
//!
//! | type | content |
//! |---|---|
//! | `Q4_0` | 4 x 64 nibble quads (low: quad p, high: quad p + 4), d 32 |
//! | `Q4_1` | 4 x 64 nibble quads, d 32, m 32 |
//! | `Q8_0` | 8 x 64 quads, d 32 |
//! | `Q4_K` | 8 sub-blocks x 4 x 64 nibble quads, scales 4 x 16 x 2, minima 4 x 16 x 2, d 32, dmin 32 |
//! | `Q6_K` | 16 sub-blocks x (2 x 64 low nibble quads + 64 high bits), scales 8 x 16 x 2, d 32 |
//! | `F16`, `F32` | one column of 16 |
//!
//! Scales and minima of two neighbouring sub-blocks lie side by side per output: the unit of a 16-bit dot product.

use runtime_formats::memory::{TILE_OUTPUTS, packed_block_bytes};
use runtime_formats::quant::TensorType;
use runtime_formats::quant::blocks::{q4k_nibble, q4k_scale_min, q6k_scale, q6k_value};

/// Bytes of one quad of all outputs.
pub(crate) const QUADS: usize = 4 * TILE_OUTPUTS;
/// Bytes of one half (f16) per output.
pub(crate) const HALVES: usize = 2 * TILE_OUTPUTS;

/// Offsets inside a packed `Q4_K` block.
pub(crate) mod q4k {
    use super::{HALVES, QUADS};
    pub(crate) const SCALES: usize = 8 * 4 * QUADS;
    pub(crate) const MINIMA: usize = SCALES + 4 * HALVES;
    pub(crate) const D: usize = MINIMA + 4 * HALVES;
    pub(crate) const DMIN: usize = D + HALVES;
}

/// Offsets inside a packed `Q6_K` block.
pub(crate) mod q6k {
    use super::{HALVES, QUADS};
    /// Bytes of a sub-block's quads: two of low nibbles, one of high bits.
    pub(crate) const SUB_BLOCK: usize = 3 * QUADS;
    pub(crate) const SCALES: usize = 16 * SUB_BLOCK;
    pub(crate) const D: usize = SCALES + 8 * HALVES;
}

/// Writes one row of the file's bytes into output `lane` of a tile.
pub(crate) fn pack_row(ty: TensorType, raw: &[u8], lane: usize, tile: &mut [u8]) {
    let blocks = raw.chunks_exact(ty.block_bytes()).zip(tile.chunks_exact_mut(packed_block_bytes(ty)));
    for (raw, packed) in blocks {
        match ty {
            TensorType::Q4K => pack_q4k(raw, lane, packed),
            TensorType::Q6K => pack_q6k(raw, lane, packed),
            _ => copies(ty).iter().for_each(|c| c.pack(raw, lane, packed)),
        }
    }
}

/// The inverse of [`pack_row`].
pub(crate) fn unpack_row(ty: TensorType, tile: &[u8], lane: usize, raw: &mut [u8]) {
    let blocks = raw.chunks_exact_mut(ty.block_bytes()).zip(tile.chunks_exact(packed_block_bytes(ty)));
    for (raw, packed) in blocks {
        match ty {
            TensorType::Q4K => unpack_q4k(packed, lane, raw),
            TensorType::Q6K => unpack_q6k(packed, lane, raw),
            _ => copies(ty).iter().for_each(|c| c.unpack(packed, lane, raw)),
        }
    }
}

/// `count` pieces of `width` bytes, from `raw` on in the file's block, interleaved from `packed` on.
struct Copy {
    raw: usize,
    packed: usize,
    width: usize,
    count: usize,
}

impl Copy {
    fn pack(&self, raw: &[u8], lane: usize, packed: &mut [u8]) {
        let pieces = raw[self.raw..].chunks_exact(self.width).take(self.count);
        for (i, piece) in pieces.enumerate() {
            packed[self.place(i, lane)..][..self.width].copy_from_slice(piece);
        }
    }

    fn unpack(&self, packed: &[u8], lane: usize, raw: &mut [u8]) {
        let pieces = raw[self.raw..].chunks_exact_mut(self.width).take(self.count);
        for (i, piece) in pieces.enumerate() {
            piece.copy_from_slice(&packed[self.place(i, lane)..][..self.width]);
        }
    }

    fn place(&self, i: usize, lane: usize) -> usize {
        self.packed + (i * TILE_OUTPUTS + lane) * self.width
    }
}

/// The types whose packing only moves bytes: nibble blocks in the file already pair quad p with quad p + 4.
fn copies(ty: TensorType) -> &'static [Copy] {
    const fn copy(raw: usize, packed: usize, width: usize, count: usize) -> Copy {
        Copy { raw, packed, width, count }
    }
    match ty {
        TensorType::F32 => const { &[copy(0, 0, 4, 1)] },
        TensorType::F16 => const { &[copy(0, 0, 2, 1)] },
        TensorType::Q4_0 => const { &[copy(2, 0, 4, 4), copy(0, 4 * QUADS, 2, 1)] },
        TensorType::Q4_1 => const { &[copy(4, 0, 4, 4), copy(0, 4 * QUADS, 2, 2)] },
        TensorType::Q8_0 => const { &[copy(2, 0, 4, 8), copy(0, 8 * QUADS, 2, 1)] },
        TensorType::Q4K | TensorType::Q6K => &[],
    }
}

/// Where byte `b` of quad `p` of output `lane` lies in a run of quads.
fn quad(p: usize, lane: usize, b: usize) -> usize {
    p * QUADS + lane * 4 + b
}

/// Where the scale or minimum of sub-block `j` of output `lane` lies in its run of pairs.
fn pair(j: usize, lane: usize) -> usize {
    j / 2 * HALVES + lane * 2 + j % 2
}

fn copy_half(from: &[u8], from_at: usize, to: &mut [u8], to_at: usize) {
    to[to_at..to_at + 2].copy_from_slice(&from[from_at..from_at + 2]);
}

fn pack_q4k(raw: &[u8], lane: usize, packed: &mut [u8]) {
    copy_half(raw, 0, packed, q4k::D + 2 * lane);
    copy_half(raw, 2, packed, q4k::DMIN + 2 * lane);
    for j in 0..8 {
        let (scale, min) = q4k_scale_min(&raw[4..16], j);
        packed[q4k::SCALES + pair(j, lane)] = scale;
        packed[q4k::MINIMA + pair(j, lane)] = min;
        for k in 0..16 {
            let value = |k: usize| q4k_nibble(&raw[16..], j * 32 + k);
            packed[quad(j * 4 + k / 4, lane, k % 4)] = value(k) | (value(k + 16) << 4);
        }
    }
}

fn unpack_q4k(packed: &[u8], lane: usize, raw: &mut [u8]) {
    raw.fill(0);
    copy_half(packed, q4k::D + 2 * lane, raw, 0);
    copy_half(packed, q4k::DMIN + 2 * lane, raw, 2);
    for j in 0..8 {
        let scale = packed[q4k::SCALES + pair(j, lane)];
        let min = packed[q4k::MINIMA + pair(j, lane)];
        put_q4k_scale_min(&mut raw[4..16], j, scale, min);
        for k in 0..32 {
            let byte = packed[quad(j * 4 + k % 16 / 4, lane, k % 4)];
            let value = if k < 16 { byte & 15 } else { byte >> 4 };
            raw[16 + j / 2 * 32 + k] |= value << (4 * (j % 2));
        }
    }
}

/// The inverse of [`q4k_scale_min`] into zeroed bytes.
fn put_q4k_scale_min(scales: &mut [u8], j: usize, scale: u8, min: u8) {
    if j < 4 {
        scales[j] |= scale;
        scales[j + 4] |= min;
    } else {
        scales[j + 4] |= (scale & 15) | (min << 4);
        scales[j - 4] |= (scale >> 4) << 6;
        scales[j] |= (min >> 4) << 6;
    }
}

fn pack_q6k(raw: &[u8], lane: usize, packed: &mut [u8]) {
    copy_half(raw, 208, packed, q6k::D + 2 * lane);
    for j in 0..16 {
        packed[q6k::SCALES + pair(j, lane)] = q6k_scale(raw, j) as u8;
        let sub_block = &mut packed[j * q6k::SUB_BLOCK..][..q6k::SUB_BLOCK];
        for k in 0..16 {
            let (value, p) = (q6k_value(raw, j * 16 + k), k / 4);
            sub_block[quad(p % 2, lane, k % 4)] |= (value & 15) << (4 * (p / 2));
            sub_block[quad(2, lane, k % 4)] |= (value >> 4) << (2 * p);
        }
    }
}

fn unpack_q6k(packed: &[u8], lane: usize, raw: &mut [u8]) {
    raw.fill(0);
    copy_half(packed, q6k::D + 2 * lane, raw, 208);
    for j in 0..16 {
        raw[192 + j] = packed[q6k::SCALES + pair(j, lane)];
        let sub_block = &packed[j * q6k::SUB_BLOCK..][..q6k::SUB_BLOCK];
        for within in 0..16 {
            let p = within / 4;
            let low = (sub_block[quad(p % 2, lane, within % 4)] >> (4 * (p / 2))) & 15;
            let high = (sub_block[quad(2, lane, within % 4)] >> (2 * p)) & 3;
            put_q6k(raw, j * 16 + within, low, high);
        }
    }
}

/// The inverse of [`q6k_value`] into zeroed bytes.
fn put_q6k(raw: &mut [u8], k: usize, low: u8, high: u8) {
    let (half, quarter, l) = (k / 128, k % 128 / 32, k % 32);
    raw[half * 64 + (quarter % 2) * 32 + l] |= low << (4 * (quarter / 2));
    raw[128 + half * 32 + l] |= high << (2 * quarter);
}

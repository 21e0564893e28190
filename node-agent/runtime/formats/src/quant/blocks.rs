//! Block layouts. A block is read from bytes field by field: no casts, no alignment assumptions.

use half::f16;

/// Weights in a block of `Q4_0`, `Q4_1`, `Q8_0`, and in a sub-block of `Q4_K`.
pub const SMALL_BLOCK: usize = 32;
/// Weights in a super-block of `Q4_K`, `Q6_K`.
pub const SUPER_BLOCK: usize = 256;

/// `d: f16, qs: [u8; 16]`; weight = d * (q - 8).
pub const Q4_0_BYTES: usize = 2 + SMALL_BLOCK / 2;
/// `d: f16, m: f16, qs: [u8; 16]`; weight = d * q + m.
pub const Q4_1_BYTES: usize = 2 + 2 + SMALL_BLOCK / 2;
/// `d: f16, qs: [i8; 32]`; weight = d * q.
pub const Q8_0_BYTES: usize = 2 + SMALL_BLOCK;
/// `d: f16, dmin: f16, scales: [u8; 12], qs: [u8; 128]`; weight = d * sc * q - dmin * mn.
pub const Q4K_BYTES: usize = 2 + 2 + 12 + SUPER_BLOCK / 2;
/// `ql: [u8; 128], qh: [u8; 64], scales: [i8; 16], d: f16`; weight = d * sc * (q - 32).
pub const Q6K_BYTES: usize = SUPER_BLOCK / 2 + SUPER_BLOCK / 4 + 16 + 2;

const _: () = assert!(Q4_0_BYTES == 18);
const _: () = assert!(Q4_1_BYTES == 20);
const _: () = assert!(Q8_0_BYTES == 34);
const _: () = assert!(Q4K_BYTES == 144);
const _: () = assert!(Q6K_BYTES == 210);

/// The little-endian half at byte `at`, as its bits.
pub fn half_bits(block: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([block[at], block[at + 1]])
}

/// The little-endian half at byte `at`, widened exactly.
pub fn half_at(block: &[u8], at: usize) -> f32 {
    f16::from_bits(half_bits(block, at)).to_f32()
}

/// The 4-bit value of weight `k` in the 16 bytes of a `Q4_0`/`Q4_1` block: low nibbles hold weights 0..16.
pub fn nibble(qs: &[u8], k: usize) -> u8 {
    let byte = qs[k % 16];
    if k < 16 { byte & 15 } else { byte >> 4 }
}

/// The 4-bit value of weight `k` in the 128 bytes of a `Q4_K` super-block: 32-byte groups hold two sub-blocks.
pub fn q4k_nibble(qs: &[u8], k: usize) -> u8 {
    let byte = qs[k / 64 * 32 + k % 32];
    if k % 64 < 32 { byte & 15 } else { byte >> 4 }
}

/// The 6-bit scale and minimum of sub-block `j` (0..8) of a `Q4_K` super-block.
pub fn q4k_scale_min(scales: &[u8], j: usize) -> (u8, u8) {
    if j < 4 {
        (scales[j] & 63, scales[j + 4] & 63)
    } else {
        let low = scales[j + 4];
        ((low & 15) | ((scales[j - 4] >> 6) << 4), (low >> 4) | ((scales[j] >> 6) << 4))
    }
}

/// The 6-bit value (0..64, before subtracting 32) of weight `k` in a `Q6_K` super-block.
pub fn q6k_value(block: &[u8], k: usize) -> u8 {
    let (half, within) = (k / 128, k % 128);
    let (quarter, l) = (within / 32, within % 32);
    let low = block[half * 64 + (quarter % 2) * 32 + l];
    let low = if quarter < 2 { low & 15 } else { low >> 4 };
    let high = (block[128 + half * 32 + l] >> (2 * quarter)) & 3;
    low | (high << 4)
}

/// The scale of sub-block `j` (0..16, 16 weights each) of a `Q6_K` super-block.
pub fn q6k_scale(block: &[u8], j: usize) -> i8 {
    block[192 + j] as i8
}

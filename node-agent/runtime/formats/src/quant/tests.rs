use super::*;
use half::f16;

const ONE: [u8; 2] = [0x00, 0x3c];
const TWO: [u8; 2] = [0x00, 0x40];

#[test]
fn ids_and_names_lead_back_to_their_type() {
    for ty in TensorType::ALL {
        assert_eq!(TensorType::from_id(ty.id()), Some(ty));
        assert_eq!(type_name(ty.id()), ty.name());
    }
    assert_eq!((type_name(13), type_name(999)), ("Q5_K", "unknown"));
}

#[test]
fn rows_of_partial_blocks_have_no_size() {
    assert_eq!(TensorType::Q4K.row_bytes(512), Some(288));
    assert_eq!(TensorType::Q4K.row_bytes(288), None);
    assert_eq!(TensorType::F32.row_bytes(u64::MAX), None);
}

fn dequantized(ty: TensorType, block: &[u8]) -> Vec<f32> {
    let mut out = vec![0.0; ty.block_weights()];
    dequantize_row(ty, block, &mut out);
    out
}

/// `d = 2`; the nibbles of byte `i` are `i` (low) and `15 - i` (high).
fn nibbles() -> Vec<u8> {
    (0..16).map(|i| i | ((15 - i) << 4)).collect()
}

#[test]
fn small_blocks_follow_their_formulas() {
    let q4_0 = dequantized(TensorType::Q4_0, &[TWO.to_vec(), nibbles()].concat());
    let q4_1 = dequantized(TensorType::Q4_1, &[TWO.to_vec(), ONE.to_vec(), nibbles()].concat());
    for i in 0..16 {
        let (low, high) = (i as f32, 15.0 - i as f32);
        assert_eq!((q4_0[i], q4_0[i + 16]), (2.0 * (low - 8.0), 2.0 * (high - 8.0)));
        assert_eq!((q4_1[i], q4_1[i + 16]), (2.0 * low + 1.0, 2.0 * high + 1.0));
    }
    let bytes: Vec<u8> = (0..32).map(|i| (i as i8 - 16) as u8).collect();
    let q8_0 = dequantized(TensorType::Q8_0, &[ONE.to_vec(), bytes].concat());
    assert!((0..32).all(|i| q8_0[i] == i as f32 - 16.0));
    assert_eq!(dequantized(TensorType::F16, &f16::from_f32(-0.75).to_bits().to_le_bytes()), [-0.75]);
    assert_eq!(dequantized(TensorType::F32, &1.25_f32.to_le_bytes()), [1.25]);
}

#[test]
fn q4_k_finds_its_scales_and_minima() {
    // Scales 1, 2, .. 8 with minima 40 .. 47: both kinds of packing, below and above sub-block 4.
    let mut block = vec![0; 144];
    block[..2].copy_from_slice(&ONE);
    block[2..4].copy_from_slice(&ONE);
    for j in 0..4 {
        let (low, high) = (j as u8 + 1, j as u8 + 5);
        let (low_min, high_min) = (j as u8 + 40, j as u8 + 44);
        block[4 + j] = low | (high >> 4 << 6);
        block[8 + j] = low_min | (high_min >> 4 << 6);
        block[12 + j] = (high & 15) | ((high_min & 15) << 4);
    }
    block[16..].fill(0x53);
    let out = dequantized(TensorType::Q4K, &block);
    for (k, weight) in out.iter().enumerate() {
        let j = k / 32;
        let q = if j % 2 == 0 { 3.0 } else { 5.0 };
        assert_eq!(*weight, (j as f32 + 1.0) * q - (40.0 + j as f32), "weight {k}");
    }
}

#[test]
fn q6_k_joins_low_and_high_bits_and_signed_scales() {
    let mut block = vec![0; 210];
    block[..128].fill(0x21);
    // High bits 0, 1, 2, 3 for the four quarters of each half.
    block[128..192].fill(0b_11_10_01_00);
    (0..16).for_each(|j| block[192 + j] = (j as i8 - 8) as u8);
    block[208..].copy_from_slice(&ONE);
    for (k, weight) in dequantized(TensorType::Q6K, &block).iter().enumerate() {
        let quarter = k % 128 / 32;
        let low = if quarter < 2 { 1 } else { 2 };
        let q = (low + 16 * quarter) as f32 - 32.0;
        assert_eq!(*weight, (k as f32 / 16.0).floor().mul_add(1.0, -8.0) * q, "weight {k}");
    }
}

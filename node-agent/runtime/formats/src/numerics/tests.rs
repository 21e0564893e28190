use super::activations::{Int8Block32, Int8Block256, quantize_32, quantize_256};
use super::lanes::{LANES, tree};
use super::math::{exp_f64, ln_f64, sin_cos_f64};
use super::matvec::{dot_f32, dot_int8x32, dot_int8x256};
use super::rope::{RopeTable, rotate};
use super::*;
use crate::model::RopeConfig;
use crate::quant::{TensorType, dequantize_row};
use crate::testing::{SplitMix, random_matrix};
use sha2::{Digest, Sha256};

#[test]
fn the_contract_id_is_what_records_say() {
    // Records carry this id. If this test fails the contract's text changed: that is a new contract.
    assert_eq!(contract_id(), "cn1-5bf569393e44e48c");
}

#[test]
fn the_documentation_states_this_contract() {
    let page = include_str!("../../../../../docs/numerics.md");
    assert!(page.contains(contract_id()), "docs/numerics.md names another id");
    assert!(page.contains(CONTRACT), "docs/numerics.md gives another text");
}

#[test]
fn exp_is_accurate_everywhere_it_is_used() {
    assert_eq!(exp_f32(0.0), 1.0);
    assert_eq!((exp_f32(-0.0), exp_f32(f32::NEG_INFINITY), exp_f32(-87.1)), (1.0, 0.0, 0.0));
    for i in -87_000..=88_000 {
        let x = i as f32 / 1000.0;
        let exact = f64::from(x).exp();
        let error = (f64::from(exp_f32(x)) - exact).abs() / exact;
        assert!(error < 1.5e-7, "exp({x}): relative error {error}");
    }
}

#[test]
fn tables_are_accurate_to_the_last_bit_of_f32() {
    for i in 1..=20_000 {
        let angle = f64::from(i) * 6.553_7;
        let (sin, cos) = sin_cos_f64(angle);
        assert!((sin - angle.sin()).abs() < 1e-13 && (cos - angle.cos()).abs() < 1e-13, "angle {angle}");
        let x = f64::from(i) * 0.01;
        assert!((ln_f64(x) - x.ln()).abs() < 1e-14 * x.ln().abs().max(1.0), "ln {x}");
        let y = -f64::from(i) / 1_000.0;
        assert!((exp_f64(y) / y.exp() - 1.0).abs() < 1e-13, "exp {y}");
    }
}

#[test]
fn lanes_are_added_as_a_tree() {
    let mut lanes = [0.0; LANES];
    // 1e8 and its opposite meet in the first step of the tree; in a running sum they would swallow the ones.
    (lanes[0], lanes[8]) = (1e8, -1e8);
    (lanes[1], lanes[2]) = (1.0, 1.0);
    assert_eq!(tree(lanes), 2.0);
}

#[test]
fn quantization_rounds_half_to_even_and_scales_by_the_largest() {
    let mut x = [0.0; 32];
    (x[0], x[1], x[2], x[3]) = (127.0, 0.5, 1.5, -2.5);
    let mut blocks = [Int8Block32::default()];
    quantize_32(&x, &mut blocks);
    let [block] = blocks;
    assert_eq!((&block.q[..4], block.d, block.sum, block.s), ([127, 0, 2, -2].as_slice(), 1.0, 127, 127.0));
    quantize_32(&[0.0; 32], &mut blocks);
    assert_eq!(blocks, [Int8Block32::default()]);
}

/// Quantized products stay near the products of dequantized weights: the contract is not only exact but right.
#[test]
fn products_approximate_the_real_ones() {
    let cols = 512;
    let mut rng = SplitMix(4);
    let x: Vec<f32> = (0..cols).map(|_| rng.next_f32()).collect();
    for ty in TensorType::ALL {
        let raw = random_matrix(ty, 1, cols, &mut rng);
        let mut weights = vec![0.0; cols];
        dequantize_row(ty, &raw, &mut weights);
        let exact: f64 = weights.iter().zip(&x).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum();
        let size: f64 = weights.iter().zip(&x).map(|(w, x)| (f64::from(*w) * f64::from(*x)).powi(2)).sum();
        let error = (f64::from(product(ty, &raw, &x)) - exact).abs() / size.sqrt();
        assert!(error < 0.02, "{ty}: {error}");
    }
}

fn product(ty: TensorType, raw: &[u8], x: &[f32]) -> f32 {
    let mut small = vec![Int8Block32::default(); x.len() / 32];
    quantize_32(x, &mut small);
    let mut large = vec![Int8Block256::default(); x.len() / 256];
    quantize_256(x, &mut large);
    let (small, large) = (dot_int8x32(ty, raw, &small), dot_int8x256(ty, raw, &large));
    small.or(large).or(dot_f32(ty, raw, x)).expect("every type has a product")
}

#[test]
fn rope_turns_by_position_times_frequency() {
    let config = RopeConfig { dimensions: 8, base: 10_000.0, scale: 2.0 };
    let factors = [1.0, 1.0, 4.0, 1.0];
    let table = RopeTable::new(&config, Some(&factors), 32);
    assert_eq!(table.positions(), 32);
    let (cos, sin) = table.at(31);
    for i in 0..4 {
        let angle = 31.0 * 10_000_f64.powf(-(i as f64) / 4.0) / (2.0 * f64::from(factors[i]));
        assert!(
            (f64::from(cos[i]) - angle.cos()).abs() < 1e-7 && (f64::from(sin[i]) - angle.sin()).abs() < 1e-7
        );
    }
    let mut head = [1.0, 0.0, 0.0, 1.0];
    rotate(&mut head, &cos[..2], &sin[..2]);
    assert_eq!(head, [cos[0], sin[0], -sin[1], cos[1]]);
}

/// The bits of a fixed computation through every part of the contract. Other machines must find the same; a change
/// here is a new contract and needs a new version in its text.
#[test]
fn the_bits_of_the_contract_are_pinned() {
    let mut hash = Sha256::new();
    let mut rng = SplitMix(2026);
    let x: Vec<f32> = (0..512).map(|_| rng.next_f32() * 3.0).collect();
    for ty in TensorType::ALL {
        let raw = random_matrix(ty, 8, 512, &mut rng);
        raw.chunks_exact(raw.len() / 8).for_each(|row| hash.update(product(ty, row, &x).to_le_bytes()));
    }
    let mut out = vec![0.0; 512];
    rows::rmsnorm(&x, &x, 1e-5, &mut out);
    out.iter().for_each(|y| hash.update(y.to_le_bytes()));
    rows::silu_mul(&x, &out.clone(), &mut out);
    out.iter().for_each(|y| hash.update(y.to_le_bytes()));
    let table = RopeTable::new(&RopeConfig { dimensions: 64, base: 100_000.0, scale: 1.0 }, None, 64);
    rotate(&mut out[..64], table.at(63).0, table.at(63).1);
    hash_attention(&out[..64], &mut rng, &mut hash);
    assert_eq!(hex::encode(&hash.finalize()[..8]), "03ac8ea6869a07ae");
}

fn hash_attention(query: &[f32], rng: &mut SplitMix, hash: &mut Sha256) {
    let mut running = attention::Running::default();
    let mut halves =
        |n: usize| -> Vec<u16> { (0..n).map(|_| half::f16::from_f32(rng.next_f32()).to_bits()).collect() };
    for visible in [attention::BLOCK, 17] {
        let (keys, values) = (halves(64 * attention::BLOCK), halves(64 * attention::BLOCK));
        attention::attend_block(query, &keys, &values, visible, &mut running);
    }
    let mut out = [0.0; 64];
    running.finish(&mut out);
    out.iter().for_each(|y| hash.update(y.to_le_bytes()));
}

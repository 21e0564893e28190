use super::*;
use crate::testing::{activations, assert_same_bits, every_isa};
use crate::{Isa, WeightArena};
use runtime_formats::model::RopeConfig;
use runtime_formats::numerics::matvec::ActivationFormat;
use runtime_formats::quant::TensorType;
use runtime_formats::testing::{SplitMix, random_matrix};

const FORMATS: [ActivationFormat; 2] = [ActivationFormat::Int8x32, ActivationFormat::Int8x256];

fn assert_same_rows(found: &QuantizedRows, wanted: &QuantizedRows, what: &str) {
    assert_same_bits(found.values(), wanted.values(), what);
    let bits = |blocks: &[Int8Block32]| -> Vec<_> {
        blocks.iter().map(|b| (b.q, b.d.to_bits(), b.s.to_bits(), b.sum)).collect()
    };
    let (f, w) = (found.int8x32.as_deref().unwrap(), wanted.int8x32.as_deref().unwrap());
    assert_eq!(bits(f), bits(w), "{what}: int8 per 32");
    let bits =
        |blocks: &[Int8Block256]| -> Vec<_> { blocks.iter().map(|b| (b.q, b.d.to_bits(), b.sums)).collect() };
    let (f, w) = (found.int8x256.as_deref().unwrap(), wanted.int8x256.as_deref().unwrap());
    assert_eq!(bits(f), bits(w), "{what}: int8 per 256");
}

/// Runs `fill` with every instruction set and compares with the first, which is scalar.
fn compare(cols: usize, rows: usize, what: &str, fill: impl Fn(&Kernels, &Pool, &mut QuantizedRows)) {
    let results: Vec<_> = every_isa()
        .into_iter()
        .map(|kernels| {
            let mut out = QuantizedRows::new(cols, rows, &FORMATS).unwrap();
            fill(kernels, &Pool::new(2).unwrap(), &mut out);
            out
        })
        .collect();
    results.iter().for_each(|r| assert_same_rows(r, &results[0], what));
}

#[test]
fn quantization_gives_the_same_bits_on_every_isa_whatever_the_input() {
    let mut x = activations(4 * 512, 2);
    // A zero group, one too small to divide by, halves that must round to even, and non-finite values.
    x[..256].fill(0.0);
    x[512..544].fill(1e-38);
    x[600..632].iter_mut().enumerate().for_each(|(i, x)| *x = i as f32 * 0.5);
    x[631] = 127.0;
    (x[1030], x[1100], x[1200]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY);
    compare(512, 4, "quantize", |k, pool, out| k.quantize(pool, &x, out).unwrap());
}

#[test]
fn norm_and_silu_give_the_same_bits_on_every_isa() {
    let x = activations(3 * 768, 4);
    let up = activations(3 * 768, 5);
    let weight = activations(768, 6);
    compare(768, 3, "rmsnorm", |k, pool, out| k.rmsnorm_quantize(pool, &x, &weight, 1e-5, out).unwrap());
    compare(768, 3, "silu", |k, pool, out| k.silu_mul_quantize(pool, &x, &up, out).unwrap());
    let wide: Vec<f32> = (0..768).map(|i| (i as f32 - 384.0) * 0.3).collect();
    compare(768, 1, "silu far out", |k, pool, out| k.silu_mul_quantize(pool, &wide, &wide, out).unwrap());
}

#[test]
fn norms_of_odd_widths_give_the_same_bits_on_every_isa() {
    for width in [1, 7, 8, 15, 17, 33, 100] {
        let x = activations(2 * width, 8);
        let weight = activations(width, 9);
        let results: Vec<_> = every_isa()
            .into_iter()
            .map(|k| {
                let mut out = vec![0.0; 2 * width];
                k.rmsnorm(&x, &weight, 1e-6, &mut out).unwrap();
                out
            })
            .collect();
        results.iter().for_each(|r| assert_same_bits(r, &results[0], &format!("width {width}")));
    }
}

#[test]
fn rotation_gives_the_same_bits_on_every_isa_and_keeps_lengths() {
    for dimensions in [64, 36, 6] {
        let table = RopeTable::new(&RopeConfig { dimensions, base: 10_000.0, scale: 1.0 }, None, 300);
        let x = activations(2 * 3 * 64, 10);
        let results: Vec<_> = every_isa()
            .into_iter()
            .map(|k| {
                let mut x = x.clone();
                k.rope(&table, &[1, 299], 64, &mut x).unwrap();
                x
            })
            .collect();
        results.iter().for_each(|r| assert_same_bits(r, &results[0], &format!("{dimensions} dimensions")));
        let norm = |x: &[f32]| x.iter().map(|v| v * v).sum::<f32>();
        for (turned, head) in results[0].chunks_exact(64).zip(x.chunks_exact(64)) {
            assert!((norm(turned) / norm(head) - 1.0).abs() < 1e-5);
            assert_eq!(turned[dimensions as usize..], head[dimensions as usize..]);
        }
    }
}

#[test]
fn positions_beyond_the_table_and_tokens_beyond_the_vocabulary_are_refused() {
    let kernels = Kernels::of(Isa::Scalar).unwrap();
    let table = RopeTable::new(&RopeConfig { dimensions: 4, base: 10_000.0, scale: 1.0 }, None, 8);
    let refused = kernels.rope(&table, &[8], 4, &mut [0.0; 4]);
    assert!(matches!(refused, Err(KernelError::Shape { found: 8, wanted: 8, .. })));
    let raw = random_matrix(TensorType::Q8_0, 5, 32, &mut SplitMix(1));
    let embedding = PackedMatrix::pack(&mut WeightArena::default(), TensorType::Q8_0, 5, 32, &raw).unwrap();
    let refused = kernels.embed(&embedding, &[4, 5], &mut [0.0; 64]);
    assert!(matches!(refused, Err(KernelError::Shape { found: 5, wanted: 5, .. })));
}

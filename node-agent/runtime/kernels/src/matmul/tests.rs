use super::*;
use crate::testing::{activations, assert_same_bits, every_isa};
use crate::{Isa, WeightArena};
use runtime_formats::numerics::activations::{Int8Block32, Int8Block256, quantize_32, quantize_256};
use runtime_formats::numerics::matvec::{ActivationFormat, dot_f32, dot_int8x32, dot_int8x256};
use runtime_formats::quant::TensorType;
use runtime_formats::testing::{SplitMix, random_matrix};

/// The specification, straight from file bytes: no packing, no tiles, no threads.
fn specified(ty: TensorType, raw: &[u8], cols: usize, x: &[f32]) -> Vec<f32> {
    let row_bytes = cols / ty.block_weights() * ty.block_bytes();
    let (mut small, mut large) =
        (vec![Int8Block32::default(); cols / 32], vec![Int8Block256::default(); cols / 256]);
    let mut out = Vec::new();
    for x in x.chunks_exact(cols) {
        quantize_32(x, &mut small);
        quantize_256(x, &mut large);
        out.extend(raw.chunks_exact(row_bytes).map(|raw| match ActivationFormat::of(ty) {
            ActivationFormat::F32 => dot_f32(ty, raw, x).unwrap(),
            ActivationFormat::Int8x32 => dot_int8x32(ty, raw, &small).unwrap(),
            ActivationFormat::Int8x256 => dot_int8x256(ty, raw, &large).unwrap(),
        }));
    }
    out
}

fn product(kernels: &Kernels, pool: &Pool, matrix: &PackedMatrix, x: &[f32]) -> Vec<f32> {
    let rows = x.len() / matrix.cols();
    let mut quantized = QuantizedRows::new(matrix.cols(), rows, &[matrix.activation_format()]).unwrap();
    kernels.quantize(pool, x, &mut quantized).unwrap();
    let mut out = vec![0.0; rows * matrix.rows()];
    kernels.matmul(pool, matrix, &quantized, &mut out).unwrap();
    out
}

#[test]
fn every_type_shape_and_isa_gives_the_specified_bits() {
    // Outputs that fill no tile, fill one, leave a remainder; rows around the micro-kernel's four.
    let shapes = [(1, 1, 256), (16, 1, 256), (17, 2, 512), (40, 3, 256), (33, 4, 768), (48, 7, 512)];
    let pool = Pool::new(2).unwrap();
    for ty in TensorType::ALL {
        for (outputs, rows, cols) in shapes {
            let raw = random_matrix(ty, outputs, cols, &mut SplitMix(outputs as u64));
            let matrix = PackedMatrix::pack(&mut WeightArena::default(), ty, outputs, cols, &raw).unwrap();
            let x = activations(rows * cols, 11);
            let wanted = specified(ty, &raw, cols, &x);
            for kernels in every_isa() {
                let what = format!("{ty} {outputs}x{cols} rows {rows} {}", kernels.isa().name());
                assert_same_bits(&product(kernels, &pool, &matrix, &x), &wanted, &what);
            }
        }
    }
}

#[test]
fn extreme_weights_and_activations_do_not_saturate() {
    // All quantized values at their limits and one sign: the largest sums that can occur.
    for ty in [TensorType::Q4_0, TensorType::Q4_1, TensorType::Q8_0, TensorType::Q4K, TensorType::Q6K] {
        for (byte, sign) in [(0xff, 1.0), (0xff, -1.0), (0x80, 1.0), (0x80, -1.0), (0x7f, 1.0), (0x00, -1.0)]
        {
            let mut raw = vec![byte; 16 * 512 / ty.block_weights() * ty.block_bytes()];
            raw.chunks_exact_mut(ty.block_bytes()).for_each(|block| set_scales(ty, block));
            let matrix = PackedMatrix::pack(&mut WeightArena::default(), ty, 16, 512, &raw).unwrap();
            let x: Vec<f32> = vec![sign; 512];
            let wanted = specified(ty, &raw, 512, &x);
            let pool = Pool::new(1).unwrap();
            for kernels in every_isa() {
                let what = format!("{ty} {byte:#x} {sign} {}", kernels.isa().name());
                assert_same_bits(&product(kernels, &pool, &matrix, &x), &wanted, &what);
            }
        }
    }
}

/// Finite f16 scales; the bytes of the integer scales stay extreme.
fn set_scales(ty: TensorType, block: &mut [u8]) {
    let one = [0x00, 0x3c];
    match ty {
        TensorType::Q4_0 | TensorType::Q8_0 => block[..2].copy_from_slice(&one),
        TensorType::Q6K => block[208..].copy_from_slice(&one),
        _ => {
            block[..2].copy_from_slice(&one);
            block[2..4].copy_from_slice(&one);
        }
    }
}

#[test]
fn a_row_has_the_same_bits_alone_and_among_others_and_on_any_number_of_threads() {
    let (outputs, cols, rows) = (80, 512, 37);
    for ty in [TensorType::Q4_1, TensorType::Q4K] {
        let raw = random_matrix(ty, outputs, cols, &mut SplitMix(5));
        let matrix = PackedMatrix::pack(&mut WeightArena::default(), ty, outputs, cols, &raw).unwrap();
        let x = activations(rows * cols, 3);
        let kernels = Kernels::of(Isa::best()).unwrap();
        let together = product(kernels, &Pool::new(3).unwrap(), &matrix, &x);
        for row in [0, 1, 17, 36] {
            let alone = product(kernels, &Pool::new(1).unwrap(), &matrix, &x[row * cols..][..cols]);
            assert_same_bits(&together[row * outputs..][..outputs], &alone, &format!("{ty} row {row}"));
        }
    }
}

#[test]
fn joint_products_equal_single_ones_and_add_adds() {
    let pool = Pool::new(2).unwrap();
    let kernels = Kernels::of(Isa::best()).unwrap();
    let mut arena = WeightArena::default();
    let mut pack = |ty, outputs| {
        let raw = random_matrix(ty, outputs, 256, &mut SplitMix(9));
        PackedMatrix::pack(&mut arena, ty, outputs, 256, &raw).unwrap()
    };
    let (a, b) = (pack(TensorType::Q4_1, 70), pack(TensorType::Q8_0, 18));
    let x = activations(3 * 256, 1);
    let mut rows = QuantizedRows::new(256, 3, &[ActivationFormat::Int8x32]).unwrap();
    kernels.quantize(&pool, &x, &mut rows).unwrap();
    let (mut first, mut second) = (vec![0.0; 3 * 70], vec![1.5; 3 * 18]);
    let mut products = [
        Product { matrix: &a, out: &mut first, write: Write::Overwrite },
        Product { matrix: &b, out: &mut second, write: Write::Add },
    ];
    kernels.matmul_many(&pool, &rows, &mut products).unwrap();
    assert_same_bits(&first, &product(kernels, &pool, &a, &x), "overwritten");
    let added: Vec<f32> = product(kernels, &pool, &b, &x).iter().map(|y| 1.5 + y).collect();
    assert_same_bits(&second, &added, "added");
}

#[test]
fn products_that_do_not_fit_are_refused() {
    let pool = Pool::new(1).unwrap();
    let kernels = Kernels::of(Isa::Scalar).unwrap();
    let raw = random_matrix(TensorType::Q4K, 16, 256, &mut SplitMix(1));
    let matrix = PackedMatrix::pack(&mut WeightArena::default(), TensorType::Q4K, 16, 256, &raw).unwrap();
    let mut rows = QuantizedRows::new(256, 1, &[ActivationFormat::Int8x32]).unwrap();
    kernels.quantize(&pool, &[1.0; 256], &mut rows).unwrap();
    let missing = kernels.matmul(&pool, &matrix, &rows, &mut [0.0; 16]);
    assert_eq!(missing, Err(KernelError::MissingFormat { ty: "Q4_K" }));
    let short = kernels.matmul(&pool, &matrix, &rows, &mut [0.0; 15]);
    assert!(matches!(short, Err(KernelError::Shape { found: 15, wanted: 16, .. })));
    let mut narrow = QuantizedRows::new(512, 1, &[ActivationFormat::Int8x256]).unwrap();
    kernels.quantize(&pool, &[1.0; 512], &mut narrow).unwrap();
    assert!(matches!(
        kernels.matmul(&pool, &matrix, &narrow, &mut [0.0; 16]),
        Err(KernelError::Shape { .. })
    ));
}

use super::*;
use runtime_formats::testing::{SplitMix, random_matrix};

#[test]
fn packing_keeps_every_bit_of_every_type() {
    for ty in TensorType::ALL {
        for (rows, cols) in [(1, 256), (16, 512), (37, 256)] {
            let mut rng = SplitMix(7);
            let raw = random_matrix(ty, rows, cols, &mut rng);
            let mut arena = WeightArena::default();
            let matrix = PackedMatrix::pack(&mut arena, ty, rows, cols, &raw).unwrap();
            let mut back = vec![0; matrix.row_bytes()];
            for (row, wanted) in raw.chunks_exact(matrix.row_bytes()).enumerate() {
                layout::unpack_row(ty, matrix.tile(row / TILE_OUTPUTS), row % TILE_OUTPUTS, &mut back);
                assert_eq!(back, wanted, "{ty} {rows}x{cols} row {row}");
            }
        }
    }
}

#[test]
fn pieces_give_the_same_matrix_as_the_whole() {
    let ty = TensorType::Q4_1;
    let raw = random_matrix(ty, 21, 64, &mut SplitMix(3));
    let mut arena = WeightArena::with_capacity_bytes(4096);
    let whole = PackedMatrix::pack(&mut arena, ty, 21, 64, &raw).unwrap();
    let mut builder = PackedMatrixBuilder::new(&mut arena, ty, 21, 64).unwrap();
    let row_bytes = builder.row_bytes();
    raw.chunks(5 * row_bytes).for_each(|piece| builder.push(piece).unwrap());
    let pieces = builder.finish().unwrap();
    assert_eq!(whole.buffer.bytes(), pieces.buffer.bytes());
}

#[test]
fn a_matrix_with_missing_or_extra_or_broken_rows_is_refused() {
    let mut arena = WeightArena::default();
    let mut builder = PackedMatrixBuilder::new(&mut arena, TensorType::Q8_0, 2, 32).unwrap();
    assert!(matches!(builder.push(&[0; 33]), Err(KernelError::Shape { .. })));
    assert!(matches!(builder.push(&[0; 3 * 34]), Err(KernelError::Shape { .. })));
    builder.push(&[0; 34]).unwrap();
    assert!(matches!(builder.finish(), Err(KernelError::Shape { found: 1, wanted: 2, .. })));
    let odd = PackedMatrixBuilder::new(&mut arena, TensorType::Q4K, 2, 288);
    assert!(matches!(odd, Err(KernelError::Columns { cols: 288, .. })));
}

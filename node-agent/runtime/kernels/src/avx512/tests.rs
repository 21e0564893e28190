//! Compares the tile kernels with the portable ones on shapes small enough for an interpreter of machine code, so
//! that they are checked on machines without AVX-512 too:
//!
//! ```text
//! RUSTFLAGS="-C target-feature=+avx512f,+avx512bw,+avx512vl,+avx512vnni,+avx2,+fma,+f16c" \
//!     cargo +nightly miri test -p runtime-kernels avx512
//! ```

use super::KERNELS;
use crate::kernels::{TILE_ROWS, TileRows, tile_index};
use crate::testing::{activations, assert_same_bits};
use crate::{Isa, PackedMatrix, Pool, QuantizedRows, WeightArena, scalar};
use runtime_formats::memory::TILE_OUTPUTS;
use runtime_formats::quant::TensorType;
use runtime_formats::testing::{SplitMix, random_matrix};

/// Every type with a kernel of its own here.
const TYPES: [TensorType; 5] =
    [TensorType::Q4_0, TensorType::Q4_1, TensorType::Q8_0, TensorType::Q4K, TensorType::Q6K];

#[test]
fn vnni_tiles_give_the_bits_of_the_portable_ones() {
    if !Isa::Avx512Vnni.available() {
        // Interpreted where the CPU lacks it; see the module's comment.
        return;
    }
    let pool = Pool::new(1).unwrap();
    for ty in TYPES {
        // An interpreter takes seconds per block; a CPU gets several.
        let cols = ty.block_weights() * if cfg!(miri) { 1 } else { 3 };
        let raw = random_matrix(ty, TILE_OUTPUTS, cols, &mut SplitMix(21));
        let matrix = PackedMatrix::pack(&mut WeightArena::default(), ty, TILE_OUTPUTS, cols, &raw).unwrap();
        let mut x = QuantizedRows::new(cols, TILE_ROWS, &[matrix.activation_format()]).unwrap();
        scalar::KERNELS.quantize(&pool, &activations(TILE_ROWS * cols, 22), &mut x).unwrap();
        let counts = if cfg!(miri) { 2..=2 } else { 1..=TILE_ROWS };
        for count in counts {
            let rows = TileRows { x: &x, first: 0, count };
            let mut results = [[[0.0; TILE_OUTPUTS]; TILE_ROWS]; 2];
            for (kernels, out) in [&scalar::KERNELS, &KERNELS].into_iter().zip(&mut results) {
                (kernels.tiles[tile_index(ty)])(matrix.tile(0), rows, out);
            }
            let [wanted, found] = &results;
            assert_same_bits(found.as_flattened(), wanted.as_flattened(), &format!("{ty} {count} rows"));
        }
    }
}

//! What the tests of several modules share.

use crate::{Isa, Kernels};
use runtime_formats::testing::SplitMix;

/// Kernels of every instruction set of this CPU; the first is scalar.
pub(crate) fn every_isa() -> Vec<&'static Kernels> {
    Isa::ALL.into_iter().filter_map(Kernels::of).collect()
}

/// Activations of mixed magnitude, with exact zeros and a few outliers, as real ones have.
pub(crate) fn activations(len: usize, seed: u64) -> Vec<f32> {
    let mut rng = SplitMix(seed);
    (0..len)
        .map(|i| match i % 97 {
            13 => 0.0,
            41 => rng.next_f32() * 40.0,
            _ => rng.next_f32(),
        })
        .collect()
}

/// Fails with the first differing element, compared as bits.
#[track_caller]
pub(crate) fn assert_same_bits(found: &[f32], wanted: &[f32], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}: length");
    for (i, (f, w)) in found.iter().zip(wanted).enumerate() {
        assert_eq!(f.to_bits(), w.to_bits(), "{what}: element {i} is {f}, {w} expected");
    }
}

use std::collections::HashMap;

use cloister_evidence::tree::{check_inclusion, leaf_hash, prove_inclusion};
use proptest::prelude::*;

use super::*;

/// A tree and the full tiles it gave away.
#[derive(Default)]
struct Grown {
    tree: Tree,
    reference: GrowingTree,
    tiles: HashMap<(u8, u64), Vec<Hash>>,
}

impl Grown {
    fn grow_to(&mut self, size: u64) {
        for seq in self.tree.size()..size {
            let leaf = leaf_hash(&seq.to_be_bytes());
            self.reference.push(leaf);
            for tile in self.tree.push(leaf) {
                assert_eq!(tile.hashes.len(), 8_192);
                let taken = self.tiles.insert((tile.level, tile.index), split_hashes(&tile.hashes));
                assert_eq!(taken, None, "tile {} of level {} came twice", tile.index, tile.level);
            }
        }
    }
}

impl HashReader for Grown {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, ReadError> {
        read_from_tiles(indexes, |level, tile| {
            let (unfinished, hashes) = self.tree.unfinished(level);
            let stored = || self.tiles.get(&(level, tile)).map(Vec::as_slice);
            if tile == unfinished { Some(hashes) } else { stored() }
        })
    }
}

#[test]
fn root_is_that_of_the_reference_at_the_edges_of_tiles() {
    let mut grown = Grown::default();
    for size in [0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 66_049] {
        grown.grow_to(size);
        assert_eq!(grown.tree.root().unwrap(), grown.reference.root(), "{size} leaves");
    }
    assert_eq!(grown.tiles.len(), 258 + 1, "full tiles of the lowest level, and one above");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_leaf_is_proved_in_any_tree_that_has_it(
        sizes in prop::collection::vec(1_u64..1_500, 1..4),
        picks in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 8),
    ) {
        let mut grown = Grown::default();
        let mut roots = Vec::new();
        for more in sizes {
            grown.grow_to(grown.tree.size() + more);
            roots.push((grown.tree.size(), grown.tree.root().unwrap()));
        }
        for (tree, leaf) in picks {
            let (size, root) = roots[tree.index(roots.len())];
            let seq = leaf.index(size as usize) as u64;
            let proof = prove_inclusion(size, seq, &grown).unwrap();
            check_inclusion(&proof, size, root, seq, leaf_hash(&seq.to_be_bytes())).unwrap();
        }
    }
}

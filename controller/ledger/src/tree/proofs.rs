//! Inclusion proofs from the stored tiles.

use std::cell::RefCell;
use std::collections::HashMap;

use cloister_evidence::tree::{Hash, HashReader, ProofError, ReadError, prove_inclusion};
use cloister_store::Store;

use super::{LoadError, Tree, hashes::place, hashes::read_from_tiles};
use crate::error::LogDamage;

/// Tiles kept between proofs, 8 KiB each.
const MAX_CACHED_TILES: usize = 512;

/// Makes proofs for a tree of a size that the log has reached.
pub(crate) struct ProofReader {
    store: Store,
    /// The tree as it is at least at the size proofs are made for: its unfinished tiles are in no row.
    tree: Tree,
    tiles: HashMap<(u8, u64), Vec<Hash>>,
}

impl ProofReader {
    pub(crate) async fn new(store: Store) -> Result<Self, LoadError> {
        let size = store.head().await?.size;
        let tree = Tree::load(&store, size).await?;
        Ok(Self { store, tree, tiles: HashMap::new() })
    }

    /// The path from leaf `seq` to the root of the tree over the first `tree_size` leaves.
    pub(crate) async fn inclusion(
        &mut self,
        tree_size: u64,
        seq: u64,
    ) -> Result<Result<Vec<Hash>, ProofError>, LoadError> {
        // The first attempt tells which nodes are needed, the second has them.
        let wanted = Wanted::default();
        if let Ok(proof) = prove_inclusion(tree_size, seq, &wanted) {
            return Ok(Ok(proof));
        }
        if self.tiles.len() > MAX_CACHED_TILES {
            self.tiles.clear();
        }
        for index in wanted.indexes.into_inner() {
            self.fetch(index).await?;
        }
        Ok(prove_inclusion(tree_size, seq, self))
    }

    async fn fetch(&mut self, stored_hash_index: u64) -> Result<(), LoadError> {
        let place = place(stored_hash_index);
        let (level, index) = (place.level, place.tile);
        if self.tree.unfinished(level).0 == index || self.tiles.contains_key(&(level, index)) {
            return Ok(());
        }
        let row = self.store.tile(level, index).await?.ok_or(LogDamage::Tile { level, index })?;
        self.tiles.insert((level, index), split_hashes(&row.hashes));
        Ok(())
    }
}

/// The hashes of a stored tile; bytes past the last whole one are dropped, and then missed.
pub(crate) fn split_hashes(bytes: &[u8]) -> Vec<Hash> {
    let (whole, _) = bytes.as_chunks::<32>();
    whole.iter().map(|hash| Hash(*hash)).collect()
}

impl HashReader for ProofReader {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, ReadError> {
        read_from_tiles(indexes, |level, tile| {
            let (unfinished, hashes) = self.tree.unfinished(level);
            let stored = || self.tiles.get(&(level, tile)).map(Vec::as_slice);
            if tile == unfinished { Some(hashes) } else { stored() }
        })
    }
}

/// Writes down what is asked for, and answers nothing.
#[derive(Default)]
struct Wanted {
    indexes: RefCell<Vec<u64>>,
}

impl HashReader for Wanted {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, ReadError> {
        self.indexes.borrow_mut().extend_from_slice(indexes);
        Err(ReadError::IndexesNotInTree)
    }
}

//! The Merkle tree while it grows: full tiles go to the store, and what is not full yet stays here.

mod hashes;
mod proofs;

use cloister_evidence::tree::{GrowingTree, Hash, HashReader, ProofError, ReadError, tree_hash};
use cloister_store::{Store, StoreError, TileRow};

use crate::error::LogDamage;
use crate::limits::MAX_FOLLOWED_RECORDS;
use hashes::read_from_tiles;
pub(crate) use proofs::{ProofReader, split_hashes};

/// Levels of the tree in one tile (C2SP tlog-tiles).
pub(crate) const TILE_HEIGHT: u8 = 8;
/// Hashes in a full tile.
pub(crate) const TILE_WIDTH: u64 = 1 << TILE_HEIGHT;

/// A tree of `size` leaves, as far as it is needed to add more. Cheap to clone (at most 8 KiB per
/// level), so that a commit can work on a copy and a failed one leaves nothing behind.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Tree {
    size: u64,
    /// For each level of tiles, the hashes of the tile that is not full yet.
    edge: Vec<Vec<Hash>>,
}

impl Tree {
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; returns the tiles that it made full.
    pub(crate) fn push(&mut self, leaf: Hash) -> Vec<TileRow> {
        let mut full = Vec::new();
        let (mut level, mut hash) = (0_usize, leaf);
        self.size += 1;
        loop {
            if self.edge.len() == level {
                self.edge.push(Vec::new());
            }
            self.edge[level].push(hash);
            if (self.edge[level].len() as u64) < TILE_WIDTH {
                return full;
            }
            let hashes = std::mem::take(&mut self.edge[level]);
            hash = subtree_root(&hashes);
            full.push(self.full_tile(level, hash, &hashes));
            level += 1;
        }
    }

    fn full_tile(&self, level: usize, root: Hash, hashes: &[Hash]) -> TileRow {
        let level = u8::try_from(level).expect("a tree of 2^64 leaves has eight levels of tiles");
        TileRow {
            level,
            index: hashes_at(self.size, level + 1) - 1,
            root: root.0,
            hashes: hashes.iter().flat_map(|hash| hash.0).collect(),
        }
    }

    pub(crate) fn root(&self) -> Result<Hash, ProofError> {
        tree_hash(self.size, self).map_err(|e| ProofError::Unreadable(e.to_string()))
    }

    /// The first leaf whose hash is in no full tile.
    pub(crate) fn first_loose_leaf(&self) -> u64 {
        self.size - self.size % TILE_WIDTH
    }

    /// Index and hashes of the unfinished tile at `level`.
    pub(crate) fn unfinished(&self, level: u8) -> (u64, &[Hash]) {
        let hashes = self.edge.get(usize::from(level)).map_or(&[][..], Vec::as_slice);
        (hashes_at(self.size, level) / TILE_WIDTH, hashes)
    }

    /// This tree after the records up to `size` were added to it, as they are stored.
    pub(crate) async fn grown_to(&self, store: &Store, size: u64) -> Result<Self, LoadError> {
        if size < self.size || size - self.size > MAX_FOLLOWED_RECORDS {
            return Self::load(store, size).await;
        }
        let mut tree = self.clone();
        for hash in store.leaf_hashes(self.size, size).await? {
            tree.push(Hash(hash));
        }
        if tree.size != size {
            return Err(LogDamage::Missing { seq: tree.size }.into());
        }
        Ok(tree)
    }

    /// Reads the tree of `size` leaves back from what is stored.
    pub(crate) async fn load(store: &Store, size: u64) -> Result<Self, LoadError> {
        let mut edge = Vec::new();
        let mut level = 0;
        while hashes_at(size, level) > 0 {
            edge.push(load_unfinished(store, size, level).await?);
            level += 1;
        }
        Ok(Self { size, edge })
    }
}

impl HashReader for Tree {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, ReadError> {
        read_from_tiles(indexes, |level, tile| {
            let (unfinished, hashes) = self.unfinished(level);
            (tile == unfinished).then_some(hashes)
        })
    }
}

/// Why a tree could not be read back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Damaged(#[from] LogDamage),
}

async fn load_unfinished(store: &Store, size: u64, level: u8) -> Result<Vec<Hash>, LoadError> {
    let to = hashes_at(size, level);
    let from = to - to % TILE_WIDTH;
    let hashes = match level.checked_sub(1) {
        None => store.leaf_hashes(from, to).await?,
        Some(below) => store.tile_roots(below, from, to).await?,
    };
    let found = from + hashes.len() as u64;
    if found != to {
        return Err(match level.checked_sub(1) {
            None => LogDamage::Missing { seq: found },
            Some(level) => LogDamage::Tile { level, index: found },
        }
        .into());
    }
    Ok(hashes.into_iter().map(Hash).collect())
}

/// How many hashes level `level` of the tiles has in a tree of `size` leaves.
fn hashes_at(size: u64, level: u8) -> u64 {
    size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT)).unwrap_or(0)
}

/// Root over a complete subtree, given the hashes at its bottom.
pub(crate) fn subtree_root(hashes: &[Hash]) -> Hash {
    let mut subtree = GrowingTree::default();
    for hash in hashes {
        subtree.push(*hash);
    }
    subtree.root()
}

#[cfg(test)]
mod tests;

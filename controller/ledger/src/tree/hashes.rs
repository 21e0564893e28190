//! Any node of the tree from the tiles that hold it.

use cloister_evidence::tree::{Hash, ReadError};
use tlog_tiles::split_stored_hash_index;

use super::{TILE_HEIGHT, TILE_WIDTH, subtree_root};

/// Where a node of the tree is: its tile, and the hashes in it that it spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) level: u8,
    pub(super) tile: u64,
    from: usize,
    count: usize,
}

/// The place of the node with stored-hash index `index`.
pub(super) fn place(index: u64) -> Place {
    let (tree_level, n) = split_stored_hash_index(index);
    let height = tree_level % TILE_HEIGHT;
    let first = n << height;
    Place {
        level: tree_level / TILE_HEIGHT,
        tile: first / TILE_WIDTH,
        from: (first % TILE_WIDTH) as usize,
        count: 1 << height,
    }
}

/// Reads nodes, given a way to look a tile's hashes up.
pub(super) fn read_from_tiles<'t>(
    indexes: &[u64],
    tile: impl Fn(u8, u64) -> Option<&'t [Hash]>,
) -> Result<Vec<Hash>, ReadError> {
    let read = |index: &u64| {
        let place = place(*index);
        let hashes = tile(place.level, place.tile)?;
        Some(subtree_root(hashes.get(place.from..place.from + place.count)?))
    };
    indexes.iter().map(|index| read(index).ok_or(ReadError::IndexesNotInTree)).collect()
}

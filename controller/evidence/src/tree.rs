//! The Merkle tree over the leaves: RFC 6962 section 2.1, SHA-256. A thin wall around `tlog_tiles`, so
//! that the rest of the product has one place to ask.

pub use tlog_tiles::{
    EMPTY_HASH, Error as ReadError, Hash, HashReader, stored_hash_count, stored_hash_index, tree_hash,
};

use crate::limits::MAX_PROOF_HASHES;

/// A proof cannot be made or does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    #[error("leaf {index} is not in a tree of {tree_size} leaves")]
    OutsideTree { index: u64, tree_size: u64 },
    #[error("a tree of {old_size} leaves cannot be the beginning of one of {tree_size}")]
    SizesReversed { old_size: u64, tree_size: u64 },
    #[error("the proof does not lead to the root of the tree")]
    DoesNotHold,
    #[error("the hashes of the tree could not be read: {0}")]
    Unreadable(String),
}

/// Hash of a leaf.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    tlog_tiles::record_hash(leaf)
}

/// Hashes to store when `leaf_hash` becomes leaf `index`, to be appended to the stored ones at
/// [`stored_hash_index`]`(0, index)`.
///
/// # Errors
/// `reader` failed.
pub fn hashes_to_store<R: HashReader>(
    index: u64,
    leaf_hash: Hash,
    reader: &R,
) -> Result<Vec<Hash>, ProofError> {
    tlog_tiles::stored_hashes_for_record_hash(index, leaf_hash, reader).map_err(unreadable)
}

/// Inclusion proof (RFC 6962 section 2.1.1) of leaf `index` in the tree of `tree_size` leaves.
///
/// # Errors
/// `index` is not in the tree, or `reader` failed.
pub fn prove_inclusion<R: HashReader>(
    tree_size: u64,
    index: u64,
    reader: &R,
) -> Result<Vec<Hash>, ProofError> {
    check_index(tree_size, index)?;
    tlog_tiles::prove_record(tree_size, index, reader).map_err(unreadable)
}

/// Checks an inclusion proof.
///
/// # Errors
/// It does not hold.
pub fn check_inclusion(
    proof: &[Hash],
    tree_size: u64,
    root: Hash,
    index: u64,
    leaf: Hash,
) -> Result<(), ProofError> {
    check_index(tree_size, index)?;
    check_length(proof)?;
    tlog_tiles::check_record(&proof.to_vec(), tree_size, root, index, leaf)
        .map_err(|_| ProofError::DoesNotHold)
}

/// Consistency proof (RFC 6962 section 2.1.2): the tree of `old_size` leaves is the beginning of the
/// one of `tree_size`. An empty old tree needs no proof.
///
/// # Errors
/// The old tree is the larger, or `reader` failed.
pub fn prove_consistency<R: HashReader>(
    tree_size: u64,
    old_size: u64,
    reader: &R,
) -> Result<Vec<Hash>, ProofError> {
    check_sizes(tree_size, old_size)?;
    if old_size == 0 {
        return Ok(Vec::new());
    }
    tlog_tiles::prove_tree(tree_size, old_size, reader).map_err(unreadable)
}

/// Checks a consistency proof between two heads, each a size and a root.
///
/// # Errors
/// It does not hold.
pub fn check_consistency(proof: &[Hash], head: (u64, Hash), old: (u64, Hash)) -> Result<(), ProofError> {
    check_sizes(head.0, old.0)?;
    check_length(proof)?;
    if old.0 == 0 {
        let holds = proof.is_empty() && old.1 == EMPTY_HASH;
        return if holds { Ok(()) } else { Err(ProofError::DoesNotHold) };
    }
    tlog_tiles::check_tree(&proof.to_vec(), head.0, head.1, old.0, old.1).map_err(|_| ProofError::DoesNotHold)
}

fn check_index(tree_size: u64, index: u64) -> Result<(), ProofError> {
    if index >= tree_size {
        return Err(ProofError::OutsideTree { index, tree_size });
    }
    Ok(())
}

fn check_sizes(tree_size: u64, old_size: u64) -> Result<(), ProofError> {
    if old_size > tree_size {
        return Err(ProofError::SizesReversed { old_size, tree_size });
    }
    Ok(())
}

fn check_length(proof: &[Hash]) -> Result<(), ProofError> {
    if proof.len() > MAX_PROOF_HASHES {
        return Err(ProofError::DoesNotHold);
    }
    Ok(())
}

fn unreadable(error: tlog_tiles::Error) -> ProofError {
    ProofError::Unreadable(error.to_string())
}

/// A tree that only grows and remembers no leaf: one hash per complete subtree, so that the root of a
/// log of any length is computed in a few hundred bytes.
#[derive(Debug, Clone, Default)]
pub struct GrowingTree {
    size: u64,
    /// Roots of the complete subtrees from left to right; their sizes are the one bits of `size`.
    subtrees: Vec<Hash>,
}

impl GrowingTree {
    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds the next leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each trailing one bit of the old size is a subtree as large as the new one: they join.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                hash = tlog_tiles::node_hash(left, hash);
            }
        }
        self.subtrees.push(hash);
        self.size = self.size.saturating_add(1);
    }

    /// Root of the tree as it is now.
    pub fn root(&self) -> Hash {
        let mut from_right = self.subtrees.iter().rev().copied();
        let Some(last) = from_right.next() else { return EMPTY_HASH };
        from_right.fold(last, |right, left| tlog_tiles::node_hash(left, right))
    }
}

#[cfg(test)]
mod tests;

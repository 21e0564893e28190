use std::cell::RefCell;

use super::*;

/// Stored hashes in memory.
#[derive(Default)]
struct Stored(RefCell<Vec<Hash>>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, ReadError> {
        let hashes = self.0.borrow();
        Ok(indexes.iter().map(|index| hashes[*index as usize]).collect())
    }
}

impl Stored {
    fn of(leaves: u64) -> Self {
        let stored = Self::default();
        for index in 0..leaves {
            let hashes = hashes_to_store(index, leaf(index), &stored).unwrap();
            stored.0.borrow_mut().extend(hashes);
        }
        stored
    }
}

fn leaf(index: u64) -> Hash {
    leaf_hash(format!("leaf {index}").as_bytes())
}

fn grown(leaves: u64) -> GrowingTree {
    let mut tree = GrowingTree::default();
    (0..leaves).for_each(|index| tree.push(leaf(index)));
    tree
}

#[test]
fn growing_tree_has_the_root_of_the_stored_tree_at_every_size() {
    for size in 0..130 {
        assert_eq!(grown(size).root(), tree_hash(size, &Stored::of(size)).unwrap(), "size {size}");
        assert_eq!(grown(size).size(), size);
    }
}

/// The well-known vectors of RFC 6962 implementations: leaves "", 00, 10, 2021.
#[test]
fn roots_match_published_certificate_transparency_vectors() {
    let leaves: [&[u8]; 4] = [b"", b"\x00", b"\x10", b"\x20\x21"];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    let mut tree = GrowingTree::default();
    for (leaf, root) in leaves.into_iter().zip(roots) {
        tree.push(leaf_hash(leaf));
        assert_eq!(hex::encode(tree.root().0), root);
    }
}

#[test]
fn inclusion_proof_holds_for_its_own_leaf_index_size_and_root_only() {
    let (size, stored) = (21, Stored::of(21));
    let root = grown(size).root();
    for index in 0..size {
        let proof = prove_inclusion(size, index, &stored).unwrap();
        assert_eq!(check_inclusion(&proof, size, root, index, leaf(index)), Ok(()));
        let wrong = [
            check_inclusion(&proof, size, root, index, leaf(index + 1)),
            check_inclusion(&proof, size, root, (index + 1) % size, leaf(index)),
            check_inclusion(&proof, size, leaf(0), index, leaf(index)),
            check_inclusion(&[], size, root, index, leaf(index)),
            check_inclusion(&[proof.clone(), vec![leaf(0)]].concat(), size, root, index, leaf(index)),
        ];
        assert!(wrong.iter().all(Result::is_err), "index {index}");
    }
}

#[test]
fn inclusion_proof_outside_the_tree_is_refused() {
    let outside = ProofError::OutsideTree { index: 3, tree_size: 3 };
    assert_eq!(prove_inclusion(3, 3, &Stored::of(3)), Err(outside.clone()));
    assert_eq!(check_inclusion(&[], 3, grown(3).root(), 3, leaf(3)), Err(outside));
    assert_eq!(
        check_inclusion(&vec![leaf(0); 65], u64::MAX, leaf(0), 3, leaf(3)),
        Err(ProofError::DoesNotHold)
    );
}

#[test]
fn consistency_proof_holds_between_every_pair_of_sizes_and_for_no_fork() {
    let stored = Stored::of(21);
    for size in 0..=21 {
        for old_size in 0..=size {
            let (head, old) = ((size, grown(size).root()), (old_size, grown(old_size).root()));
            let proof = prove_consistency(size, old_size, &stored).unwrap();
            assert_eq!(check_consistency(&proof, head, old), Ok(()), "{old_size} -> {size}");
            let fork = (old_size, leaf(99));
            assert_eq!(check_consistency(&proof, head, fork), Err(ProofError::DoesNotHold));
        }
    }
    assert_eq!(
        prove_consistency(3, 4, &stored),
        Err(ProofError::SizesReversed { old_size: 4, tree_size: 3 })
    );
}

//! Group commit, and the tree that grows under it.

use cloister_evidence::tree::{
    self, Hash, HashReader, ReadError, check_consistency, leaf_hash, prove_consistency, tree_hash,
};
use cloister_ledger::Selection;
use cloister_store::CheckpointRow;

use crate::rig::{Rig, Running, on_both_databases};
use crate::writing::write_pairs;

on_both_databases!(
    many_writers_share_commits,
    every_checkpoint_is_the_beginning_of_the_next,
    chosen_records_are_proved_from_anywhere_in_the_log,
);

async fn many_writers_share_commits(rig: Rig) {
    let running = rig.start().await;
    let before = running.ledger.stats();
    write_pairs(&running.ledger, 64, 8).await;
    let after = running.ledger.stats();
    let (records, commits) = (after.records - before.records, after.commits - before.commits);
    assert_eq!(records, 1_024);
    assert!(commits * 4 < records, "{commits} commits for {records} records");
    assert_eq!(running.store.head().await.unwrap().size, 1_025);
    running.stop().await;
}

async fn every_checkpoint_is_the_beginning_of_the_next(rig: Rig) {
    let running = rig.start().await;
    // Different numbers of callers make commits of different sizes.
    for writers in [1, 3, 17, 40, 2] {
        write_pairs(&running.ledger, writers, 3).await;
    }
    assert!(checkpoints_fit_each_other(&running).await > 10);
    running.stop().await;
}

/// Checks every stored checkpoint against the leaves and against the one before; returns their number.
pub(crate) async fn checkpoints_fit_each_other(running: &Running) -> usize {
    let leaves = Leaves::of(running).await;
    let mut checkpoints = Vec::new();
    loop {
        let last = checkpoints.last().map_or(0, |last: &CheckpointRow| last.size);
        let page = running.store.checkpoints_after(last).await.unwrap();
        if page.is_empty() {
            break;
        }
        checkpoints.extend(page);
    }
    let (count, mut previous) = (checkpoints.len(), None);
    for stored in checkpoints {
        let signed = running.ledger.verifier().open(&stored.note).unwrap();
        let head = (signed.tree_size(), signed.root());
        assert_eq!(head, (stored.size, tree_hash(stored.size, &leaves).unwrap()));
        if let Some(previous) = previous.replace(head) {
            let proof = prove_consistency(head.0, previous.0, &leaves).unwrap();
            check_consistency(&proof, head, previous).unwrap();
        }
    }
    count
}

async fn chosen_records_are_proved_from_anywhere_in_the_log(rig: Rig) {
    let running = rig.start().await;
    let written = write_pairs(&running.ledger, 32, 10).await;
    // In the first tile, at its ends, in the second, and in the one that is not full.
    for seq in [1, 255, 256, 400, 511, 512, 640] {
        let record = written.iter().find(|record| record.seq == seq).unwrap();
        let report = running.verify(Selection::Records(vec![record.id.clone()])).await;
        assert_eq!(report.records, 2, "the pair of record {seq}");
    }
    assert_eq!(running.verify(Selection::Log).await.records, 641);
    running.stop().await;
}

/// The tree computed a second time, from the stored leaves alone.
struct Leaves {
    stored_hashes: Vec<Hash>,
}

impl Leaves {
    async fn of(running: &Running) -> Self {
        let mut leaves = Self { stored_hashes: Vec::new() };
        for row in running.rows().await {
            let hashes = tree::hashes_to_store(row.seq, leaf_hash(&row.leaf), &leaves).unwrap();
            leaves.stored_hashes.extend(hashes);
        }
        leaves
    }
}

impl HashReader for Leaves {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, ReadError> {
        let hash = |index: &u64| self.stored_hashes.get(*index as usize).copied();
        indexes.iter().map(|index| hash(index).ok_or(ReadError::IndexesNotInTree)).collect()
    }
}

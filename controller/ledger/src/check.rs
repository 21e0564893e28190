//! Whether what is stored is what was written.

use cloister_evidence::record::{Kind, Record};
use cloister_evidence::tree::{Hash, leaf_hash};
use cloister_store::{RecordRow, Store};

use crate::error::LogDamage;
use crate::tree::{LoadError, TILE_WIDTH, split_hashes, subtree_root};

/// The columns that are copied out of a record to search by; the bytes are left empty.
pub(crate) fn indexed_columns(record: &Record) -> RecordRow {
    RecordRow {
        seq: record.seq,
        id: record.id.clone(),
        kind: kind_name(record.draft.kind),
        time: record.time.clone(),
        subject_id: record.draft.subject.as_ref().map(|subject| subject.id.clone()),
        tenant: record.draft.tenant.clone(),
        intent: record.draft.intent.clone(),
        leaf: Vec::new(),
        leaf_hash: [0; 32],
    }
}

/// The name that the record has in its leaf, e.g. `inference.completed`.
pub(crate) fn kind_name(kind: Kind) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(name)) => name,
        other => unreachable!("a kind is written as its name, not as {other:?}"),
    }
}

/// Checks stored records in rising order: their bytes against their hash, their hash against the
/// tree, and their columns against their bytes.
pub(crate) struct RecordChecker {
    store: Store,
    /// Records before this one are in full tiles.
    first_loose_leaf: u64,
    tile: Option<(u64, Vec<Hash>)>,
}

impl RecordChecker {
    /// `first_loose_leaf`: of the tree that the records are checked against.
    pub(crate) fn new(store: Store, first_loose_leaf: u64) -> Self {
        Self { store, first_loose_leaf, tile: None }
    }

    /// The hash of the record that must be at `seq`.
    pub(crate) async fn check(&mut self, seq: u64, row: &RecordRow) -> Result<Hash, LoadError> {
        if row.seq != seq {
            return Err(LogDamage::Missing { seq }.into());
        }
        let hash = leaf_hash(&row.leaf);
        if hash.0 != row.leaf_hash {
            return Err(LogDamage::LeafAltered { seq }.into());
        }
        check_columns(row)?;
        if seq < self.first_loose_leaf && self.in_tree(seq).await? != hash {
            return Err(LogDamage::LeafNotInTree { seq }.into());
        }
        Ok(hash)
    }

    /// The leaf hash that the tree has at `seq`.
    async fn in_tree(&mut self, seq: u64) -> Result<Hash, LoadError> {
        let index = seq / TILE_WIDTH;
        let damaged = LogDamage::Tile { level: 0, index };
        if self.tile.as_ref().is_none_or(|(cached, _)| *cached != index) {
            let Some(row) = self.store.tile(0, index).await? else { return Err(damaged.into()) };
            let hashes = split_hashes(&row.hashes);
            if hashes.len() as u64 != TILE_WIDTH || subtree_root(&hashes).0 != row.root {
                return Err(damaged.into());
            }
            self.tile = Some((index, hashes));
        }
        let hashes = self.tile.as_ref().map_or(&[][..], |(_, hashes)| hashes.as_slice());
        hashes.get((seq % TILE_WIDTH) as usize).copied().ok_or_else(|| damaged.into())
    }
}

/// Whoever edits a column hides a record from a search; its bytes still say what it is.
fn check_columns(row: &RecordRow) -> Result<(), LogDamage> {
    let seq = row.seq;
    let record = Record::parse(&row.leaf).map_err(|source| LogDamage::Unreadable { seq, source })?;
    let said = indexed_columns(&record);
    let columns = [
        ("seq", said.seq == row.seq),
        ("id", said.id == row.id),
        ("kind", said.kind == row.kind),
        ("time", said.time == row.time),
        ("subject_id", said.subject_id == row.subject_id),
        ("tenant", said.tenant == row.tenant),
        ("intent", said.intent == row.intent),
    ];
    match columns.into_iter().find(|(_, same)| !same) {
        Some((column, _)) => Err(LogDamage::ColumnAltered { seq, column }),
        None => Ok(()),
    }
}

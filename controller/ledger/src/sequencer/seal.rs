//! Records get their numbers, their place in the tree and a signature over all of it.

use cloister_evidence::checkpoint::{LogKey, SignedCheckpoint};
use cloister_evidence::record::{RECORD_VERSION, Record};
use cloister_evidence::tree::leaf_hash;
use cloister_store::{CheckpointRow, LogRows, RecordRow, SaltRow};

use super::admission::Admission;
use super::used::used;
use crate::check::indexed_columns;
use crate::clock::Clock;
use crate::error::CommitError;
use crate::search::search_row;
use crate::submission::Entry;
use crate::tree::Tree;

/// Entries between two moments at which other tasks may run: some 50 µs each.
const ENTRIES_PER_TURN: usize = 32;

/// A batch, ready to be stored.
pub(super) struct Sealed {
    pub(super) rows: LogRows,
    pub(super) tree: Tree,
    pub(super) checkpoint: SignedCheckpoint,
}

pub(super) async fn seal(
    key: &LogKey,
    clock: &Clock,
    mut tree: Tree,
    entries: &[&Entry],
    admission: Admission,
) -> Result<Sealed, CommitError> {
    let (mut records, mut search, mut tiles) = (Vec::with_capacity(entries.len()), Vec::new(), Vec::new());
    for (count, entry) in entries.iter().enumerate() {
        if count % ENTRIES_PER_TURN == ENTRIES_PER_TURN - 1 {
            tokio::task::yield_now().await;
        }
        let record = record(key.origin(), clock, tree.size(), entry);
        let row = record_row(&record)?;
        search.extend(search_row(&record));
        tiles.extend(tree.push(cloister_evidence::tree::Hash(row.leaf_hash)));
        records.push(row);
    }
    let checkpoint = key.sign(tree.size(), tree.root()?)?;
    let opened = records.iter().filter(|row| admission.left_open(&row.id));
    let opened = opened.map(|row| (row.id.clone(), row.seq)).collect();
    let used = used(entries.iter().zip(&records));
    let rows = LogRows {
        writer: clock.boot().to_owned(),
        opened,
        records,
        search,
        tiles,
        checkpoint: CheckpointRow { size: tree.size(), note: checkpoint.text().to_owned() },
        closed: admission.into_closed(),
        salts: entries.iter().flat_map(|entry| salt_rows(entry)).collect(),
        used,
    };
    Ok(Sealed { rows, tree, checkpoint })
}

fn record(origin: &str, clock: &Clock, seq: u64, entry: &Entry) -> Record {
    let now = clock.read();
    Record {
        v: RECORD_VERSION,
        log: origin.to_owned(),
        seq,
        id: entry.id.clone(),
        time: now.time,
        boot: clock.boot().to_owned(),
        mono_us: now.mono_us,
        draft: entry.draft.clone(),
    }
}

fn record_row(record: &Record) -> Result<RecordRow, CommitError> {
    let leaf = record.to_leaf()?;
    let leaf_hash = leaf_hash(&leaf).0;
    Ok(RecordRow { leaf, leaf_hash, ..indexed_columns(record) })
}

fn salt_rows(entry: &Entry) -> impl Iterator<Item = SaltRow> {
    entry.salts.iter().map(|(name, salt)| SaltRow {
        record_id: entry.id.clone(),
        name: (*name).to_owned(),
        salt: salt.0,
    })
}

//! Checks an evidence file with nothing but the file and the log's public key.
//!
//! Streaming: memory depends on how many inferences are open at once, not on the size of the log.

mod failure;
mod history;
mod report;

use std::io::BufRead;

pub use failure::{Failure, Place, Tampered};
pub use report::Report;

use crate::{
    checkpoint::{CheckpointError, LogVerifier, SignedCheckpoint},
    file::{EvidenceKind, EvidenceReader, Header},
    tree::{GrowingTree, Hash, check_inclusion, leaf_hash},
};
use history::History;

/// Checks the evidence in `reader` against the log whose key is `key`.
///
/// # Errors
/// The first thing that is wrong; see [`Failure`].
pub fn verify<R: BufRead>(reader: R, key: &LogVerifier) -> Result<Report, Failure> {
    let mut file = EvidenceReader::new(reader);
    let header = file.header()?;
    let head = open_head(&header, key)?;
    if head.tree_size() == 0 {
        return Err(Failure::Insufficient("the log is empty: there is no record to check".to_owned()));
    }
    let history = match header.kind {
        EvidenceKind::Log => verify_log(&mut file, &head, key)?,
        EvidenceKind::Records => verify_records(&mut file, &head, key)?,
    };
    Ok(Report::new(key, header.kind, &head, history))
}

/// The signed log checkpoint, with which everything else in the header must agree.
fn open_head(header: &Header, key: &LogVerifier) -> Result<SignedCheckpoint, Failure> {
    let head = key.open(&header.checkpoint).map_err(|error| match error {
        CheckpointError::OtherKey { .. } => Failure::Insufficient(format!(
            "{error}; get the verifier key of log {} from someone you trust",
            header.origin.escape_debug()
        )),
        CheckpointError::Signature | CheckpointError::OtherLog { .. } => {
            Tampered::new(Place::Header, error.to_string()).into()
        }
        _ => Failure::Checkpoint(error),
    })?;
    if header.origin != key.origin() {
        let what = "the header names another log than the signed checkpoint";
        return Err(Tampered::new(Place::Header, what).differs(key.origin(), &header.origin).into());
    }
    if header.tree_size != head.tree_size() {
        let what = "the header states another size than the signed checkpoint";
        return Err(Tampered::new(Place::Header, what).differs(head.tree_size(), header.tree_size).into());
    }
    Ok(head)
}

/// Chosen records: each stands for itself with its proof.
fn verify_records<R: BufRead>(
    file: &mut EvidenceReader<R>,
    head: &SignedCheckpoint,
    key: &LogVerifier,
) -> Result<History, Failure> {
    let mut history = History::new(EvidenceKind::Records, key.origin());
    let mut next_index = 0;
    while let Some(leaf) = file.leaf()? {
        let line = file.line();
        let (index, proof) = file.proof()?;
        let place = Place::Record { index, line };
        check_inclusion(&proof, head.tree_size(), head.root(), index, leaf_hash(&leaf)).map_err(|error| {
            Tampered::new(place, format!("this record is not in the signed log: {error}"))
        })?;
        if index < next_index {
            return Err(Tampered::new(place, "records are out of order or repeated").into());
        }
        history.take(place, index, &leaf)?;
        next_index = index.saturating_add(1);
    }
    if history.records() == 0 {
        return Err(Failure::Insufficient("the file holds no record".to_owned()));
    }
    Ok(history)
}

/// The whole log: its root is computed again from every record.
fn verify_log<R: BufRead>(
    file: &mut EvidenceReader<R>,
    head: &SignedCheckpoint,
    key: &LogVerifier,
) -> Result<History, Failure> {
    let mut check = LogCheck::new(key.origin());
    while let Some(leaf) = file.leaf()? {
        let place = Place::Record { index: check.computed.size(), line: file.line() };
        if check.computed.size() >= head.tree_size() {
            let what = format!("the signed log ends after {} records, but here is another", head.tree_size());
            check.note(Tampered::new(place, what).into());
            break;
        }
        let stated = file.leaf_hash()?;
        check.take(place, &leaf, stated);
    }
    check.judge(head)
}

/// Two trees grow side by side: over the records, and over the leaf hashes that the file states. If
/// they differ, the one whose root is signed tells what was altered and where.
struct LogCheck {
    computed: GrowingTree,
    stated: GrowingTree,
    first_difference: Option<(Place, Hash, Hash)>,
    /// The first thing in the records' content that cannot be right.
    first_failure: Option<Failure>,
    history: History,
}

impl LogCheck {
    fn new(origin: &str) -> Self {
        Self {
            computed: GrowingTree::default(),
            stated: GrowingTree::default(),
            first_difference: None,
            first_failure: None,
            history: History::new(EvidenceKind::Log, origin),
        }
    }

    fn take(&mut self, place: Place, leaf: &[u8], stated: Hash) {
        let index = self.computed.size();
        let computed = leaf_hash(leaf);
        self.computed.push(computed);
        self.stated.push(stated);
        if computed != stated && self.first_difference.is_none() {
            self.first_difference = Some((place, stated, computed));
        }
        // After the first thing that is wrong, the history of what follows means nothing.
        if self.first_difference.is_none()
            && self.first_failure.is_none()
            && let Err(failure) = self.history.take(place, index, leaf)
        {
            self.note(failure);
        }
    }

    fn note(&mut self, failure: Failure) {
        self.first_failure.get_or_insert(failure);
    }

    fn judge(self, head: &SignedCheckpoint) -> Result<History, Failure> {
        let is_head = |tree: &GrowingTree| tree.size() == head.tree_size() && tree.root() == head.root();
        if let Some((place, stated, computed)) = self.first_difference {
            let what = if is_head(&self.stated) {
                "this record was altered after it was signed"
            } else if is_head(&self.computed) {
                "the leaf hash stated for this record was altered; the records are the signed ones"
            } else {
                "this record or its stated leaf hash was altered, and it is not the only alteration"
            };
            return Err(Tampered::new(place, what).differs(stated, computed).into());
        }
        if let Some(failure) = self.first_failure {
            return Err(failure);
        }
        if self.computed.size() != head.tree_size() {
            let what = "records are missing at the end: the signed log is longer than this file";
            let found = format!("{} records", self.computed.size());
            let expected = format!("{} records", head.tree_size());
            return Err(Tampered::new(Place::End, what).differs(expected, found).into());
        }
        if !is_head(&self.computed) {
            let what =
                "the records are not the signed ones: a record and its stated hash were altered together";
            return Err(Tampered::new(Place::End, what).differs(head.root(), self.computed.root()).into());
        }
        Ok(self.history)
    }
}

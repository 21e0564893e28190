//! What a caller hands in, and the checks it must pass before it may wait in the queue.

use cloister_evidence::commitment::Salt;
use cloister_evidence::limits::MAX_EXACT_INTEGER;
use cloister_evidence::record::{Draft, Kind, RECORD_VERSION, Record};
use cloister_store::Change;
use tokio::sync::oneshot;
use ulid::Ulid;

use crate::LedgerError;
use crate::handle::RecordRef;
use crate::limits::{MAX_CHANGES, MAX_SALTS};

/// A record to write, and what must become durable with it.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) draft: Draft,
    pub(crate) changes: Vec<Change>,
    pub(crate) salts: Vec<(&'static str, Salt)>,
}

/// An entry, and who waits for it.
pub(crate) struct Submission {
    pub(crate) entry: Entry,
    pub(crate) bytes: usize,
    pub(crate) done: oneshot::Sender<Result<RecordRef, LedgerError>>,
}

impl Entry {
    pub(crate) fn new(draft: Draft) -> Self {
        Self { id: Ulid::new().to_string(), draft, changes: Vec::new(), salts: Vec::new() }
    }

    /// Whether the record says that a request came to its end.
    pub(crate) fn closes(&self) -> Option<&str> {
        self.draft.intent.as_deref()
    }

    pub(crate) fn opens(&self) -> bool {
        self.draft.kind == Kind::InferenceRequested
    }

    /// Everything that could make the entry fail later, when others share its commit. Returns the
    /// bytes that it will take.
    pub(crate) fn check(&self, origin: &str) -> Result<usize, LedgerError> {
        match Ulid::from_string(&self.id) {
            Ok(id) if id.to_string() == self.id => {}
            _ => return Err(LedgerError::invalid("its id is not a ULID")),
        }
        if self.changes.len() > MAX_CHANGES {
            return Err(LedgerError::invalid(format!("more than {MAX_CHANGES} changes at once")));
        }
        if self.salts.len() > MAX_SALTS {
            return Err(LedgerError::invalid(format!("more than {MAX_SALTS} salts")));
        }
        let closing = matches!(self.draft.kind, Kind::InferenceCompleted | Kind::InferenceInterrupted);
        if closing != self.draft.intent.is_some() {
            let why = "records that close a request name it as their intent, and no others do";
            return Err(LedgerError::invalid(why));
        }
        let leaf = self.longest_record(origin).to_leaf().map_err(LedgerError::invalid)?;
        Ok(leaf.len() + self.changes.iter().map(bundle_bytes).sum::<usize>())
    }

    /// The record with every part that is not known yet at its longest.
    fn longest_record(&self, origin: &str) -> Record {
        Record {
            v: RECORD_VERSION,
            log: origin.to_owned(),
            seq: MAX_EXACT_INTEGER,
            id: self.id.clone(),
            time: "2000-01-01T00:00:00.000000000Z".to_owned(),
            boot: "0123456789abcdef".to_owned(),
            mono_us: MAX_EXACT_INTEGER,
            draft: self.draft.clone(),
        }
    }
}

fn bundle_bytes(change: &Change) -> usize {
    match change {
        Change::AddModel(model) => model.bundle.len(),
        _ => 0,
    }
}

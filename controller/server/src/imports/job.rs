//! One import: how far it is.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use cloister_api::{Import, ImportPhase, ImportProblem, NewImport};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::lock;

pub(crate) struct Job {
    id: String,
    new: NewImport,
    created_at: Timestamp,
    bytes_done: AtomicU64,
    state: Mutex<State>,
    cancelled: CancellationToken,
}

struct State {
    phase: ImportPhase,
    bytes_total: Option<u64>,
    model_digest: Option<String>,
    end: Option<Ended>,
    ended_at: Option<Timestamp>,
}

/// How an import ended.
#[derive(Debug, Clone)]
pub(crate) enum Ended {
    /// The model is there. Without a record it was there before.
    Done {
        model_digest: String,
        record_id: Option<String>,
    },
    Refused {
        problem: ImportProblem,
        record_id: Option<String>,
    },
    Failed(ImportProblem),
    Cancelled,
}

impl Job {
    pub(super) fn new(new: NewImport, now: Timestamp) -> Self {
        Self {
            id: ulid::Ulid::new().to_string(),
            new,
            created_at: now,
            bytes_done: AtomicU64::new(0),
            state: Mutex::new(State {
                phase: ImportPhase::Queued,
                bytes_total: None,
                model_digest: None,
                end: None,
                ended_at: None,
            }),
            cancelled: CancellationToken::new(),
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn new_import(&self) -> &NewImport {
        &self.new
    }

    /// Ends everything that works for this import, once it is cancelled.
    pub(crate) fn cancelled(&self) -> &CancellationToken {
        &self.cancelled
    }

    pub(super) fn has_ended(&self) -> bool {
        lock(&self.state).phase.is_last()
    }

    /// Whether `new` asks for what this one is still doing.
    pub(super) fn is_same(&self, new: &NewImport) -> bool {
        self.new == *new && !self.has_ended() && !self.cancelled.is_cancelled()
    }

    /// Goes on to a phase. False if the import was cancelled before; from `Verifying` on it cannot be
    /// any more.
    pub(crate) fn enter(&self, phase: ImportPhase) -> bool {
        let mut state = lock(&self.state);
        let goes_on = !state.phase.is_last() && !self.cancelled.is_cancelled();
        if goes_on {
            state.phase = phase;
        }
        goes_on
    }

    pub(crate) fn expect_bytes(&self, total: u64) {
        lock(&self.state).bytes_total = Some(total);
    }

    pub(crate) fn count_bytes(&self, more: u64) {
        self.bytes_done.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn claim_digest(&self, model_digest: &str) {
        lock(&self.state).model_digest = Some(model_digest.to_owned());
    }

    /// False if it is too late: its model is being verified or committed, or it has ended.
    pub(crate) fn cancel(&self) -> bool {
        let state = lock(&self.state);
        let in_time = matches!(state.phase, ImportPhase::Queued | ImportPhase::Fetching);
        if in_time {
            self.cancelled.cancel();
        }
        in_time
    }

    pub(crate) fn end(&self, ended: Ended, now: Timestamp) {
        let mut state = lock(&self.state);
        state.phase = match &ended {
            Ended::Done { model_digest, .. } => {
                state.model_digest = Some(model_digest.clone());
                ImportPhase::Done
            }
            Ended::Refused { .. } => ImportPhase::Refused,
            Ended::Failed(_) => ImportPhase::Failed,
            Ended::Cancelled => ImportPhase::Cancelled,
        };
        state.end = Some(ended);
        state.ended_at = Some(now);
    }

    pub(crate) fn view(&self) -> Import {
        let state = lock(&self.state);
        let (problem, record_id) = match state.end.clone() {
            Some(Ended::Done { record_id, .. }) => (None, record_id),
            Some(Ended::Refused { problem, record_id }) => (Some(problem), record_id),
            Some(Ended::Failed(problem)) => (Some(problem), None),
            Some(Ended::Cancelled) | None => (None, None),
        };
        let bytes_done = self.bytes_done.load(Ordering::Relaxed);
        Import {
            id: self.id.clone(),
            name: self.new.name.clone(),
            source: self.new.source.clone(),
            expected_digest: self.new.expected_digest.clone(),
            phase: state.phase,
            // Bytes that had to be fetched again count once.
            bytes_done: state.bytes_total.map_or(bytes_done, |total| bytes_done.min(total)),
            bytes_total: state.bytes_total,
            created_at: self.created_at.to_string(),
            ended_at: state.ended_at.map(|at| at.to_string()),
            model_digest: state.model_digest.clone(),
            problem,
            record_id,
        }
    }
}

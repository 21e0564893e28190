//! What a replica says about itself.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use cloister_proto::agent::v1::{ReplicaPhase, ReplicaSpeed, ReplicaStatus};
use cloister_proto::worker::v1::{StatusResponse, WorkerPhase};

use crate::inventory::resident_bytes;
use crate::limits::PROGRESS_INTERVAL;
use crate::supervisor::Board;

/// Peak memory is told in steps of this: smaller changes are no news.
const RESIDENT_STEP_BYTES: u64 = 16 * 1024 * 1024;

/// One replica's line on the board.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    board: Arc<Board>,
    replica_id: String,
}

impl Report {
    pub(crate) fn new(board: Arc<Board>, replica_id: &str) -> Self {
        Self { board, replica_id: replica_id.to_owned() }
    }

    fn update(&self, change: impl FnOnce(&mut ReplicaStatus)) {
        self.board.update(&self.replica_id, change);
    }

    pub(crate) fn pending(&self, generation: u64) {
        self.board.insert(ReplicaStatus {
            replica_id: self.replica_id.clone(),
            generation,
            phase: ReplicaPhase::Pending.into(),
            ..ReplicaStatus::default()
        });
    }

    pub(crate) fn phase(&self, phase: ReplicaPhase) {
        self.update(|status| {
            status.set_phase(phase);
            (status.progress_bytes, status.total_bytes) = (0, 0);
        });
    }

    /// Phase and reason in one step: nobody may see one without the other.
    fn end_phase(&self, phase: ReplicaPhase, error: String) {
        self.update(|status| {
            status.set_phase(phase);
            status.error = error;
            (status.progress_bytes, status.total_bytes) = (0, 0);
        });
    }

    /// A function that reports progress in `phase`: the first and the last step at once, what lies between at
    /// most every quarter of a second.
    pub(crate) fn progress(&self, phase: ReplicaPhase) -> impl Fn(u64, u64) + Send + Sync + 'static + use<> {
        let (report, last) = (self.clone(), Mutex::new(None::<Instant>));
        move |progress_bytes, total_bytes| {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            let recent = last.is_some_and(|at| at.elapsed() < PROGRESS_INTERVAL);
            if recent && progress_bytes < total_bytes {
                return;
            }
            *last = Some(Instant::now());
            report.update(|status| {
                status.set_phase(phase);
                status.error.clear();
                (status.progress_bytes, status.total_bytes) = (progress_bytes, total_bytes);
            });
        }
    }

    pub(crate) fn verified(&self, checks: Vec<String>) {
        self.update(|status| status.checks = checks);
    }

    /// What the worker says; while it loads, its progress. And how fast it answered lately.
    pub(crate) fn worker(&self, worker: StatusResponse, pid: u32, speed: Option<ReplicaSpeed>) {
        let (_, peak_bytes) = resident_bytes(pid);
        self.update(|status| {
            if worker.phase() == WorkerPhase::Loading {
                (status.progress_bytes, status.total_bytes) = (worker.loaded_bytes, worker.total_bytes);
            }
            if peak_bytes.abs_diff(status.resident_bytes) >= RESIDENT_STEP_BYTES {
                status.resident_bytes = peak_bytes;
            }
            for wall in worker.sandbox.iter().filter(|wall| !wall.is_empty()) {
                if !status.checks.contains(wall) {
                    status.checks.push(wall.clone());
                }
            }
            status.worker = Some(worker);
            status.speed = speed;
        });
    }

    pub(crate) fn ready(&self) {
        self.end_phase(ReplicaPhase::Ready, String::new());
        tracing::info!("ready");
    }

    /// Something failed; it stays in its phase and will be tried again.
    pub(crate) fn error(&self, error: String) {
        self.update(|status| status.error = error);
    }

    pub(crate) fn refused(&self, reason: String) {
        self.end_phase(ReplicaPhase::Refused, reason);
    }

    pub(crate) fn crashed(&self, error: String) {
        self.update(|status| {
            status.set_phase(ReplicaPhase::Crashed);
            status.error = error;
            status.restarts = status.restarts.saturating_add(1);
            status.worker = None;
            status.speed = None;
            status.resident_bytes = 0;
        });
    }

    pub(crate) fn stopped(&self) {
        self.update(|status| {
            status.set_phase(ReplicaPhase::Stopped);
            status.worker = None;
            status.speed = None;
        });
    }
}

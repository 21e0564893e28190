//! Counters of the write path.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// What the ledger has done since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerStats {
    /// Records made durable.
    pub records: u64,
    /// Commits that made them so.
    pub commits: u64,
    /// Commits that failed.
    pub failed_commits: u64,
    /// Submissions that the state refused.
    pub refused: u64,
    /// Time spent in successful commits, microseconds.
    pub commit_time_us: u64,
    /// Submissions waiting now.
    pub queued: u64,
    /// False from a failed commit until one succeeds, or until the database at least answers again.
    pub writable: bool,
}

#[derive(Debug)]
pub(crate) struct Counters {
    records: AtomicU64,
    commits: AtomicU64,
    failed_commits: AtomicU64,
    refused: AtomicU64,
    commit_time_us: AtomicU64,
    writable: AtomicBool,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            records: AtomicU64::new(0),
            commits: AtomicU64::new(0),
            failed_commits: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            commit_time_us: AtomicU64::new(0),
            writable: AtomicBool::new(true),
        }
    }
}

impl Counters {
    pub(crate) fn committed(&self, records: usize, took: Duration) {
        self.commits.fetch_add(1, Relaxed);
        self.records.fetch_add(records as u64, Relaxed);
        self.commit_time_us.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Relaxed);
        self.writable.store(true, Relaxed);
    }

    pub(crate) fn failed(&self) {
        self.failed_commits.fetch_add(1, Relaxed);
        self.writable.store(false, Relaxed);
    }

    pub(crate) fn answers_again(&self) {
        self.writable.store(true, Relaxed);
    }

    pub(crate) fn is_writable(&self) -> bool {
        self.writable.load(Relaxed)
    }

    pub(crate) fn refused(&self, submissions: usize) {
        self.refused.fetch_add(submissions as u64, Relaxed);
    }

    pub(crate) fn snapshot(&self, queued: usize) -> LedgerStats {
        LedgerStats {
            records: self.records.load(Relaxed),
            commits: self.commits.load(Relaxed),
            failed_commits: self.failed_commits.load(Relaxed),
            refused: self.refused.load(Relaxed),
            commit_time_us: self.commit_time_us.load(Relaxed),
            queued: queued as u64,
            writable: self.writable.load(Relaxed),
        }
    }
}

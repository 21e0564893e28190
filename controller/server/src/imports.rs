//! Imports that this controller runs and remembers. Kept in memory: whoever asked asks again after a
//! restart, and what is there already is done at once.

mod job;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use cloister_api::limits::{IMPORTS_REMEMBERED_MAX, IMPORTS_RUNNING_MAX};
use cloister_api::{Import, NewImport};
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

pub(crate) use job::{Ended, Job};

/// All imports, and the right to run.
pub(crate) struct Imports {
    /// The oldest first.
    jobs: Mutex<VecDeque<Arc<Job>>>,
    turns: Arc<Semaphore>,
    running: Mutex<JoinSet<()>>,
}

/// Every remembered import still runs or waits.
#[derive(Debug, thiserror::Error)]
#[error(
    "{IMPORTS_REMEMBERED_MAX} imports are waiting or running, the most there may be; wait until some have ended"
)]
pub(crate) struct TooManyImports;

impl Imports {
    pub(crate) fn new() -> Self {
        Self {
            jobs: Mutex::new(VecDeque::new()),
            turns: Arc::new(Semaphore::new(IMPORTS_RUNNING_MAX)),
            running: Mutex::new(JoinSet::new()),
        }
    }

    /// Takes an import in. The very same one, if it has not ended, is not taken twice: then the second
    /// value is false.
    pub(crate) fn submit(&self, new: NewImport, now: Timestamp) -> Result<(Arc<Job>, bool), TooManyImports> {
        let mut jobs = lock(&self.jobs);
        if let Some(same) = jobs.iter().find(|job| job.is_same(&new)) {
            return Ok((Arc::clone(same), false));
        }
        if jobs.len() >= IMPORTS_REMEMBERED_MAX {
            let oldest_ended = jobs.iter().position(|job| job.has_ended()).ok_or(TooManyImports)?;
            jobs.remove(oldest_ended);
        }
        let job = Arc::new(Job::new(new, now));
        jobs.push_back(Arc::clone(&job));
        Ok((job, true))
    }

    /// The newest first.
    pub(crate) fn list(&self) -> Vec<Import> {
        lock(&self.jobs).iter().rev().map(|job| job.view()).collect()
    }

    pub(crate) fn find(&self, id: &str) -> Option<Arc<Job>> {
        lock(&self.jobs).iter().find(|job| job.id() == id).cloned()
    }

    /// Waits for the right to run.
    pub(crate) async fn turn(&self) -> OwnedSemaphorePermit {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        turn.expect("the semaphore is never closed")
    }

    /// Runs an import until it ends or [`Imports::close`] waits for it.
    pub(crate) fn spawn(&self, run: impl Future<Output = ()> + Send + 'static) {
        let mut running = lock(&self.running);
        while running.try_join_next().is_some() {}
        running.spawn(run);
    }

    /// Ends what only fetches, and waits for what is being committed.
    pub(crate) async fn close(&self) {
        lock(&self.jobs).iter().for_each(|job| {
            job.cancel();
        });
        let mut running = std::mem::take(&mut *lock(&self.running));
        while running.join_next().await.is_some() {}
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // What it guards is consistent between any two statements, whoever panicked while holding it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;

//! The one task that writes. What is queued when it looks goes into one commit; it never waits for
//! more to come.

mod admission;
mod commit;
mod seal;
mod used;

use std::sync::Arc;

use cloister_evidence::checkpoint::{LogKey, LogVerifier, SignedCheckpoint};
use cloister_store::Store;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::error::CommitError;
use crate::handle::RecordRef;
use crate::limits::{COMMIT_DEADLINE, MAX_BYTES_PER_COMMIT, MAX_RECORDS_PER_COMMIT, PROBE_INTERVAL};
use crate::recovery::CONTROLLER_GONE;
use crate::register::Register;
use crate::stats::Counters;
use crate::submission::{Entry, Submission};
use crate::tree::Tree;
use crate::{LedgerError, recovery};
use commit::Committed;

/// State of the writing side. What in it describes the log describes it as far as it is durable.
pub(crate) struct Sequencer {
    pub(crate) store: Store,
    pub(crate) key: LogKey,
    pub(crate) verifier: LogVerifier,
    pub(crate) clock: Clock,
    pub(crate) tree: Tree,
    pub(crate) head: watch::Sender<SignedCheckpoint>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) register: Register,
    /// Requests that their callers were told are over, while the log may say that they are open: those of a commit
    /// whose outcome is not known, and those whose closing record could not be written.
    pub(crate) unconfirmed: Vec<String>,
}

impl Sequencer {
    /// Writes what comes until `stop` or until nobody can send any more; then writes what is
    /// queued, and that the controller stopped.
    pub(crate) async fn run(
        mut self,
        mut queue: mpsc::Receiver<Submission>,
        stop: CancellationToken,
    ) -> Result<(), LedgerError> {
        loop {
            let first = tokio::select! {
                biased;
                () = stop.cancelled(), if !queue.is_closed() => {
                    queue.close();
                    continue;
                }
                () = self.register.abandoned() => {
                    self.close_all_abandoned().await;
                    continue;
                }
                first = queue.recv() => first,
                () = sleep(PROBE_INTERVAL), if !self.counters.is_writable() => {
                    self.probe().await;
                    continue;
                }
            };
            let Some(first) = first else { break };
            let (batch, rest) = drain(first, &mut queue);
            self.settle(batch, &mut queue).await;
            if let Some(rest) = rest {
                self.settle(vec![rest], &mut queue).await;
            }
        }
        let stopped = recovery::controller_stopped(self.key.origin());
        let written = self.write(vec![Entry::new(stopped)]).await.map(drop);
        self.register.leave().await;
        written
    }

    /// Gives up at the first failure: the next look finds what is left.
    async fn close_all_abandoned(&mut self) {
        while let Ok(1..) = self.close_abandoned(CONTROLLER_GONE).await {}
    }

    /// After a failure: whether records could be written again. Without this a controller that is
    /// sent no requests because it is not ready would never become ready.
    async fn probe(&mut self) {
        let begun = timeout(COMMIT_DEADLINE, self.store.ledger_append()).await;
        match begun {
            Ok(Ok(append)) if append.head_size() >= self.tree.size() => drop(append),
            _ => return,
        }
        tracing::info!("the database answers again");
        self.counters.answers_again();
        if !self.unconfirmed.is_empty() {
            // Not left for the next request: there may be none for a while. A failure has been told, and is probed again.
            let _ = self.write(Vec::new()).await;
        }
    }

    /// Writes a batch and tells its callers. When that fails, those who wait behind it are told
    /// too: they would wait for the same.
    async fn settle(&mut self, batch: Vec<Submission>, queue: &mut mpsc::Receiver<Submission>) {
        let (entries, waiters): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|submission| (submission.entry, submission.done)).unzip();
        let closing = closings(&entries);
        match self.write(entries).await {
            Ok(outcomes) => {
                for (done, outcome) in waiters.into_iter().zip(outcomes) {
                    // A caller that is gone needs no answer; its record stands.
                    let _ = done.send(outcome);
                }
            }
            Err(error) => {
                let queued = (0..queue.len()).map_while(|_| queue.try_recv().ok());
                let (behind, queued): (Vec<_>, Vec<_>) =
                    queued.map(|submission| (submission.entry, submission.done)).unzip();
                self.unconfirmed.extend(closing);
                self.unconfirmed.extend(closings(&behind));
                for done in waiters.into_iter().chain(queued) {
                    let _ = done.send(Err(error.clone()));
                }
            }
        }
    }

    /// One commit. The outcomes are in the order of `entries`.
    pub(crate) async fn write(
        &mut self,
        entries: Vec<Entry>,
    ) -> Result<Vec<Result<RecordRef, LedgerError>>, LedgerError> {
        self.commit_in_time(entries, None).await.map(|committed| committed.outcomes)
    }

    /// Closes some of the requests that nobody else is left to close, for `reason`; returns how many.
    pub(crate) async fn close_abandoned(&mut self, reason: &str) -> Result<usize, LedgerError> {
        let closed = self.commit_in_time(Vec::new(), Some(reason)).await?.recovered;
        if closed > 0 {
            tracing::warn!(requests = closed, reason, "closed requests that a controller left open");
        }
        Ok(closed)
    }

    async fn commit_in_time(
        &mut self,
        entries: Vec<Entry>,
        abandoned_for: Option<&str>,
    ) -> Result<Committed, LedgerError> {
        let started = Instant::now();
        let result = match timeout(COMMIT_DEADLINE, self.commit(&entries, abandoned_for)).await {
            Ok(result) => result,
            Err(_) => Err(CommitError::TimedOut),
        };
        match result {
            Ok(committed) => {
                let accepted = committed.outcomes.iter().filter(|outcome| outcome.is_ok()).count();
                self.counters.refused(committed.outcomes.len() - accepted);
                let written = accepted + committed.recovered;
                if written > 0 {
                    self.counters.committed(written, started.elapsed());
                }
                Ok(committed)
            }
            Err(error) => {
                tracing::error!(%error, records = entries.len(), "audit records could not be written");
                self.counters.failed();
                Err(LedgerError::unavailable(error))
            }
        }
    }
}

/// The requests that these entries were to close.
fn closings(entries: &[Entry]) -> Vec<String> {
    entries.iter().filter_map(Entry::closes).map(str::to_owned).collect()
}

/// Takes what is queued, up to the bounds of a commit. What went past them comes back apart.
fn drain(first: Submission, queue: &mut mpsc::Receiver<Submission>) -> (Vec<Submission>, Option<Submission>) {
    let mut bytes = first.bytes;
    let mut batch = vec![first];
    while batch.len() < MAX_RECORDS_PER_COMMIT {
        let Ok(next) = queue.try_recv() else { break };
        bytes = bytes.saturating_add(next.bytes);
        if bytes > MAX_BYTES_PER_COMMIT {
            return (batch, Some(next));
        }
        batch.push(next);
    }
    (batch, None)
}

#[cfg(test)]
mod tests;

//! What the rest of the controller holds.

use std::sync::Arc;

use cloister_evidence::checkpoint::{LogVerifier, SignedCheckpoint};
use cloister_evidence::commitment::Salt;
use cloister_evidence::record::Draft;
use cloister_store::{Change, Store};
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::{mpsc, oneshot, watch};
use ulid::Ulid;

use crate::limits::QUEUE_DEADLINE;
use crate::stats::Counters;
use crate::submission::{Entry, Submission};
use crate::{ExportError, LedgerError, LedgerStats, head};

/// A record that is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRef {
    pub id: String,
    /// Its index in the log.
    pub seq: u64,
}

/// Writes records. Cheap to clone.
///
/// Once a call has queued its record, dropping the call's future does not take the record back.
#[derive(Clone)]
pub struct LedgerHandle {
    pub(crate) shared: Arc<Shared>,
    pub(crate) queue: mpsc::Sender<Submission>,
}

pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) verifier: LogVerifier,
    pub(crate) counters: Arc<Counters>,
    pub(crate) head: watch::Receiver<SignedCheckpoint>,
    pub(crate) boot: String,
}

impl LedgerHandle {
    /// An id for a record to come, so that it can be named before it is written.
    #[must_use]
    pub fn new_record_id(&self) -> String {
        Ulid::new().to_string()
    }

    /// Writes a record; it is durable when this returns.
    ///
    /// # Errors
    /// See [`LedgerError`]; with any of them, do not go on with what the record is about.
    pub async fn record(&self, id: String, draft: Draft) -> Result<RecordRef, LedgerError> {
        self.record_with_salt(id, draft, Vec::new()).await
    }

    /// Writes a record, and beside the log the salts that open its commitments, by their names
    /// (`prompt`, `output`).
    ///
    /// # Errors
    /// As [`Self::record`].
    pub async fn record_with_salt(
        &self,
        id: String,
        draft: Draft,
        salts: Vec<(&'static str, Salt)>,
    ) -> Result<RecordRef, LedgerError> {
        self.submit(Entry { id, draft, changes: Vec::new(), salts }).await
    }

    /// Carries out `changes` and writes the record that tells of them: all of it, or nothing.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] when the state does not allow one of the changes.
    pub async fn change(&self, changes: Vec<Change>, draft: Draft) -> Result<RecordRef, LedgerError> {
        self.submit(Entry { changes, ..Entry::new(draft) }).await
    }

    /// The same under an id that was chosen before ([`Self::new_record_id`]), because the changes name it.
    ///
    /// # Errors
    /// As [`Self::change`].
    pub async fn change_as(
        &self,
        id: String,
        changes: Vec<Change>,
        draft: Draft,
    ) -> Result<RecordRef, LedgerError> {
        self.submit(Entry { id, changes, ..Entry::new(draft) }).await
    }

    async fn submit(&self, entry: Entry) -> Result<RecordRef, LedgerError> {
        let bytes = entry.check(self.origin())?;
        let (done, outcome) = oneshot::channel();
        let submission = Submission { entry, bytes, done };
        match self.queue.send_timeout(submission, QUEUE_DEADLINE).await {
            Ok(()) => outcome.await.unwrap_or(Err(LedgerError::Closed)),
            Err(SendTimeoutError::Closed(_)) => Err(LedgerError::Closed),
            Err(SendTimeoutError::Timeout(_)) => {
                Err(LedgerError::unavailable("too many records wait for the disk"))
            }
        }
    }

    /// Id of this controller process: `boot` of the records that it writes, and its key in the register
    /// ([`Store::controllers`]).
    #[must_use]
    pub fn controller_id(&self) -> &str {
        &self.shared.boot
    }

    /// The newest signed head of the log, whichever controller signed it.
    ///
    /// # Errors
    /// The database does not answer, or what it has is not signed by the log's key.
    pub async fn newest_checkpoint(&self) -> Result<SignedCheckpoint, ExportError> {
        let stored = head::newest(&self.shared.store, &self.shared.verifier).await?;
        Ok(stored.unwrap_or_else(|| self.checkpoint()))
    }

    /// The newest signed head of the log that this controller knows: what others wrote since its own
    /// last commit becomes known within one beat, see [`crate::LedgerOptions`].
    #[must_use]
    pub fn checkpoint(&self) -> SignedCheckpoint {
        self.shared.head.borrow().clone()
    }

    /// Changes whenever the log is known to have grown, see [`Self::checkpoint`].
    #[must_use]
    pub fn checkpoints(&self) -> watch::Receiver<SignedCheckpoint> {
        self.shared.head.clone()
    }

    /// The public key that checks the log.
    #[must_use]
    pub fn verifier(&self) -> &LogVerifier {
        &self.shared.verifier
    }

    /// Name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.shared.verifier.origin()
    }

    #[must_use]
    pub fn stats(&self) -> LedgerStats {
        self.shared.counters.snapshot(self.queue.max_capacity() - self.queue.capacity())
    }
}

impl std::fmt::Debug for LedgerHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LedgerHandle").field("origin", &self.origin()).finish_non_exhaustive()
    }
}

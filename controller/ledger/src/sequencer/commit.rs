//! One transaction: changes, records, tree and checkpoint.

use cloister_evidence::checkpoint::SignedCheckpoint;
use cloister_store::{AppendTransaction, Refusal};

use super::Sequencer;
use super::admission::Admission;
use super::seal::seal;
use crate::LedgerError;
use crate::error::CommitError;
use crate::handle::RecordRef;
use crate::recovery;
use crate::submission::Entry;
use crate::tree::Tree;

impl Sequencer {
    /// Writes `entries`, less those that are refused. Until the database has confirmed, nothing of
    /// `self` that describes the log changes, so that this may fail or be dropped at any point.
    pub(super) async fn commit(
        &mut self,
        entries: &[Entry],
    ) -> Result<Vec<Result<RecordRef, LedgerError>>, CommitError> {
        let mut append = self.store.ledger_append().await?;
        self.check_leadership(&append)?;
        let tree = self.tree_at(append.head_size()).await?;
        let mut batch = self.interruptions(&mut append).await?;
        let recovered = batch.len();
        batch.extend_from_slice(entries);

        let mut admission = Admission::begin(&mut append, &batch).await?;
        let verdicts = admit_all(&mut append, &mut admission, &batch).await?;
        let admitted: Vec<&Entry> =
            batch.iter().zip(&verdicts).filter(|(_, verdict)| verdict.is_ok()).map(|(e, _)| e).collect();
        if !admitted.is_empty() {
            let sealed = seal(&self.key, &self.clock, tree.clone(), &admitted, admission).await?;
            append.write(sealed.rows).await?;
            self.unconfirmed = requests(&admitted);
            append.commit().await?;
            self.committed(sealed.tree, sealed.checkpoint);
        }
        Ok(outcomes(&batch, verdicts, tree.size()).split_off(recovered))
    }

    /// The controller that started last owns the log: it has closed the requests that were open then,
    /// so one that started earlier must not go on with them.
    pub(super) fn check_leadership(&self, append: &AppendTransaction) -> Result<(), CommitError> {
        if self.leading && append.writer() != self.clock.boot() {
            return Err(CommitError::TakenOver);
        }
        Ok(())
    }

    fn committed(&mut self, tree: Tree, checkpoint: SignedCheckpoint) {
        self.leading = true;
        self.unconfirmed.clear();
        self.tree = tree;
        self.head.send_replace(checkpoint);
    }

    /// The tree as the transaction found it. It differs from ours when a commit that we took for
    /// failed had succeeded, or when the controller before us wrote until we took over.
    async fn tree_at(&self, size: u64) -> Result<Tree, CommitError> {
        if size == self.tree.size() {
            return Ok(self.tree.clone());
        }
        tracing::warn!(size, known = self.tree.size(), "the audit log moved; reading its tree again");
        Ok(Tree::load(&self.store, size).await?)
    }

    /// Closing records for requests that became durable although their callers were told otherwise.
    async fn interruptions(&self, append: &mut AppendTransaction) -> Result<Vec<Entry>, CommitError> {
        if self.unconfirmed.is_empty() || append.head_size() == self.tree.size() {
            return Ok(Vec::new());
        }
        let ids: Vec<&str> = self.unconfirmed.iter().map(String::as_str).collect();
        let open = append.open_among(&ids).await?;
        recovery::interruptions(&self.store, open, recovery::COMMIT_UNCONFIRMED).await
    }
}

/// Judges the entries in order; the changes of each that is admitted are in effect afterwards.
async fn admit_all(
    append: &mut AppendTransaction,
    admission: &mut Admission,
    entries: &[Entry],
) -> Result<Vec<Result<(), Refusal>>, CommitError> {
    let mut verdicts = Vec::with_capacity(entries.len());
    for entry in entries {
        let mut verdict = admission.check(entry);
        if verdict.is_ok() && !entry.changes.is_empty() {
            verdict = append.apply(&entry.changes).await?;
        }
        if verdict.is_ok() {
            admission.admit(entry);
        }
        verdicts.push(verdict);
    }
    Ok(verdicts)
}

fn requests(entries: &[&Entry]) -> Vec<String> {
    entries.iter().filter(|entry| entry.opens()).map(|entry| entry.id.clone()).collect()
}

/// Sequence numbers for those that were admitted, in order from `first_seq`.
fn outcomes(
    batch: &[Entry],
    verdicts: Vec<Result<(), Refusal>>,
    first_seq: u64,
) -> Vec<Result<RecordRef, LedgerError>> {
    let mut seqs = first_seq..;
    let outcome = |(entry, verdict): (&Entry, Result<(), Refusal>)| {
        verdict?;
        let seq = seqs.next().ok_or_else(|| LedgerError::unavailable("the log is full"))?;
        Ok(RecordRef { id: entry.id.clone(), seq })
    };
    batch.iter().zip(verdicts).map(outcome).collect()
}

//! One transaction: changes, records, tree and checkpoint.

use cloister_store::{AppendTransaction, Refusal};

use super::Sequencer;
use super::admission::Admission;
use super::seal::seal;
use crate::error::{CommitError, LogDamage};
use crate::handle::RecordRef;
use crate::limits::MAX_ABANDONED_PER_COMMIT;
use crate::submission::Entry;
use crate::{LedgerError, head, recovery};

/// What became durable.
pub(super) struct Committed {
    /// Records that closed requests left open, here or by others.
    pub(super) recovered: usize,
    /// In the order of the entries.
    pub(super) outcomes: Vec<Result<RecordRef, LedgerError>>,
}

impl Sequencer {
    /// Writes `entries`, less those that are refused; before them, with `abandoned_for` as the reason,
    /// closing records for requests that controllers which are gone left open. Nothing of `self` that
    /// describes the log runs ahead of what is durable, so that this may fail or be dropped at any point.
    pub(super) async fn commit(
        &mut self,
        entries: &[Entry],
        abandoned_for: Option<&str>,
    ) -> Result<Committed, CommitError> {
        let mut append = self.store.ledger_append().await?;
        self.follow(append.head_size()).await?;
        let mut batch = self.unconfirmed(&mut append).await?;
        if let Some(reason) = abandoned_for {
            batch.extend(self.abandoned(&mut append, reason).await?);
        }
        let recovered = batch.len();
        batch.extend_from_slice(entries);

        let mut admission = Admission::begin(&mut append, &batch).await?;
        let verdicts = admit_all(&mut append, &mut admission, &batch).await?;
        let admitted: Vec<&Entry> =
            batch.iter().zip(&verdicts).filter(|(_, verdict)| verdict.is_ok()).map(|(e, _)| e).collect();
        let first_seq = self.tree.size();
        if !admitted.is_empty() {
            let overdue = self.register.overdue();
            if overdue {
                append.controller_seen(self.register.own()).await?;
            }
            let sealed = seal(&self.key, &self.clock, self.tree.clone(), &admitted, admission).await?;
            append.write(sealed.rows).await?;
            self.unconfirmed.extend(requests(&admitted));
            append.commit().await?;
            self.unconfirmed.clear();
            self.tree = sealed.tree;
            head::publish(&self.head, sealed.checkpoint);
            if overdue {
                self.register.seen();
            }
        }
        let outcomes = outcomes(&batch, verdicts, first_seq).split_off(recovered);
        Ok(Committed { recovered, outcomes })
    }

    /// Takes over what is in the log since our last commit: written by other controllers, or by a commit
    /// of ours that we took for failed. Only what is signed with the log's key is built upon, so that
    /// nobody without it can slip records under our signature.
    async fn follow(&mut self, size: u64) -> Result<(), CommitError> {
        let known = self.tree.size();
        if size == known {
            return Ok(());
        }
        if size < known {
            return Err(LogDamage::SetBack { known, found: size }.into());
        }
        tracing::debug!(size, known, "the audit log has grown; following it");
        let (tree, checkpoint) = tokio::try_join!(
            self.tree.grown_to(&self.store, size),
            head::of_size(&self.store, &self.verifier, size),
        )?;
        if tree.root()? != checkpoint.root() {
            return Err(LogDamage::Root { size, suspect_from: known }.into());
        }
        self.tree = tree;
        head::publish(&self.head, checkpoint);
        Ok(())
    }

    /// Closing records for requests that became durable although their callers were told otherwise. Those
    /// that are not open did not become durable, and will not: whoever holds the head is alone with it.
    async fn unconfirmed(&mut self, append: &mut AppendTransaction) -> Result<Vec<Entry>, CommitError> {
        if self.unconfirmed.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<&str> = self.unconfirmed.iter().map(String::as_str).collect();
        let open = append.open_among(&ids).await?;
        self.unconfirmed.retain(|id| open.contains(id));
        recovery::interruptions(&self.store, open, recovery::COMMIT_UNCONFIRMED).await
    }

    /// Closing records for requests that nobody else is left to close.
    async fn abandoned(
        &mut self,
        append: &mut AppendTransaction,
        reason: &str,
    ) -> Result<Vec<Entry>, CommitError> {
        let (own, gone_after) = (&self.register.own().id, self.register.gone_after());
        let open = append.abandoned(own, gone_after, MAX_ABANDONED_PER_COMMIT).await?;
        let ids = open.into_iter().map(|request| request.request_id);
        recovery::interruptions(&self.store, ids, reason).await
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

//! Starting and stopping.

use std::sync::Arc;

use cloister_evidence::checkpoint::{CheckpointError, LogKey, SignedCheckpoint};
use cloister_store::{Head, Store};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::check::RecordChecker;
use crate::clock::Clock;
use crate::error::{LogDamage, StartError};
use crate::handle::{LedgerHandle, Shared};
use crate::limits::{MAX_QUEUED, START_CHECK_RECORDS};
use crate::recovery::{self, CONTROLLER_RESTARTED};
use crate::register::Register;
use crate::sequencer::Sequencer;
use crate::stats::Counters;
use crate::submission::Entry;
use crate::tree::{LoadError, TILE_WIDTH, Tree};
use crate::{LedgerError, LedgerOptions};

/// Where a ledger comes from.
#[derive(Debug)]
pub struct Ledger;

/// The writing task. Stop it last: what is recorded later is refused.
#[derive(Debug)]
pub struct LedgerTask {
    stop: CancellationToken,
    task: JoinHandle<Result<(), LedgerError>>,
}

impl LedgerTask {
    /// Takes no more records, writes those that are queued and `controller.stopped`, and ends.
    ///
    /// # Errors
    /// The last records could not be written.
    pub async fn stop(self) -> Result<(), LedgerError> {
        self.stop.cancel();
        self.task.await.unwrap_or(Err(LedgerError::Closed))
    }
}

impl Ledger {
    /// Checks that head, tree and newest records of the stored log agree, registers the controller,
    /// writes that it started, closes the requests that controllers which are gone left open, and
    /// takes records from then on. On PostgreSQL others may write the same log at the same time.
    ///
    /// # Errors
    /// The log is damaged, or was signed with another key; nothing was written then.
    pub async fn start(
        store: Store,
        key: LogKey,
        options: LedgerOptions,
    ) -> Result<(LedgerHandle, LedgerTask), StartError> {
        let verifier = key.verifier().map_err(StartError::OtherKey)?;
        let (tree, checkpoint) = load_checked(&store, &key).await?;
        let mut boot = [0; 8];
        getrandom::fill(&mut boot).map_err(StartError::Randomness)?;
        let clock = Clock::start(boot);
        let boot = clock.boot().to_owned();
        let (head, head_seen) = watch::channel(checkpoint);
        let register = Register::enter(&store, &boot, &options, (head.clone(), verifier.clone())).await?;
        let counters = Arc::new(Counters::default());
        let mut sequencer = Sequencer {
            store: store.clone(),
            key,
            verifier: verifier.clone(),
            clock,
            tree,
            head,
            counters: Arc::clone(&counters),
            register,
            unconfirmed: Vec::new(),
        };
        announce(&mut sequencer, &options).await?;
        let (queue, submissions) = mpsc::channel(MAX_QUEUED);
        let stop = CancellationToken::new();
        let task = tokio::spawn(sequencer.run(submissions, stop.clone()));
        let shared = Shared { store, verifier, counters, head: head_seen, boot };
        Ok((LedgerHandle { shared: Arc::new(shared), queue }, LedgerTask { stop, task }))
    }
}

/// `controller.started`, then `inference.interrupted` for each request that nobody is left to close.
async fn announce(sequencer: &mut Sequencer, options: &LedgerOptions) -> Result<(), StartError> {
    let started = recovery::controller_started(sequencer.key.origin(), &options.software_version);
    write_all(sequencer, vec![Entry::new(started)]).await?;
    while sequencer.close_abandoned(CONTROLLER_RESTARTED).await? > 0 {}
    Ok(())
}

async fn write_all(sequencer: &mut Sequencer, entries: Vec<Entry>) -> Result<(), StartError> {
    for outcome in sequencer.write(entries).await? {
        outcome?;
    }
    Ok(())
}

/// The stored tree and its signed head, if they agree and the newest records are in them.
async fn load_checked(store: &Store, key: &LogKey) -> Result<(Tree, SignedCheckpoint), StartError> {
    let head = store.head().await?;
    let tree = Tree::load(store, head.size).await?;
    let root = tree.root().map_err(|_| LogDamage::Tile { level: 0, index: 0 })?;
    if head.size == 0 && head.checkpoint.is_none() {
        let empty = key.sign(0, root).map_err(StartError::OtherKey)?;
        return Ok((tree, empty));
    }
    let checkpoint = open_checkpoint(&head, key)?;
    check_newest(store, &tree).await?;
    if checkpoint.root() != root {
        let suspect_from = tree.first_loose_leaf();
        return Err(LogDamage::Root { size: head.size, suspect_from }.into());
    }
    Ok((tree, checkpoint))
}

fn open_checkpoint(head: &Head, key: &LogKey) -> Result<SignedCheckpoint, StartError> {
    let size = head.size;
    let stored = head.checkpoint.as_ref().filter(|checkpoint| checkpoint.size == size);
    let stored = stored.ok_or(LogDamage::NoCheckpoint { size })?;
    let verifier = key.verifier().map_err(StartError::OtherKey)?;
    let checkpoint = verifier.open(&stored.note).map_err(|source| match source {
        CheckpointError::OtherKey { .. } | CheckpointError::OtherLog { .. } => StartError::OtherKey(source),
        source => LogDamage::Checkpoint { size, source }.into(),
    })?;
    if checkpoint.tree_size() != size {
        return Err(LogDamage::NoCheckpoint { size }.into());
    }
    Ok(checkpoint)
}

async fn check_newest(store: &Store, tree: &Tree) -> Result<(), LoadError> {
    let oldest = tree.size().saturating_sub(START_CHECK_RECORDS);
    let mut next = oldest - oldest % TILE_WIDTH;
    let mut checker = RecordChecker::new(store.clone(), tree.first_loose_leaf());
    while next < tree.size() {
        let page = store.records_between(next, tree.size()).await?;
        if page.is_empty() {
            return Err(LogDamage::Missing { seq: next }.into());
        }
        for row in &page {
            checker.check(next, row).await?;
            next += 1;
        }
    }
    Ok(())
}

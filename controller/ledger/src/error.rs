//! What can go wrong, as sentences an operator can act on.

use std::sync::Arc;

use cloister_evidence::checkpoint::CheckpointError;
use cloister_evidence::leaf::LeafError;
use cloister_evidence::tree::ProofError;
use cloister_store::{Refusal, StoreError};

use crate::limits::COMMIT_DEADLINE;
use crate::tree::LoadError;

/// Why a record was not written. In every case nothing that depends on it may happen.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LedgerError {
    /// It could not be made durable now. Whether it was written all the same is not known when the
    /// failure hit the commit itself; a request that was is closed as interrupted later.
    #[error(
        "the audit log cannot be written now: {why}; nothing is done without a record, so try again later"
    )]
    Unavailable { why: Arc<str> },
    /// The state does not allow the change. Nothing was written.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The record itself is not acceptable. Nothing was written.
    #[error("the record is not acceptable: {why}")]
    Invalid { why: Arc<str> },
    #[error("the audit log is closed: the controller is stopping")]
    Closed,
}

impl LedgerError {
    pub(crate) fn unavailable(why: impl std::fmt::Display) -> Self {
        Self::Unavailable { why: why.to_string().into() }
    }

    pub(crate) fn invalid(why: impl std::fmt::Display) -> Self {
        Self::Invalid { why: why.to_string().into() }
    }
}

/// Stored parts of the log do not fit together.
#[derive(Debug, thiserror::Error)]
pub enum LogDamage {
    #[error("record {seq} does not have the hash under which it was written: its bytes were altered")]
    LeafAltered { seq: u64 },
    #[error("record {seq} is not the one in the tree: its bytes and its hash were altered")]
    LeafNotInTree { seq: u64 },
    #[error("record {seq}: the column {column} does not say what the record says; it was altered")]
    ColumnAltered { seq: u64, column: &'static str },
    #[error("record {seq} cannot be read: {source}")]
    Unreadable { seq: u64, source: LeafError },
    #[error("record {seq} is missing")]
    Missing { seq: u64 },
    #[error("tile {index} of level {level} is missing or damaged")]
    Tile { level: u8, index: u64 },
    #[error("the checkpoint over {size} records is missing although the log has them")]
    NoCheckpoint { size: u64 },
    #[error("the checkpoint over {size} records: {source}")]
    Checkpoint { size: u64, source: CheckpointError },
    #[error(
        "the tree over {size} records has another root than the signed checkpoint says: \
         a record from {suspect_from} on was altered"
    )]
    Root { size: u64, suspect_from: u64 },
    #[error(
        "the log ends after {found} records although {known} were durable: the database was set back, to a \
         backup or to a copy that lags behind; nothing is written until this controller is started again"
    )]
    SetBack { known: u64, found: u64 },
}

/// Why the ledger did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(
        "the audit log in the database is damaged: {0}; nothing was written. \
         Keep the database as evidence and restore a backup"
    )]
    Damaged(#[from] LogDamage),
    #[error(
        "the audit log in the database was signed with another key than this one: {0}; \
         put the audit.key that belongs to this database back"
    )]
    OtherKey(CheckpointError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the system has no randomness: {0}")]
    Randomness(getrandom::Error),
    #[error("the first records could not be written: {0}")]
    Write(#[from] LedgerError),
    #[error("requests left open could not be closed: {0}")]
    Recovery(String),
}

impl From<CommitError> for StartError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Store(error) => Self::Store(error),
            CommitError::Damaged(damage) => Self::Damaged(damage),
            other => Self::Recovery(other.to_string()),
        }
    }
}

/// Anything that ends a commit.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommitError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a record could not be written down: {0}")]
    Leaf(#[from] LeafError),
    #[error("the tree could not be extended: {0}")]
    Tree(#[from] ProofError),
    #[error("the head could not be signed: {0}")]
    Sign(#[from] CheckpointError),
    #[error(transparent)]
    Damaged(#[from] LogDamage),
    #[error("the database did not finish within {} s", COMMIT_DEADLINE.as_secs())]
    TimedOut,
}

impl From<LoadError> for CommitError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Store(error) => Self::Store(error),
            LoadError::Damaged(damage) => Self::Damaged(damage),
        }
    }
}

impl From<LoadError> for StartError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Store(error) => Self::Store(error),
            LoadError::Damaged(damage) => Self::Damaged(damage),
        }
    }
}

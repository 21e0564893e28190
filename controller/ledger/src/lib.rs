//! Writes the record: one task gives every record its place in the log, extends the Merkle tree,
//! signs the new head and makes all of that durable in one transaction, together with the changes
//! of state that the records tell of. Callers wait until it is durable.
//!
//! The life of a record: [`LedgerHandle::record`] checks it and queues it → the sequencer takes
//! what is queued → changes are applied, each submission's in a savepoint of its own → leaves are
//! numbered, hashed and added to the tree → one checkpoint is signed → one commit → every waiter is
//! told.

mod check;
mod clock;
mod error;
mod export;
mod handle;
mod key_file;
pub mod limits;
mod options;
mod recovery;
mod sequencer;
mod start;
mod stats;
mod submission;
mod tree;

pub use cloister_evidence::checkpoint::{LogKey, LogVerifier, SignedCheckpoint};
pub use error::{LedgerError, LogDamage, StartError};
pub use export::{EvidenceStream, ExportError, Selection};
pub use handle::{LedgerHandle, RecordRef};
pub use key_file::{KeyFileError, load_or_create_log_key};
pub use options::LedgerOptions;
pub use start::{Ledger, LedgerTask};
pub use stats::LedgerStats;

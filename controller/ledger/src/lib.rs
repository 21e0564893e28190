//! Writes the record: one task per controller gives every record its place in the log, extends the Merkle tree,
//! signs the new head and makes all of that durable in one transaction, together with the changes
//! of state that the records tell of. Callers wait until it is durable.
//!
//! The life of a record: [`LedgerHandle::record`] checks it and queues it → the sequencer takes
//! what is queued → changes are applied, each submission's in a savepoint of its own → leaves are
//! numbered, hashed and added to the tree → one checkpoint is signed → one commit → every waiter is
//! told.
//!
//! Several controllers on one PostgreSQL write one log: a commit holds the head of the log, and first
//! takes over what others have written since. Requests that a controller left open when it ended are
//! closed by the others.

mod check;
mod clock;
mod error;
mod export;
mod handle;
mod head;
mod key_file;
pub mod limits;
mod options;
mod recovery;
mod register;
mod search;
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

//! Bounds of what is stored and of how long the database may take.

use std::time::Duration;

/// Longest name or identifier that a row may hold.
pub const MAX_NAME_BYTES: usize = 256;
/// Longest JSON value (facts, labels, reasons) in one column.
pub const MAX_JSON_BYTES: usize = 1 << 20;
/// Largest signature bundle kept with a model.
pub const MAX_BUNDLE_BYTES: usize = 16 << 20;
/// Records that one query returns at most.
pub const MAX_RECORDS_PER_QUERY: u32 = 1_000;
/// Rows that one listing of state returns at most; a fleet that has more has outgrown this design.
pub const MAX_LISTED_ROWS: i64 = 100_000;

/// Connections that read at the same time.
pub(crate) const READ_CONNECTIONS: u32 = 4;
/// How long a caller waits for a free connection.
pub(crate) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long SQLite waits for a lock held by another process (a backup, say).
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(3);
/// How long PostgreSQL may take for one statement, in milliseconds, as it wants it written.
pub(crate) const STATEMENT_TIMEOUT_MS: &str = "5000";
/// How long PostgreSQL lets a transaction sit idle before it ends it.
pub(crate) const IDLE_IN_TRANSACTION_TIMEOUT_MS: &str = "10000";

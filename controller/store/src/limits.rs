//! Bounds of what is stored and of how long the database may take.

use std::time::Duration;

/// Longest name or identifier that a row may hold.
pub const MAX_NAME_BYTES: usize = 256;
/// Longest reason that somebody gives in words.
pub const MAX_REASON_BYTES: usize = 1_024;
/// Longest JSON value (facts, labels, reasons) in one column.
pub const MAX_JSON_BYTES: usize = 1 << 20;
/// Largest signature bundle kept with a model.
pub const MAX_BUNDLE_BYTES: usize = 16 << 20;
/// Records that one query returns at most.
pub const MAX_RECORDS_PER_QUERY: u32 = 1_000;
/// Records that one timeline counts at most, the newest ones.
pub const MAX_COUNTED_RECORDS: u32 = 200_000;
/// Records whose number decides which filter a search begins with; beyond that, all are many.
pub(crate) const MANY_RECORDS: i64 = 10_000;
/// Records that are made searchable in one transaction.
pub(crate) const INDEXED_AT_ONCE: u32 = 500;
/// Rows that one listing of state returns at most; a fleet that has more has outgrown this design.
pub const MAX_LISTED_ROWS: i64 = 100_000;

/// Samples that one listing returns at most: of one subject over time, or of one time over all subjects.
pub const MAX_SAMPLES: i64 = 20_000;
/// Revisions that are kept of one deployment, the newest ones.
pub const MAX_REVISIONS_KEPT: u64 = 50;
/// Events that are kept of one deployment's replicas, the newest ones.
pub const MAX_EVENTS_KEPT: i64 = 500;
/// How long an event is kept.
pub const EVENTS_KEPT_FOR: Duration = Duration::from_secs(7 * 24 * 3600);
/// Events that one query returns at most.
pub const MAX_EVENTS_PER_QUERY: u32 = 500;
/// Longest detail of an event.
pub const MAX_DETAIL_BYTES: usize = 8 * 1024;

/// Controllers that one listing returns at most.
pub const MAX_CONTROLLERS: i64 = 1_000;
/// How often a controller says that it lives.
pub const CONTROLLER_BEAT_INTERVAL: Duration = Duration::from_secs(5);
/// A controller that was not seen for this long is gone: others close its requests.
pub const CONTROLLER_GONE_AFTER: Duration = Duration::from_secs(30);
/// A controller that was not seen for this long leaves the register.
pub const CONTROLLER_FORGOTTEN_AFTER: Duration = Duration::from_secs(600);
/// How often a controller that does not lead tries to, and one that leads makes sure that it still does.
pub const LEADERSHIP_INTERVAL: Duration = Duration::from_secs(2);
/// How often a silent change feed is asked whether it still is one.
pub(crate) const FEED_CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// Between two attempts to connect a change feed that was cut.
pub(crate) const FEED_RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// How long a dedicated connection may take to answer.
pub(crate) const ANSWER_DEADLINE: Duration = Duration::from_secs(2);
/// Connections that read at the same time.
pub(crate) const READ_CONNECTIONS: u32 = 4;
/// How long a caller waits for a free connection.
pub(crate) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long SQLite waits for a lock held by another process (a backup, say).
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(3);
/// How long PostgreSQL may take for one statement, in milliseconds, as it wants it written.
pub(crate) const STATEMENT_TIMEOUT_MS: &str = "5000";
/// How long PostgreSQL lets a transaction sit idle before it ends it. Less than others wait for the
/// head of the log, which a controller that hangs (its machine is suspended, say) may hold.
pub(crate) const IDLE_IN_TRANSACTION_TIMEOUT_MS: &str = "4000";
/// How long PostgreSQL waits before it asks a silent connection whether it still lives, and between
/// two such questions.
pub(crate) const KEEPALIVE_S: &str = "5";
/// How many such questions may stay without an answer.
pub(crate) const KEEPALIVE_PROBES: &str = "3";

//! Bounds of the write path.

use std::time::Duration;

/// Submissions that may wait; past that, callers wait for [`QUEUE_DEADLINE`] and are then refused.
pub const MAX_QUEUED: usize = 4_096;
/// How long a caller waits for a place in the queue.
pub const QUEUE_DEADLINE: Duration = Duration::from_secs(2);
/// Records in one commit.
pub const MAX_RECORDS_PER_COMMIT: usize = 1_024;
/// Bytes of leaves and signature bundles in one commit, unless the first submission alone has more.
pub const MAX_BYTES_PER_COMMIT: usize = 1 << 20;
/// How long one commit may take before its waiters are told that it failed.
pub const COMMIT_DEADLINE: Duration = Duration::from_secs(8);
/// How often a database that failed is asked whether it is back, while nobody writes.
pub const PROBE_INTERVAL: Duration = Duration::from_secs(2);
/// Requests that a controller left open, closed in one commit.
pub const MAX_ABANDONED_PER_COMMIT: u32 = 256;
/// Records written by other controllers whose hashes are added one by one; more, and the edge of the
/// tree is read instead.
pub(crate) const MAX_FOLLOWED_RECORDS: u64 = 1_024;
/// Changes in one submission.
pub const MAX_CHANGES: usize = 10_000;
/// Salts in one submission.
pub const MAX_SALTS: usize = 8;
/// Newest records whose bytes are hashed again at start; an export checks all that it contains.
pub const START_CHECK_RECORDS: u64 = 65_536;
/// Records that one export may name; more is a reason to export the whole log.
pub const MAX_EXPORTED_IDS: usize = 10_000;
/// Size at which a piece of an export is handed on.
pub(crate) const EXPORT_PIECE_BYTES: usize = 64 * 1024;
/// Pieces of an export that wait for a slow reader.
pub(crate) const MAX_EXPORT_PIECES: usize = 4;
/// Things that one record is found by; a placement may name many nodes.
pub(crate) const MAX_SEARCH_TERMS: usize = 64;
/// How often the log is looked through for records that an earlier version wrote without making them searchable.
pub(crate) const SEARCH_INTERVAL: Duration = Duration::from_secs(30);

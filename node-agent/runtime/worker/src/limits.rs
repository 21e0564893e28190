//! Bounds of this crate.

use std::time::Duration;

/// Bytes of one request: a prompt of 4 MiB, with room for its envelope or for as many token ids.
pub(crate) const MAX_REQUEST_BYTES: usize = 24 << 20;
/// Calls that may be open at the same time on one connection, above what the engine's queue accepts: so that
/// a full queue answers, rather than the transport.
pub(crate) const MAX_CONCURRENT_STREAMS: u32 = 100_000;
/// Tokens that one event carries at most, when the reader was slow.
pub(crate) const MAX_TOKENS_PER_EVENT: usize = 256;
/// The longest a drain waits, whatever it is told.
pub(crate) const MAX_DRAIN: Duration = Duration::from_secs(3600);
/// How long connections get to end after SIGTERM.
pub(crate) const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

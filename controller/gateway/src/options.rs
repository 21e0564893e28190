//! What an operator may set.

use std::time::Duration;

use crate::limits;

/// Settings of the front door. The defaults are those of [`crate::limits`].
#[derive(Debug, Clone)]
pub struct Options {
    /// Largest request body over HTTP, in bytes. A larger one is answered 413 and not held in memory.
    pub max_body_bytes: usize,
    /// Longest time for a client to send its body.
    pub body_timeout: Duration,
    /// Deadline of a request that states none.
    pub default_timeout: Duration,
    /// Inferences in flight over all deployments; more are answered 429.
    pub max_in_flight: usize,
    /// Silence on an SSE stream after which a comment is sent, so that proxies keep it open.
    pub keep_alive: Duration,
    /// How long a streaming answer waits for its first event before its status line is sent. Within
    /// this time a replica's refusal still gets its own HTTP status.
    pub status_grace: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_body_bytes: limits::MAX_BODY_BYTES,
            body_timeout: limits::BODY_TIMEOUT,
            default_timeout: limits::DEFAULT_TIMEOUT,
            max_in_flight: limits::MAX_IN_FLIGHT,
            keep_alive: Duration::from_secs(5),
            status_grace: Duration::from_secs(2),
        }
    }
}

//! What the ledger is told at start.

use std::time::Duration;

use cloister_store::limits::{CONTROLLER_BEAT_INTERVAL, CONTROLLER_GONE_AFTER};

/// Who this controller is, and when others are taken for gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerOptions {
    /// Version of the controller.
    pub software_version: String,
    /// HOST:PORT at which other controllers of the fleet reach this one; none for one that is alone.
    pub address: Option<String>,
    /// How often this controller says that it lives, follows the log, and looks for requests that a
    /// controller which is gone left open.
    pub beat_interval: Duration,
    /// Others that were not seen for this long are gone. Several beats, and the same on every controller.
    pub gone_after: Duration,
}

impl Default for LedgerOptions {
    fn default() -> Self {
        Self {
            software_version: env!("CARGO_PKG_VERSION").to_owned(),
            address: None,
            beat_interval: CONTROLLER_BEAT_INTERVAL,
            gone_after: CONTROLLER_GONE_AFTER,
        }
    }
}

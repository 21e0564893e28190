//! When a record was written: by the wall clock, and by a clock that never steps back.

use std::time::Instant;

use jiff::Timestamp;

/// Both clocks of one controller process.
pub(crate) struct Clock {
    boot: String,
    started: Instant,
}

/// One reading of both.
pub(crate) struct Reading {
    /// RFC 3339, UTC, nine decimals.
    pub(crate) time: String,
    pub(crate) mono_us: u64,
}

impl Clock {
    /// `boot` distinguishes this process from every other.
    pub(crate) fn start(boot: [u8; 8]) -> Self {
        Self { boot: hex::encode(boot), started: Instant::now() }
    }

    pub(crate) fn boot(&self) -> &str {
        &self.boot
    }

    pub(crate) fn read(&self) -> Reading {
        let elapsed = self.started.elapsed().as_micros();
        Reading {
            time: format!("{:.9}", Timestamp::now()),
            mono_us: u64::try_from(elapsed).unwrap_or(u64::MAX),
        }
    }
}

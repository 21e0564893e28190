//! The wall clock, for times that people and certificates see.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Time since 1970; zero on a clock before that.
pub(crate) fn unix_now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Whole seconds since 1970.
pub(crate) fn unix_now_s() -> i64 {
    i64::try_from(unix_now().as_secs()).unwrap_or(i64::MAX)
}

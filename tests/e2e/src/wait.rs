//! Waiting for conditions, with a bound.

use std::time::{Duration, Instant};

/// How long anything may take in a test before it counts as never. Generous: machines are noisy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `condition` gives something; panics with `what` when it never does.
pub async fn until<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(Instant::now() < deadline, "{what}: not within {} s", PATIENCE.as_secs());
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

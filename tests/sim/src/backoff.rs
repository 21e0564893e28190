//! How long a node waits before it connects again: doubling, bounded, jittered.

use std::time::Duration;

use crate::limits::{RECONNECT_FIRST, RECONNECT_LONGEST};

#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: RECONNECT_FIRST }
    }
}

impl Backoff {
    /// Between half and all of the current step.
    pub(crate) fn next_wait(&mut self, chance: &mut fastrand::Rng) -> Duration {
        let step = self.next;
        self.next = (step * 2).min(RECONNECT_LONGEST);
        step / 2 + (step / 2).mul_f64(chance.f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_are_the_same_for_the_same_seed() {
        let waits = |seed| {
            let (mut backoff, mut chance) = (Backoff::default(), fastrand::Rng::with_seed(seed));
            (0..10).map(|_| backoff.next_wait(&mut chance)).collect::<Vec<_>>()
        };
        let first = waits(7);
        assert_eq!(first, waits(7));
        assert_ne!(first, waits(8));
        assert!(first[0] >= RECONNECT_FIRST / 2 && first[0] <= RECONNECT_FIRST);
        assert!(first[9] >= RECONNECT_LONGEST / 2 && first[9] <= RECONNECT_LONGEST);
    }
}

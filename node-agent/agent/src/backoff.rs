//! How long to wait before trying again: doubling, bounded, jittered.

use std::time::Duration;

/// Waits that double from `first` to `longest`.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: first }
    }

    /// Towards a controller, which may have lost a thousand agents in the same moment.
    pub(crate) const fn reconnect() -> Self {
        Self::new(Duration::from_millis(200), Duration::from_secs(10))
    }

    /// Between two starts of a worker.
    pub(crate) const fn restart() -> Self {
        Self::new(Duration::from_millis(500), Duration::from_secs(30))
    }

    /// The wait before the next attempt: between half and all of the current step.
    pub(crate) fn next_wait(&mut self) -> Duration {
        self.step(random_fraction())
    }

    fn step(&mut self, fraction: f64) -> Duration {
        let step = self.next;
        self.next = (step * 2).min(self.longest);
        step / 2 + (step / 2).mul_f64(fraction.clamp(0.0, 1.0))
    }

    /// The last attempt went well: start over.
    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }
}

/// In [0, 1]. Without a source of randomness all agents wait the longest: slow, and still correct.
fn random_fraction() -> f64 {
    getrandom::u32().map_or(1.0, |number| f64::from(number) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_start_over() {
        let mut backoff = Backoff::restart();
        let waits: Vec<u128> = (0..9).map(|_| backoff.step(1.0).as_millis()).collect();
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
        backoff.reset();
        assert_eq!(backoff.step(0.0), Duration::from_millis(250));
    }

    #[test]
    fn jitter_stays_between_half_and_all_of_a_step() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(1));
        for _ in 0..1_000 {
            let wait = backoff.next_wait();
            assert!((Duration::from_millis(500)..=Duration::from_secs(1)).contains(&wait), "{wait:?}");
        }
    }
}

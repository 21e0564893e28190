//! How fast the replicas of this node answered lately: taken where every answer passes, on its way up the tunnel.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloister_proto::agent::v1::ReplicaSpeed;
use tokio::time::Instant;

use crate::limits::{SPEED_ANSWERS_MAX, SPEED_WINDOW};

/// By replica id.
#[derive(Debug, Default)]
pub(crate) struct Speeds(Mutex<HashMap<String, VecDeque<Answered>>>);

/// One answer that came to its end.
#[derive(Debug, Clone, Copy)]
struct Answered {
    at: Instant,
    first_token: Duration,
    /// Tokens after those that came first, and how long they took.
    later_tokens: u64,
    later: Duration,
}

/// One answer on its way.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    began: Instant,
    first: Option<Instant>,
    last: Instant,
    later_tokens: u64,
}

impl Stopwatch {
    /// The request is being handed to the worker.
    pub(crate) fn start(now: Instant) -> Self {
        Self { began: now, first: None, last: now, later_tokens: 0 }
    }

    pub(crate) fn saw(&mut self, tokens: usize, now: Instant) {
        if tokens == 0 {
            return;
        }
        self.last = now;
        match self.first {
            None => self.first = Some(self.last),
            Some(_) => self.later_tokens = self.later_tokens.saturating_add(tokens as u64),
        }
    }

    /// `None` for an answer without a token.
    fn stop(&self) -> Option<Answered> {
        let first = self.first?;
        let (first_token, later) = (first.duration_since(self.began), self.last.duration_since(first));
        Some(Answered { at: self.last, first_token, later_tokens: self.later_tokens, later })
    }
}

impl Speeds {
    /// An answer came to its end.
    pub(crate) fn note(&self, replica_id: &str, stopwatch: &Stopwatch) {
        let Some(answered) = stopwatch.stop() else { return };
        let mut speeds = self.lock();
        let answers = speeds.entry(replica_id.to_owned()).or_default();
        if answers.len() == SPEED_ANSWERS_MAX {
            answers.pop_front();
        }
        answers.push_back(answered);
    }

    /// What the answers that ended within [`SPEED_WINDOW`] come to; `None` if there is none.
    pub(crate) fn lately(&self, replica_id: &str, now: Instant) -> Option<ReplicaSpeed> {
        let mut speeds = self.lock();
        let answers = speeds.get_mut(replica_id)?;
        answers.retain(|answered| now.saturating_duration_since(answered.at) <= SPEED_WINDOW);
        let mut first_tokens: Vec<Duration> = answers.iter().map(|answered| answered.first_token).collect();
        first_tokens.sort_unstable();
        let median = first_tokens.get(first_tokens.len() / 2)?;
        let tokens = answers.iter().map(|answered| answered.later_tokens).fold(0, u64::saturating_add);
        let later_us: u128 = answers.iter().map(|answered| answered.later.as_micros()).sum();
        let per_1000_s = (u128::from(tokens) * 1_000_000_000).checked_div(later_us).unwrap_or(0);
        Some(ReplicaSpeed {
            inferences: u32::try_from(answers.len()).unwrap_or(u32::MAX),
            window_s: u32::try_from(SPEED_WINDOW.as_secs()).unwrap_or(u32::MAX),
            first_token_ms: u64::try_from(median.as_millis()).unwrap_or(u64::MAX),
            tokens_per_1000_s: u64::try_from(per_1000_s).unwrap_or(u64::MAX),
        })
    }

    /// The worker that these were measured on is gone.
    pub(crate) fn forget(&self, replica_id: &str) {
        self.lock().remove(replica_id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, VecDeque<Answered>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// Takes `first_ms` to its first token, and then `step_ms` for each of `later` more; when it ended.
    fn answer(speeds: &Speeds, began: Instant, first_ms: u64, later: u32, step_ms: u64) -> Instant {
        let mut stopwatch = Stopwatch::start(began);
        let mut now = began + ms(first_ms);
        stopwatch.saw(1, now);
        for _ in 0..later {
            now += ms(step_ms);
            stopwatch.saw(1, now);
        }
        speeds.note("r", &stopwatch);
        now
    }

    #[test]
    fn the_median_wait_and_the_pace_of_what_was_answered_lately() {
        let (speeds, mut now) = (Speeds::default(), Instant::now());
        assert_eq!(speeds.lately("r", now), None);
        for (first_ms, later, step_ms) in [(90, 10, 20), (100, 10, 20), (5_000, 20, 20)] {
            now = answer(&speeds, now, first_ms, later, step_ms);
        }
        let speed = speeds.lately("r", now).unwrap();
        assert_eq!((speed.inferences, speed.first_token_ms, speed.tokens_per_1000_s), (3, 100, 50_000));
        assert_eq!(speeds.lately("r", now + SPEED_WINDOW + ms(1)), None);
    }

    #[test]
    fn an_answer_of_one_token_has_a_wait_and_no_pace_and_one_of_none_counts_for_nothing() {
        let (speeds, now) = (Speeds::default(), Instant::now());
        speeds.note("r", &Stopwatch::start(now));
        assert_eq!(speeds.lately("r", now), None);
        let ended = answer(&speeds, now, 70, 0, 0);
        let speed = speeds.lately("r", ended).unwrap();
        assert_eq!((speed.first_token_ms, speed.tokens_per_1000_s), (70, 0));
        speeds.forget("r");
        assert_eq!(speeds.lately("r", ended), None);
    }
}

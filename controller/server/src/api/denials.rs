//! Refused calls on record, but no faster than the log should grow at a stranger's will.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use cloister_evidence::record::{Actor, Draft, Kind, Outcome};

use super::ApiState;

/// Denials recorded at once after a quiet time.
const BURST: u32 = 30;
/// After that, one per this time.
const INTERVAL: Duration = Duration::from_secs(2);

/// A token bucket in front of the log.
#[derive(Debug)]
pub(crate) struct Denials {
    bucket: Mutex<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    tokens: u32,
    filled_at: Instant,
    /// Denials since the last record that were not recorded themselves.
    suppressed: u64,
}

impl Denials {
    pub(super) fn new(now: Instant) -> Self {
        Self { bucket: Mutex::new(Bucket { tokens: BURST, filled_at: now, suppressed: 0 }) }
    }

    /// Writes `access.denied`, or counts it for the next record that is written.
    pub(super) async fn record(
        &self,
        api: &ApiState,
        (actor, tenant): (Actor, Option<&str>),
        action: &str,
        class: &str,
    ) {
        let taken = self.bucket.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now());
        let Some(suppressed) = taken else { return };
        let mut change = BTreeMap::from([("action".to_owned(), action.into())]);
        if suppressed > 0 {
            change.insert("suppressed_denials".to_owned(), suppressed.into());
        }
        let draft = Draft {
            kind: Kind::AccessDenied,
            outcome: Outcome::Denied,
            actor,
            subject: None,
            tenant: tenant.map(str::to_owned),
            intent: None,
            inference: None,
            change: Some(change),
            reason: Some(class.to_owned()),
        };
        // The call is refused whether or not this can be written.
        if let Err(error) = api.ledger().record(api.ledger().new_record_id(), draft).await {
            tracing::error!(%error, "a refused call could not be put on record");
        }
    }
}

impl Bucket {
    /// `Some(denials suppressed before)` if this one may be recorded.
    fn take(&mut self, now: Instant) -> Option<u64> {
        let earned = now.saturating_duration_since(self.filled_at).as_secs() / INTERVAL.as_secs();
        if earned > 0 {
            self.tokens = self.tokens.saturating_add(u32::try_from(earned).unwrap_or(BURST)).min(BURST);
            self.filled_at = now;
        }
        match self.tokens.checked_sub(1) {
            Some(left) => {
                self.tokens = left;
                Some(std::mem::take(&mut self.suppressed))
            }
            None => {
                self.suppressed = self.suppressed.saturating_add(1);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_denials_fills_the_log_no_faster_than_the_bucket_and_is_counted() {
        let start = Instant::now();
        let mut bucket = Bucket { tokens: BURST, filled_at: start, suppressed: 0 };
        let recorded = (0..1_000).filter(|_| bucket.take(start).is_some()).count();
        assert_eq!(recorded, BURST as usize);
        assert_eq!(bucket.take(start + INTERVAL), Some(1_000 - u64::from(BURST)));
        assert_eq!(bucket.take(start + INTERVAL), None);
        assert_eq!(bucket.take(start + INTERVAL * 3), Some(1));
        assert_eq!(bucket.take(start + INTERVAL * 3), Some(0));
    }

    #[test]
    fn a_quiet_time_refills_the_bucket_and_no_more() {
        let start = Instant::now();
        let mut bucket = Bucket { tokens: 0, filled_at: start, suppressed: 0 };
        let later = start + Duration::from_secs(86_400);
        assert_eq!((0..100).filter(|_| bucket.take(later).is_some()).count(), BURST as usize);
    }
}

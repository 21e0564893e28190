//! What this agent did since its start: inferences by how they ended, and how soon they had their first token.

use std::array;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cloister_proto::agent::v1;
use tonic::Code;

/// As the wire contract says.
const FIRST_TOKEN_ENTRIES: usize = 40;

/// Counted over all links: several controllers send requests, and one of them asks how it went.
#[derive(Debug)]
pub(crate) struct Work {
    finished: AtomicU64,
    failed: AtomicU64,
    first_token: [AtomicU64; FIRST_TOKEN_ENTRIES],
}

impl Default for Work {
    fn default() -> Self {
        Self {
            finished: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            first_token: array::from_fn(|_| AtomicU64::new(0)),
        }
    }
}

impl Work {
    pub(crate) fn report(&self) -> v1::Work {
        let counts = self.first_token.iter().map(|count| count.load(Ordering::Relaxed));
        let mut first_token: Vec<u64> = counts.collect();
        while first_token.last() == Some(&0) {
            first_token.pop();
        }
        v1::Work {
            finished: self.finished.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            first_token,
        }
    }
}

/// One inference, from when it came to this node.
#[derive(Debug)]
pub(crate) struct Timing {
    work: Arc<Work>,
    began: Instant,
    has_token: bool,
}

impl Timing {
    pub(crate) fn begin(work: Arc<Work>) -> Self {
        Self { work, began: Instant::now(), has_token: false }
    }

    /// Tokens came; only the first ones count.
    pub(crate) fn tokens(&mut self) {
        if !std::mem::replace(&mut self.has_token, true) {
            self.work.first_token[entry(self.began.elapsed())].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn finished(&self) {
        self.work.finished.fetch_add(1, Ordering::Relaxed);
    }

    /// It ended with a failure, which counts unless it is the request's own fault.
    pub(crate) fn failed(&self, code: Code) {
        if !matches!(code, Code::InvalidArgument | Code::FailedPrecondition | Code::Cancelled) {
            self.work.failed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn entry(taken: Duration) -> usize {
    let ms = u64::try_from(taken.as_millis()).unwrap_or(u64::MAX).max(1);
    let exponent = ms.ilog2();
    // Of 1 ms there is no half.
    let upper_half = exponent > 0 && (ms >> (exponent - 1)) & 1 == 1;
    (exponent as usize * 2 + usize::from(upper_half)).min(FIRST_TOKEN_ENTRIES - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_counted_where_the_wire_contract_says() {
        let cases = [
            (0, 0),
            (1, 0),
            (2, 2),
            (3, 3),
            (4, 4),
            (5, 4),
            (6, 5),
            (7, 5),
            (8, 6),
            (100, 13),
            (1_024, 20),
            (1_535, 20),
            (1_536, 21),
            (786_432, 39),
            (u64::MAX, 39),
        ];
        for (ms, wanted) in cases {
            assert_eq!(entry(Duration::from_millis(ms)), wanted, "{ms} ms");
        }
    }

    #[test]
    fn an_inference_has_one_first_token_and_one_end() {
        let work = Arc::new(Work::default());
        let mut timing = Timing::begin(Arc::clone(&work));
        for _ in 0..3 {
            timing.tokens();
        }
        timing.finished();
        let report = work.report();
        assert_eq!((report.finished, report.failed, report.first_token.iter().sum()), (1, 0, 1_u64));
    }

    #[test]
    fn what_is_wrong_with_a_request_is_no_failure_of_the_node() {
        let work = Arc::new(Work::default());
        let timing = Timing::begin(Arc::clone(&work));
        for code in [Code::InvalidArgument, Code::FailedPrecondition, Code::Cancelled] {
            timing.failed(code);
        }
        assert_eq!(work.report().failed, 0);
        timing.failed(Code::Aborted);
        timing.failed(Code::ResourceExhausted);
        assert_eq!(work.report().failed, 2);
    }
}

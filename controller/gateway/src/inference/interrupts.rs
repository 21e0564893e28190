//! What may end an inference from outside while something else is awaited.

use std::pin::Pin;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;

use super::{AnswerEvent, Stop};
use crate::failure::Failure;

/// The caller leaving, the deadline, and the end of the process.
pub(super) struct Interrupts {
    sender: mpsc::Sender<AnswerEvent>,
    deadline: Pin<Box<Sleep>>,
    timeout: Duration,
    stop: CancellationToken,
}

impl Interrupts {
    pub(super) fn new(
        sender: mpsc::Sender<AnswerEvent>,
        deadline: Instant,
        timeout: Duration,
        stop: CancellationToken,
    ) -> Self {
        Self { sender, deadline: Box::pin(tokio::time::sleep_until(deadline.into())), timeout, stop }
    }

    /// Awaits `work`, unless an interrupt comes first.
    pub(super) async fn or<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Stop> {
        tokio::select! {
            biased;
            () = self.sender.closed() => Err(Stop::ClientGone),
            () = &mut self.deadline => Err(Stop::Failed(self.deadline_passed())),
            () = self.stop.cancelled() => Err(Stop::Failed(Failure::ShuttingDown)),
            done = work => Ok(done),
        }
    }

    fn deadline_passed(&self) -> Failure {
        Failure::Deadline { timeout_ms: u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX) }
    }
}

//! One inference, from the *requested* record to the record that closes it. It runs in a task of its
//! own: whatever becomes of the caller, the second record is written.

mod interrupts;
mod relay;
mod tally;

use std::sync::Arc;
use std::time::{Duration, Instant};

use cloister_proto::inference::v1::{FinishReason, TokenDetail};
use cloister_proto::worker::v1::RunRequest;
use tokio::sync::{mpsc, oneshot};

use crate::balance::Slot;
use crate::core::Core;
use crate::failure::Failure;
use crate::journal::{Entry, Open};
use crate::limits;
use crate::metrics::DeploymentMetrics;
use crate::request::{Operation, Protocol};
use crate::routes::Route;
use tally::Tally;

/// What the fronts are told, in this order: one `Started`, any number of `Tokens`, then `Finished` or
/// `Failed`. `Failed` may come at any point.
pub(crate) enum AnswerEvent {
    Started { prompt_token_ids: Vec<u32>, numerics_contract: String },
    Tokens { text: String, token_ids: Vec<u32>, logprobs: Vec<TokenDetail> },
    Finished(Finished),
    Failed(Failure),
}

/// The end of an answer, after it went on record.
#[derive(Debug, Clone)]
pub(crate) struct Finished {
    /// `Stop` or `Length`.
    pub(crate) reason: FinishReason,
    pub(crate) prompt_tokens: u32,
    pub(crate) output_tokens: u32,
    /// From the replica's acceptance.
    pub(crate) time_to_first_token_us: u64,
    pub(crate) total_time_us: u64,
    pub(crate) completed_record: String,
}

/// An inference that is on record. Dropping it cancels the inference.
pub(crate) struct Answer {
    /// Id of the *requested* record.
    pub(crate) record: String,
    pub(crate) deployment: String,
    pub(crate) model_digest: String,
    events: mpsc::Receiver<AnswerEvent>,
}

impl Answer {
    /// The next event; after the last one, and when the task behind it is gone, a failure.
    pub(crate) async fn next(&mut self) -> AnswerEvent {
        self.events.recv().await.unwrap_or(AnswerEvent::Failed(Failure::Internal))
    }
}

/// Why no further event will come.
enum Stop {
    ClientGone,
    Failed(Failure),
}

impl Stop {
    /// The record's `reason` and the metric's `outcome`.
    fn code(&self) -> &'static str {
        match self {
            Self::ClientGone => "client_gone",
            Self::Failed(failure) => failure.code(),
        }
    }
}

/// Everything that a running inference needs.
pub(crate) struct Inference {
    pub(crate) core: Arc<Core>,
    pub(crate) protocol: Protocol,
    pub(crate) operation: Operation,
    pub(crate) route: Route,
    pub(crate) entry: Entry,
    pub(crate) request: RunRequest,
    pub(crate) slot: Slot,
    pub(crate) accepted: Instant,
    pub(crate) timeout: Duration,
    pub(crate) span: tracing::Span,
}

impl Inference {
    /// Starts the task; returns when the request is on record.
    ///
    /// # Errors
    /// `RecordUnavailable`, and then nothing was dispatched.
    pub(crate) async fn start(self) -> Result<Answer, Failure> {
        let (sender, events) = mpsc::channel(limits::EVENT_BUFFER);
        let (opened, on_record) = oneshot::channel();
        let (record, deployment) = (self.entry.id.clone(), self.route.deployment.clone());
        let model_digest = self.route.model_digest.clone();
        let permit = Arc::clone(&self.core.open).try_acquire_owned().map_err(|_| Failure::ShuttingDown)?;
        let span = self.span.clone();
        let task = async move {
            self.run(sender, opened).await;
            drop(permit);
        };
        tokio::spawn(tracing::Instrument::instrument(task, span));
        on_record.await.unwrap_or(Err(Failure::Internal))?;
        Ok(Answer { record, deployment, model_digest, events })
    }

    async fn run(self, sender: mpsc::Sender<AnswerEvent>, opened: oneshot::Sender<Result<(), Failure>>) {
        let metrics = self.core.metrics.deployment(&self.route.deployment);
        let _in_flight = InFlight::enter(&metrics);
        let core = Arc::clone(&self.core);
        let open = match core.journal.request(self.entry).await {
            Ok(open) => open,
            Err(failure) => {
                // Nobody waits any more if the caller left; then there is nobody to tell.
                let _ = opened.send(Err(failure));
                return;
            }
        };
        let _ = opened.send(Ok(()));
        let mut relay = relay::Relay {
            core: Arc::clone(&core),
            route: self.route,
            request: Some(self.request),
            slot: Some(self.slot),
            sender,
            tally: Tally::new(self.accepted),
            metrics,
            deadline: self.accepted + self.timeout,
            timeout: self.timeout,
        };
        let end = relay.play().await;
        let settled =
            Settlement { core, protocol: self.protocol, operation: self.operation, open, span: self.span };
        settled.settle(relay, end).await;
    }
}

/// The last step: the closing record, then the last event.
struct Settlement {
    core: Arc<Core>,
    protocol: Protocol,
    operation: Operation,
    open: Open,
    span: tracing::Span,
}

impl Settlement {
    async fn settle(self, relay: relay::Relay, end: Result<FinishReason, Stop>) {
        let tally = &relay.tally;
        let recorded = self.core.journal.close(&self.open, &tally.closing(&end)).await;
        let (outcome, last) = match (end, recorded) {
            (Ok(reason), Ok(id)) => ("completed", Some(AnswerEvent::Finished(tally.finished(reason, id)))),
            // What cannot be put on record is not given as finished.
            (Ok(_), Err(failure)) => (failure.code(), Some(AnswerEvent::Failed(failure))),
            (Err(Stop::ClientGone), _) => ("client_gone", None),
            (Err(Stop::Failed(failure)), _) => (failure.code(), Some(AnswerEvent::Failed(failure))),
        };
        tally.describe(&self.span, outcome, self.open.id());
        relay.metrics.total.observe(tally.accepted.elapsed().as_secs_f64());
        self.core.metrics.ended(self.protocol, self.operation, outcome);
        if let Some(last) = last {
            // A reader that takes nothing for this long is not coming back for the end.
            let _ = tokio::time::timeout(limits::LAST_EVENT_TIME, relay.sender.send(last)).await;
        }
    }
}

/// Counts an inference as in flight while it lives.
struct InFlight(prometheus_client::metrics::gauge::Gauge);

impl InFlight {
    fn enter(metrics: &DeploymentMetrics) -> Self {
        metrics.in_flight.inc();
        Self(metrics.in_flight.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

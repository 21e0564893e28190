//! From the replica to the caller, event by event.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cloister_proto::inference::v1::FinishReason;
use cloister_proto::worker::v1::run_event::Event;
use cloister_proto::worker::v1::{Finished, RunRequest, Started, Tokens};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tonic::Code;

use super::interrupts::Interrupts;
use super::tally::Tally;
use super::{AnswerEvent, Stop};
use crate::balance::Slot;
use crate::core::Core;
use crate::dispatch::{RunFailed, RunStream};
use crate::failure::Failure;
use crate::limits;
use crate::metrics::DeploymentMetrics;
use crate::routes::Route;

/// An inference between its two records.
pub(super) struct Relay {
    pub(super) core: Arc<Core>,
    pub(super) route: Route,
    /// Taken by the last attempt.
    pub(super) request: Option<RunRequest>,
    /// Given back when the replica is done, before the closing record is written.
    pub(super) slot: Option<Slot>,
    pub(super) sender: mpsc::Sender<AnswerEvent>,
    pub(super) tally: Tally,
    pub(super) metrics: DeploymentMetrics,
    pub(super) deadline: Instant,
    pub(super) timeout: Duration,
}

impl Relay {
    /// Runs the sequence to its end. When this returns the replica has been let go: the stream is
    /// dropped, which cancels a sequence that still runs.
    pub(super) async fn play(&mut self) -> Result<FinishReason, Stop> {
        let mut interrupts =
            Interrupts::new(self.sender.clone(), self.deadline, self.timeout, self.core.stop.clone());
        let end = self.relay(&mut interrupts).await;
        self.slot = None;
        end
    }

    async fn relay(&mut self, interrupts: &mut Interrupts) -> Result<FinishReason, Stop> {
        let (started, mut stream) = self.admit(interrupts).await?;
        self.start(started, interrupts).await?;
        loop {
            let event = match interrupts.or(stream.next()).await? {
                Some(Ok(event)) => event.event,
                Some(Err(failed)) => return Err(self.lost(&failed)),
                None => return Err(self.protocol_error("its stream ended without a last event")),
            };
            match event {
                Some(Event::Tokens(tokens)) => self.deliver(tokens, interrupts).await?,
                Some(Event::Finished(finished)) => return self.finish(&finished),
                Some(Event::Started(_)) | None => return Err(self.protocol_error("an event out of order")),
            }
        }
    }

    /// Finds a replica that lets the sequence in. One that refuses before its first event has done
    /// nothing, so another may be asked; after the first event nothing is ever asked twice.
    async fn admit(&mut self, interrupts: &mut Interrupts) -> Result<(Started, RunStream), Stop> {
        for attempt in 1..=limits::MAX_DISPATCH_ATTEMPTS {
            let refusal = match self.ask(attempt, interrupts).await? {
                Ok(admitted) => return Ok(admitted),
                Err(refusal) => refusal,
            };
            if !refusal.elsewhere || !self.move_on() {
                return Err(Stop::Failed(refusal.failure));
            }
        }
        Err(Stop::Failed(self.no_replica()))
    }

    /// One attempt: the first event, or why there is none.
    async fn ask(
        &mut self,
        attempt: usize,
        interrupts: &mut Interrupts,
    ) -> Result<Result<(Started, RunStream), Refusal>, Stop> {
        // The caller may have left while the record was written: then there is nothing to dispatch.
        interrupts.or(std::future::ready(())).await?;
        let last = attempt == limits::MAX_DISPATCH_ATTEMPTS;
        let request = if last { self.request.take() } else { self.request.clone() };
        let (Some(request), Some(slot)) = (request, &self.slot) else {
            return Err(Stop::Failed(Failure::Internal));
        };
        self.tally.replica = Some(slot.replica().clone());
        self.tally.dispatched = Some(Instant::now());
        let mut stream = match self.core.dispatcher.dispatch(slot.replica(), request) {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!(%error, "could not dispatch");
                return Ok(Err(Refusal { failure: self.no_replica(), elsewhere: true }));
            }
        };
        match interrupts.or(stream.next()).await? {
            Some(Ok(event)) => match event.event {
                Some(Event::Started(started)) => Ok(Ok((started, stream))),
                _ => Err(self.protocol_error("the first event was not `started`")),
            },
            Some(Err(failed)) => Ok(Err(self.refused(&failed))),
            None => Err(self.protocol_error("its stream ended before the first event")),
        }
    }

    /// Takes a slot on another replica, if one has room.
    fn move_on(&mut self) -> bool {
        if self.request.is_none() {
            return false;
        }
        let tried = self.tally.replica.as_ref().map(|replica| replica.replica_id.as_str());
        match self.core.balance.take(&self.route, tried) {
            Ok(slot) => {
                self.slot = Some(slot);
                self.core.metrics.retried();
                true
            }
            Err(_) => false,
        }
    }

    async fn start(&mut self, started: Started, interrupts: &mut Interrupts) -> Result<(), Stop> {
        let prompt_tokens = u32::try_from(started.prompt_token_ids.len()).unwrap_or(u32::MAX);
        self.tally.prompt_tokens = Some(prompt_tokens);
        self.tally.numerics_contract = Some(started.numerics_contract.clone());
        self.metrics.prompt_tokens.inc_by(u64::from(prompt_tokens));
        self.send(
            AnswerEvent::Started {
                prompt_token_ids: started.prompt_token_ids,
                numerics_contract: started.numerics_contract,
            },
            interrupts,
        )
        .await
    }

    async fn deliver(&mut self, tokens: Tokens, interrupts: &mut Interrupts) -> Result<(), Stop> {
        self.observe(tokens.token_ids.len());
        self.tally.output_ids.extend_from_slice(&tokens.token_ids);
        let Tokens { text, token_ids, logprobs } = tokens;
        self.send(AnswerEvent::Tokens { text, token_ids, logprobs }, interrupts).await
    }

    fn observe(&mut self, tokens: usize) {
        if tokens == 0 {
            return;
        }
        let now = Instant::now();
        match self.tally.last_token.replace(now) {
            Some(last) => {
                self.metrics.inter_token.observe(now.duration_since(last).as_secs_f64() / tokens as f64);
            }
            None => {
                self.tally.first_token = Some(now);
                self.metrics.first_token.observe(now.duration_since(self.tally.accepted).as_secs_f64());
            }
        }
        self.metrics.output_tokens.inc_by(tokens as u64);
    }

    fn finish(&mut self, finished: &Finished) -> Result<FinishReason, Stop> {
        self.tally.usage = finished.usage;
        match finished.reason() {
            FinishReason::Stop => self.tally.finish = Some("stop"),
            FinishReason::Length => self.tally.finish = Some("length"),
            // The worker ended it, for a reason of its own: it is being drained.
            FinishReason::Cancelled => return Err(Stop::Failed(Failure::ReplicaLost)),
            FinishReason::Unspecified => return Err(self.protocol_error("a last event without a reason")),
        }
        Ok(finished.reason())
    }

    async fn send(&self, event: AnswerEvent, interrupts: &mut Interrupts) -> Result<(), Stop> {
        match interrupts.or(self.sender.send(event)).await? {
            Ok(()) => Ok(()),
            Err(_) => Err(Stop::ClientGone),
        }
    }

    /// What a refusal before the first event means, and whether another replica may see it differently.
    fn refused(&self, failed: &RunFailed) -> Refusal {
        let failure = match failed.code {
            Code::ResourceExhausted => Failure::QueueFull { retry_after_s: limits::MIN_RETRY_AFTER_S },
            Code::Unavailable => self.no_replica(),
            Code::FailedPrecondition => Failure::ContextExceeded {
                message: format!(
                    "prompt and max_tokens do not fit the context of {} tokens: {}",
                    self.route.context_length,
                    shortened(&failed.message)
                ),
            },
            Code::InvalidArgument => Failure::InputRefused { message: shortened(&failed.message) },
            _ => {
                tracing::warn!(error = %failed, "the replica failed before its first event");
                Failure::ReplicaLost
            }
        };
        let elsewhere = matches!(failed.code, Code::ResourceExhausted | Code::Unavailable);
        Refusal { failure, elsewhere }
    }

    fn no_replica(&self) -> Failure {
        Failure::NoReplica {
            deployment: self.route.deployment.clone(),
            retry_after_s: limits::NO_REPLICA_RETRY_AFTER_S,
        }
    }

    fn lost(&self, failed: &RunFailed) -> Stop {
        tracing::warn!(error = %failed, replica = ?self.tally.replica, "the replica failed mid-stream");
        Stop::Failed(Failure::ReplicaLost)
    }

    fn protocol_error(&self, what: &'static str) -> Stop {
        tracing::error!(what, replica = ?self.tally.replica, "the replica broke the protocol");
        Stop::Failed(Failure::ReplicaLost)
    }
}

/// A replica that did not take the sequence.
struct Refusal {
    failure: Failure,
    elsewhere: bool,
}

fn shortened(message: &str) -> String {
    message.chars().take(limits::MAX_REPLICA_MESSAGE_CHARS).collect()
}

//! From the engine to the wire: a sequence's events as a stream that ends with its last event, its deadline
//! or its reader.

use cloister_proto::inference::v1 as wire;
use cloister_proto::worker::v1::run_event::Event;
use cloister_proto::worker::v1::{Finished, RunEvent, Started, Tokens};
use futures_util::Stream;
use runtime_engine::EngineHandle;
use runtime_engine::sampler::{TokenLogprob, TokenLogprobs};
use runtime_engine::sequence::{DecodedToken, FinishReason, SequenceEvent, SequenceStream};
use runtime_engine::tokenizer::Vocabulary;
use tokio::time::Instant;
use tonic::Status;
use tracing::Span;

use crate::limits::MAX_TOKENS_PER_EVENT;
use crate::state::InFlight;

/// A sequence that runs, and everything its end must release. Dropping it cancels the sequence.
pub(crate) struct Running {
    pub(crate) stream: SequenceStream,
    pub(crate) engine: EngineHandle,
    pub(crate) deadline: Option<Instant>,
    pub(crate) span: Span,
    pub(crate) _in_flight: InFlight,
}

/// Where the answer stands.
struct Answer {
    running: Running,
    /// An event that arrived together with tokens and comes after them.
    next: Option<SequenceEvent>,
    ended: bool,
}

/// `started`, then every event of the sequence.
pub(crate) fn of(started: Started, running: Running) -> impl Stream<Item = Result<RunEvent, Status>> + Send {
    let first = Ok(RunEvent { event: Some(Event::Started(started)) });
    let answer = Answer { running, next: None, ended: false };
    let rest = futures_util::stream::unfold(answer, |mut answer| async {
        let event = answer.next_event().await?;
        Some((event, answer))
    });
    futures_util::StreamExt::chain(futures_util::stream::iter([first]), rest)
}

impl Answer {
    /// The next event on the wire; `None` after the last.
    async fn next_event(&mut self) -> Option<Result<RunEvent, Status>> {
        if self.ended {
            return None;
        }
        let event = match self.next.take() {
            Some(event) => Ok(event),
            None => self.receive().await,
        };
        let event = event.and_then(|event| self.on_the_wire(event));
        self.ended = !matches!(&event, Ok(Event::Tokens(_)));
        if let Err(status) = &event {
            self.running.span.record("outcome", tracing::field::debug(status.code()));
        }
        Some(event.map(|event| RunEvent { event: Some(event) }))
    }

    async fn receive(&mut self) -> Result<SequenceEvent, Status> {
        let Running { stream, deadline, .. } = &mut self.running;
        let event = match deadline {
            Some(deadline) => tokio::time::timeout_at(*deadline, stream.next()).await.map_err(|_| {
                Status::deadline_exceeded("the deadline passed before the answer was complete")
            })?,
            None => stream.next().await,
        };
        event.ok_or_else(|| Status::internal("the engine ended without finishing the sequence; see its log"))
    }

    fn on_the_wire(&mut self, event: SequenceEvent) -> Result<Event, Status> {
        match event {
            SequenceEvent::Token(token) => Ok(Event::Tokens(self.tokens(token))),
            SequenceEvent::Finished(finished) if !finished.text.is_empty() => {
                let mut finished = finished;
                let text = std::mem::take(&mut finished.text);
                self.next = Some(SequenceEvent::Finished(finished));
                Ok(Event::Tokens(Tokens { text, ..Tokens::default() }))
            }
            SequenceEvent::Finished(finished) => Ok(Event::Finished(self.finished(&finished))),
            SequenceEvent::Failed(failure) => Err(Status::internal(failure.to_string())),
        }
    }

    /// This token and all that have arrived meanwhile.
    fn tokens(&mut self, first: DecodedToken) -> Tokens {
        let mut tokens = Tokens::default();
        self.add(&mut tokens, first);
        while tokens.token_ids.len() < MAX_TOKENS_PER_EVENT {
            match self.running.stream.try_next() {
                Some(SequenceEvent::Token(token)) => self.add(&mut tokens, token),
                other => {
                    self.next = other;
                    break;
                }
            }
        }
        tokens
    }

    fn add(&self, tokens: &mut Tokens, token: DecodedToken) {
        let vocabulary = self.running.engine.tokenizer().vocabulary();
        tokens.text.push_str(&token.text);
        tokens.token_ids.push(token.id);
        tokens.logprobs.extend(token.logprobs.map(|logprobs| detail(&logprobs, vocabulary)));
    }

    fn finished(&self, finished: &runtime_engine::sequence::Finished) -> Finished {
        let reason = match finished.reason {
            FinishReason::Stop => wire::FinishReason::Stop,
            FinishReason::Length => wire::FinishReason::Length,
            FinishReason::Cancelled => wire::FinishReason::Cancelled,
        };
        let tokens = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let micros = |time: std::time::Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let span = &self.running.span;
        span.record("completion_tokens", finished.completion_tokens);
        span.record("outcome", reason.as_str_name());
        Finished {
            reason: reason.into(),
            usage: Some(wire::Usage {
                prompt_tokens: tokens(finished.prompt_tokens),
                completion_tokens: tokens(finished.completion_tokens),
                time_to_first_token_us: micros(finished.time_to_first_token),
                total_time_us: micros(finished.total_time),
            }),
        }
    }
}

fn detail(logprobs: &TokenLogprobs, vocabulary: &Vocabulary) -> wire::TokenDetail {
    let logprob = |one: &TokenLogprob| wire::TokenLogprob {
        token_id: one.token,
        token: shown(one.token, vocabulary).to_vec(),
        logprob: one.logprob,
    };
    wire::TokenDetail {
        chosen: Some(logprob(&logprobs.chosen)),
        top: logprobs.top.iter().map(logprob).collect(),
    }
}

/// A token's bytes; its spelling where it adds none, as control tokens do.
fn shown(token: u32, vocabulary: &Vocabulary) -> &[u8] {
    match vocabulary.bytes(token) {
        [] => vocabulary.spelling(token).unwrap_or_default().as_bytes(),
        bytes => bytes,
    }
}

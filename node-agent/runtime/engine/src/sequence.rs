//! One request to the engine and the events that answer it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::limits::{MAX_STOP_BYTES, MAX_STOP_STRINGS, MAX_TOP_LOGPROBS};
use crate::sampler::{NonFinite, ParamError, SamplingParams, TokenLogprobs};

/// What to decode.
#[derive(Debug, Clone)]
pub struct SequenceRequest {
    /// Prompt tokens, at least one.
    pub prompt: Vec<u32>,
    /// How tokens are chosen.
    pub sampling: SamplingParams,
    /// When to stop and what to report.
    pub decode: DecodeParams,
}

/// When to stop and what to report.
#[derive(Debug, Clone, Default)]
pub struct DecodeParams {
    /// Tokens to decode at most, at least 1.
    pub max_tokens: usize,
    /// The answer ends before the first of these that appears.
    pub stop: Vec<String>,
    /// Do not stop at end-of-sequence tokens.
    pub ignore_eos: bool,
    /// Report log-probabilities, with this many alternatives.
    pub top_logprobs: Option<u32>,
}

/// What happens to a sequence.
#[derive(Debug, Clone, PartialEq)]
pub enum SequenceEvent {
    /// A token was decoded.
    Token(DecodedToken),
    /// The sequence ended. Always the last event.
    Finished(Finished),
    /// The model failed. Always the last event.
    Failed(SequenceFailure),
}

/// Why the model could not go on with a sequence.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SequenceFailure {
    /// The logits are useless.
    #[error(transparent)]
    NonFinite(#[from] NonFinite),
    /// A step failed; all its sequences ended.
    #[error("a batch step failed: {reason}; retry the request")]
    Compute { reason: String },
}

/// A decoded token and the text that is certain by now.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodedToken {
    /// The token.
    pub id: u32,
    /// Text that may be shown now: not always this token's own, because incomplete characters and possible
    /// stop strings are held back.
    pub text: String,
    /// If they were asked for.
    pub logprobs: Option<TokenLogprobs>,
}

/// Why a sequence ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishReason {
    /// An end-of-sequence token or a stop string.
    Stop,
    /// `max_tokens` was reached.
    Length,
    /// The engine was told to end it.
    Cancelled,
}

/// How a sequence ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// Why.
    pub reason: FinishReason,
    /// Text that was held back and turned out not to be a stop string.
    pub text: String,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens decoded.
    pub completion_tokens: usize,
    /// From submission to the first token.
    pub time_to_first_token: Duration,
    /// From submission to the end.
    pub total_time: Duration,
}

/// Why a request was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// There is nothing to continue.
    #[error("the prompt is empty; give at least one token")]
    EmptyPrompt,
    /// A token id is not in the vocabulary.
    #[error("token id {id} is outside the model's vocabulary of {vocabulary} tokens")]
    UnknownToken { id: u32, vocabulary: usize },
    /// The request does not fit the context.
    #[error(
        "{prompt} prompt tokens and max_tokens {max_tokens} exceed the context of {context_length} tokens; shorten the prompt or lower max_tokens"
    )]
    ContextExceeded { prompt: usize, max_tokens: usize, context_length: usize },
    /// The request fits the context but can never fit the KV cache.
    #[error(
        "{tokens} tokens can never fit this replica's KV cache of {kv_tokens} tokens; lower max_tokens or deploy with more KV tokens"
    )]
    CacheExceeded { tokens: usize, kv_tokens: usize },
    /// `max_tokens` is 0.
    #[error("max_tokens is 0; ask for at least 1")]
    NoTokens,
    /// A sampling parameter is outside its range.
    #[error(transparent)]
    Sampling(#[from] ParamError),
    /// Too many or too long stop strings.
    #[error("at most {MAX_STOP_STRINGS} stop strings of 1 to {MAX_STOP_BYTES} bytes are accepted")]
    Stop,
    /// Too many alternatives.
    #[error("top_logprobs is {asked}; 0 to {MAX_TOP_LOGPROBS} is accepted")]
    TopLogprobs { asked: u32 },
    /// The waiting queue is full.
    #[error("the queue is full with {waiting} waiting requests; retry later")]
    QueueFull { waiting: usize },
    /// The engine accepts no new sequences.
    #[error("the engine is stopping and accepts no new requests; retry on another replica")]
    Stopping,
}

impl DecodeParams {
    /// Checks what does not depend on the model.
    pub(crate) fn validate(&self) -> Result<(), SubmitError> {
        let stop_fits = |stop: &String| (1..=MAX_STOP_BYTES).contains(&stop.len());
        if self.stop.len() > MAX_STOP_STRINGS || !self.stop.iter().all(stop_fits) {
            return Err(SubmitError::Stop);
        }
        if let Some(asked) = self.top_logprobs.filter(|asked| *asked > MAX_TOP_LOGPROBS) {
            return Err(SubmitError::TopLogprobs { asked });
        }
        if self.max_tokens == 0 { Err(SubmitError::NoTokens) } else { Ok(()) }
    }
}

/// The events of one sequence. Dropping it cancels the sequence within one step.
#[derive(Debug)]
pub struct SequenceStream {
    receiver: mpsc::Receiver<SequenceEvent>,
    cancelled: Arc<AtomicBool>,
}

impl SequenceStream {
    /// The next event; `None` after the last one.
    pub async fn next(&mut self) -> Option<SequenceEvent> {
        self.receiver.recv().await
    }

    /// An event that is already there.
    pub fn try_next(&mut self) -> Option<SequenceEvent> {
        self.receiver.try_recv().ok()
    }

    /// As [`Self::next`], blocking the thread. Not for async code.
    pub fn blocking_next(&mut self) -> Option<SequenceEvent> {
        self.receiver.blocking_recv()
    }
}

impl Drop for SequenceStream {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Release);
    }
}

/// The engine's end of a stream.
#[derive(Debug)]
pub(crate) struct EventSender {
    sender: mpsc::Sender<SequenceEvent>,
    cancelled: Arc<AtomicBool>,
    submitted: Instant,
}

impl EventSender {
    /// A stream that holds every event a sequence of `max_tokens` can have, so that sending never waits and
    /// a slow reader never holds up the batch.
    pub(crate) fn channel(max_tokens: usize) -> (Self, SequenceStream) {
        let (sender, receiver) = mpsc::channel(max_tokens + 1);
        let cancelled = Arc::new(AtomicBool::new(false));
        let stream = SequenceStream { receiver, cancelled: Arc::clone(&cancelled) };
        (Self { sender, cancelled, submitted: Instant::now() }, stream)
    }

    pub(crate) fn send(&self, event: SequenceEvent) {
        // The channel holds all events there can be: this fails only when the reader has gone.
        if self.sender.try_send(event).is_err() {
            self.cancelled.store(true, Ordering::Release);
        }
    }

    pub(crate) fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// Time since submission.
    pub(crate) fn age(&self) -> Duration {
        self.submitted.elapsed()
    }
}

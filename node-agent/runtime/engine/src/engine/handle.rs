//! What the rest of the process holds of the engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};

use runtime_kernels::Isa;

use super::Submission;
use crate::batcher::Waiting;
use crate::decoding::Decoding;
use crate::kv::{BLOCK_TOKENS, BlockPool};
use crate::sequence::{EventSender, SequenceRequest, SequenceStream, SubmitError};
use crate::template::ChatTemplate;
use crate::tokenizer::Tokenizer;

/// Submits sequences to a running engine. Cheap to clone; the engine ends with the last one.
#[derive(Debug, Clone)]
pub struct EngineHandle {
    shared: Arc<Shared>,
    sender: SyncSender<Submission>,
}

/// What an engine is doing now and has done since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Sequences in the batch.
    pub running: usize,
    /// Sequences in the queue.
    pub waiting: usize,
    /// KV blocks that sequences hold.
    pub kv_blocks_used: usize,
    /// KV blocks in all.
    pub kv_blocks_total: usize,
    /// Prompt tokens computed.
    pub prompt_tokens: u64,
    /// Tokens decoded.
    pub completion_tokens: u64,
}

/// What a model and its options decide about an engine.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) tokenizer: Tokenizer,
    pub(super) template: Option<ChatTemplate>,
    /// Rows of the embedding table: token ids end here.
    pub(super) embeddings: usize,
    pub(super) context_length: usize,
    /// Sequences that may be in the batch and the queue together.
    pub(super) in_system_limit: usize,
    pub(super) pool: BlockPool,
    pub(super) isa: Isa,
}

/// What the engine's thread and its handles share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) facts: Facts,
    pub(super) cancel_all: AtomicBool,
    pub(super) running: AtomicUsize,
    stopping: AtomicBool,
    in_system: AtomicUsize,
    prompt_tokens: AtomicU64,
    completion_tokens: AtomicU64,
}

/// Counts a sequence as in the system until it is dropped, wherever it ends.
#[derive(Debug)]
pub(crate) struct InSystem(Arc<Shared>);

impl Drop for InSystem {
    fn drop(&mut self) {
        self.0.in_system.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Shared {
    pub(super) fn new(facts: Facts) -> Self {
        Self {
            facts,
            cancel_all: AtomicBool::new(false),
            running: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            in_system: AtomicUsize::new(0),
            prompt_tokens: AtomicU64::new(0),
            completion_tokens: AtomicU64::new(0),
        }
    }

    /// Counts a token that was just decoded, and the prompt with the first one.
    pub(super) fn count(&self, decoding: &Decoding) {
        self.completion_tokens.fetch_add(1, Ordering::Relaxed);
        if decoding.decoded() == 1 {
            self.prompt_tokens.fetch_add(decoding.prompt_tokens() as u64, Ordering::Relaxed);
        }
    }

    fn enter(self: &Arc<Self>) -> Result<InSystem, SubmitError> {
        let limit = self.facts.in_system_limit;
        let one_more = |count: usize| (count < limit).then_some(count + 1);
        match self.in_system.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more) {
            Ok(_) => Ok(InSystem(Arc::clone(self))),
            Err(count) => {
                let waiting = count.saturating_sub(self.running.load(Ordering::Relaxed));
                Err(SubmitError::QueueFull { waiting })
            }
        }
    }
}

impl EngineHandle {
    pub(super) fn new(shared: Arc<Shared>, sender: SyncSender<Submission>) -> Self {
        Self { shared, sender }
    }

    /// Queues a sequence and returns its events.
    ///
    /// # Errors
    /// [`SubmitError`] says what is wrong with the request, or that the queue is full.
    pub fn submit(&self, request: SequenceRequest) -> Result<SequenceStream, SubmitError> {
        if self.shared.stopping.load(Ordering::Acquire) {
            return Err(SubmitError::Stopping);
        }
        self.check(&request)?;
        let in_system = self.shared.enter()?;
        let (prompt, max_tokens) = (request.prompt.clone(), request.decode.max_tokens);
        let (events, stream) = EventSender::channel(max_tokens);
        let payload = Decoding::new(request, events, in_system);
        match self.sender.try_send(Box::new(Waiting { prompt, max_tokens, payload })) {
            Ok(()) => Ok(stream),
            // The channel holds as many as may be in the system, so it is never full.
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(SubmitError::Stopping),
        }
    }

    fn check(&self, request: &SequenceRequest) -> Result<(), SubmitError> {
        let facts = &self.shared.facts;
        let (prompt, max_tokens) = (request.prompt.len(), request.decode.max_tokens);
        request.sampling.validate()?;
        request.decode.validate()?;
        if prompt == 0 {
            return Err(SubmitError::EmptyPrompt);
        }
        let context_length = facts.context_length;
        if prompt.checked_add(max_tokens).is_none_or(|tokens| tokens > context_length) {
            return Err(SubmitError::ContextExceeded { prompt, max_tokens, context_length });
        }
        if !facts.pool.could_hold(prompt + max_tokens) {
            let kv_tokens = facts.pool.total() * BLOCK_TOKENS;
            return Err(SubmitError::CacheExceeded { tokens: prompt + max_tokens, kv_tokens });
        }
        let vocabulary = facts.embeddings;
        match request.prompt.iter().find(|id| **id as usize >= vocabulary) {
            Some(&id) => Err(SubmitError::UnknownToken { id, vocabulary }),
            None => Ok(()),
        }
    }

    /// The model's tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.shared.facts.tokenizer
    }

    /// The model's chat template, if it has one.
    pub fn template(&self) -> Option<&ChatTemplate> {
        self.shared.facts.template.as_ref()
    }

    /// Positions a sequence may have: the context, or the whole KV cache where that is smaller.
    pub fn longest_sequence(&self) -> usize {
        self.shared.facts.context_length.min(self.shared.facts.pool.total() * BLOCK_TOKENS)
    }

    /// The instruction set that computes.
    pub fn isa(&self) -> Isa {
        self.shared.facts.isa
    }

    /// What the engine is doing.
    pub fn load(&self) -> Load {
        let running = self.shared.running.load(Ordering::Relaxed);
        let pool = &self.shared.facts.pool;
        Load {
            running,
            waiting: self.shared.in_system.load(Ordering::Relaxed).saturating_sub(running),
            kv_blocks_used: pool.used(),
            kv_blocks_total: pool.total(),
            prompt_tokens: self.shared.prompt_tokens.load(Ordering::Relaxed),
            completion_tokens: self.shared.completion_tokens.load(Ordering::Relaxed),
        }
    }

    /// Accepts no new sequences from now on; those that are there go on.
    pub fn stop_accepting(&self) {
        self.shared.stopping.store(true, Ordering::Release);
    }

    /// Accepts no new sequences and ends all within one step.
    pub fn cancel_all(&self) {
        self.stop_accepting();
        self.shared.cancel_all.store(true, Ordering::Release);
    }
}

//! The engine: its loop, and the thread it runs on.

mod handle;
mod options;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use runtime_formats::gguf::Gguf;
use runtime_formats::memory::kv_pages;
use runtime_formats::model::ModelConfig;
use runtime_formats::source::ByteSource;
use runtime_kernels::{KernelError, Kernels, KvCache, Pool};

use crate::batcher::{BatchLimits, Batcher, StepItem, Verdict, Waiting};
use crate::decoding::Decoding;
use crate::kv::BlockPool;
use crate::limits::PREFILL_TOKENS_ALONE;
use crate::models::{BatchStep, Llama, LoadError, ScratchRows};
use crate::sequence::{FinishReason, SequenceFailure};
use crate::template::ChatTemplate;
use crate::tokenizer::{Tokenizer, TokenizerTables};
pub(crate) use handle::InSystem;
pub use handle::{EngineHandle, Load};
use handle::{Facts, Shared};
pub use options::EngineOptions;

/// A sequence on its way to the batch.
type Submission = Box<Waiting<Decoding>>;

/// A loaded model, ready to start.
pub struct Engine {
    model: Llama,
    cache: KvCache,
    pool: BlockPool,
    batcher: Batcher<Decoding>,
    shared: Arc<Shared>,
    submissions: Receiver<Submission>,
    sender: SyncSender<Submission>,
}

/// The engine's thread. Ends when every handle is gone.
#[derive(Debug)]
pub struct EngineThread(JoinHandle<()>);

impl EngineThread {
    /// Waits for the thread to end; `false` if it panicked.
    pub fn join(self) -> bool {
        self.0.join().is_ok()
    }
}

impl Engine {
    /// Reads, checks and packs a model. `progress` is told (bytes read, bytes in all).
    ///
    /// # Errors
    /// [`LoadError`] names what cannot be used and why.
    pub fn load<S: ByteSource + ?Sized>(
        source: &S,
        options: &EngineOptions,
        progress: impl FnMut(u64, u64),
    ) -> Result<Self, LoadError> {
        let (model, tokenizer, template) = load_model(source, options, progress)?;
        Self::assemble(model, tokenizer, template, options)
    }

    fn assemble(
        model: Llama,
        tokenizer: Tokenizer,
        template: Option<ChatTemplate>,
        options: &EngineOptions,
    ) -> Result<Self, LoadError> {
        // The options' check bounds the number of blocks far below u32::MAX.
        let blocks = u32::try_from(kv_pages(options.kv_tokens)).unwrap_or(u32::MAX);
        let cache = model.cache(blocks as usize)?;
        let pool = BlockPool::new(blocks);
        let batcher = Batcher::new(BatchLimits::new(options.max_sequences as usize), pool.clone());
        let in_system_limit = options.max_sequences as usize + options.max_waiting as usize;
        let (sender, submissions) = sync_channel(in_system_limit);
        let shared = Arc::new(Shared::new(Facts {
            tokenizer,
            template,
            embeddings: model.config().vocab as usize,
            context_length: options.context_length as usize,
            in_system_limit,
            pool: pool.clone(),
            isa: model.isa(),
        }));
        Ok(Self { model, cache, pool, batcher, shared, submissions, sender })
    }

    /// Starts the engine's thread.
    ///
    /// # Errors
    /// [`LoadError::Thread`] when the system gives no thread.
    pub fn start(self) -> Result<(EngineHandle, EngineThread), LoadError> {
        let Self { model, cache, pool, batcher, shared, submissions, sender } = self;
        let engine = Loop { model, cache, pool, batcher, shared: Arc::clone(&shared), submissions };
        let thread = std::thread::Builder::new().name("engine".to_owned()).spawn(move || engine.run());
        Ok((EngineHandle::new(shared, sender), EngineThread(thread.map_err(LoadError::Thread)?)))
    }
}

/// What the engine's thread owns.
struct Loop {
    model: Llama,
    cache: KvCache,
    pool: BlockPool,
    batcher: Batcher<Decoding>,
    shared: Arc<Shared>,
    submissions: Receiver<Submission>,
}

impl Loop {
    /// Plan, run, settle; until every handle is gone.
    fn run(mut self) {
        while self.receive() {
            self.remove_cancelled();
            let step = self.batcher.plan();
            match self.compute(&step) {
                Ok(verdicts) => self.batcher.settle(&step, &verdicts),
                Err(error) => self.fail(&step, &error),
            }
            self.sweep();
            self.publish();
        }
        self.end_all();
    }

    /// Takes in what was submitted. Sleeps when there is nothing to compute: an idle engine costs nothing.
    fn receive(&mut self) -> bool {
        if self.batcher.is_empty() {
            match self.submissions.recv() {
                Ok(submission) => self.batcher.push(*submission),
                Err(_) => return false,
            }
        }
        loop {
            match self.submissions.try_recv() {
                Ok(submission) => self.batcher.push(*submission),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// Computes the step and lets each sequence that has logits choose its next token.
    fn compute(&mut self, plan: &[StepItem]) -> Result<Vec<Verdict>, KernelError> {
        let step = BatchStep::planned(self.batcher.running(), plan);
        if step.is_empty() {
            return Ok(Vec::new());
        }
        let vocabulary = self.model.config().vocab as usize;
        let logits = self.model.forward(&step, &mut self.cache)?;
        let sampling = plan.iter().filter(|item| item.samples);
        let mut verdicts = Vec::with_capacity(plan.len());
        for (item, logits) in sampling.zip(logits.chunks_exact_mut(vocabulary)) {
            let decoding = &mut self.batcher.running_mut()[item.index].payload;
            let verdict = decoding.advance(logits, &self.shared.facts.tokenizer);
            self.shared.count(decoding);
            verdicts.push(verdict);
        }
        Ok(verdicts)
    }

    /// A step that could not be computed ends the sequences in it, and no others.
    fn fail(&mut self, step: &[StepItem], error: &KernelError) {
        tracing::error!(%error, sequences = step.len(), "engine.step failed");
        for mut decoding in self.batcher.abandon(step) {
            decoding.fail(SequenceFailure::Compute { reason: error.to_string() });
        }
    }

    fn remove_cancelled(&mut self) {
        let all = self.shared.cancel_all.load(Ordering::Acquire);
        for mut decoding in self.batcher.remove(|one| all || one.cancelled()) {
            decoding.finish(FinishReason::Cancelled);
        }
        self.sweep();
    }

    fn end_all(&mut self) {
        self.shared.cancel_all.store(true, Ordering::Release);
        self.remove_cancelled();
    }

    /// Zeroes the blocks that sequences have left.
    fn sweep(&mut self) {
        let Self { pool, cache, .. } = self;
        pool.sweep(|block| {
            if let Err(error) = cache.clear_page(block) {
                tracing::error!(%error, block, "engine.sweep could not zero a KV block");
            }
        });
    }

    fn publish(&self) {
        self.shared.running.store(self.batcher.running().len(), Ordering::Relaxed);
    }
}

/// Loads what a model file holds: the weights, the tokenizer and the chat template.
pub(crate) fn load_model<S: ByteSource + ?Sized>(
    source: &S,
    options: &EngineOptions,
    mut progress: impl FnMut(u64, u64),
) -> Result<(Llama, Tokenizer, Option<ChatTemplate>), LoadError> {
    let gguf = Gguf::parse(source)?;
    let config = ModelConfig::from_gguf(&gguf)?;
    options.check(config.context_length)?;
    let tokenizer = Tokenizer::new(TokenizerTables::from_gguf(&gguf)?)?;
    check_vocabulary(&tokenizer, &config)?;
    let template = gguf.get_as::<&str>("tokenizer.chat_template")?;
    let template = template.map(|source| ChatTemplate::new(source, &tokenizer)).transpose()?;
    let kernels = match options.isa {
        Some(isa) => Kernels::of(isa).ok_or_else(|| unavailable(isa))?,
        None => Kernels::select()?,
    };
    let compute = (kernels, Pool::new(options.threads).map_err(KernelError::from)?);
    let rows = ScratchRows { step: PREFILL_TOKENS_ALONE, logits: options.max_sequences as usize };
    let total = gguf.tensors().iter().map(|tensor| tensor.size_bytes).sum();
    let room = (rows, options.context_length);
    let mut read = |bytes| progress(bytes, total);
    let model = Llama::load(source, &gguf, config, compute, room, &mut read)?;
    Ok((model, tokenizer, template))
}

fn check_vocabulary(tokenizer: &Tokenizer, config: &ModelConfig) -> Result<(), LoadError> {
    let (tokens, embeddings) = (tokenizer.vocabulary().len(), config.vocab);
    if tokens > embeddings as usize {
        return Err(LoadError::VocabularyMismatch { tokens, embeddings });
    }
    Ok(())
}

fn unavailable(isa: runtime_kernels::Isa) -> KernelError {
    KernelError::IsaUnavailable { wanted: isa.name(), best: runtime_kernels::Isa::best().name() }
}

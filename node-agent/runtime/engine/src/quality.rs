//! Perplexity: how well a model predicts a text, in the numerics it serves with.
//!
//! The text is cut into chunks of equal length. Each chunk is computed on its own, and the tokens of its
//! second half are scored, each from all before it in the chunk. Perplexity is exp of the mean negative
//! log-likelihood. This is the procedure of llama.cpp's `llama-perplexity`, so figures can be compared.

use runtime_formats::source::ByteSource;
use runtime_kernels::{KernelError, KvCache};

use crate::engine::{EngineOptions, load_model};
use crate::models::{BatchStep, Llama, LoadError};
use crate::sampler::negative_log_likelihood;
use crate::tokenizer::{Tokenizer, TokenizerError};

/// Rows of logits computed at a time.
const SCORED_ROWS: u32 = 64;
/// Tokens per chunk that make sense: two, so that one can be scored, to far more than anyone compares.
const CHUNK_TOKENS: std::ops::RangeInclusive<usize> = 2..=1 << 16;

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QualityOptions {
    /// Tokens per chunk; 512 is customary.
    pub chunk_tokens: usize,
    /// Chunks to score at most; the text's end decides otherwise.
    pub max_chunks: usize,
    /// Compute threads.
    pub threads: usize,
}

/// A measured perplexity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// exp of the mean negative log-likelihood.
    pub perplexity: f64,
    /// One standard error of the perplexity.
    pub standard_error: f64,
    /// Tokens scored.
    pub scored_tokens: usize,
    /// Chunks computed.
    pub chunks: usize,
}

/// Why the quality cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum QualityError {
    /// The model cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The text cannot be tokenized.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A kernel failed.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// The chunk length is out of range.
    #[error("a chunk of {chunk_tokens} tokens cannot be scored; {} to {} are accepted", CHUNK_TOKENS.start(), CHUNK_TOKENS.end())]
    ChunkTokens { chunk_tokens: usize },
    /// The text is shorter than one chunk.
    #[error(
        "the text has {tokens} tokens; one chunk needs {chunk_tokens}. Give a longer text or a smaller chunk"
    )]
    TextTooShort { tokens: usize, chunk_tokens: usize },
}

/// Measures the perplexity of the model in `source` on `text`. `progress` is told each chunk's running result.
///
/// # Errors
/// [`QualityError`] says what cannot be measured.
pub fn perplexity<S: ByteSource + ?Sized>(
    source: &S,
    text: &str,
    options: QualityOptions,
    mut progress: impl FnMut(&Quality),
) -> Result<Quality, QualityError> {
    let chunk_tokens = options.chunk_tokens;
    if !CHUNK_TOKENS.contains(&chunk_tokens) {
        return Err(QualityError::ChunkTokens { chunk_tokens });
    }
    let (mut scorer, tokenizer) = Scorer::load(source, options)?;
    let tokens = tokenizer.encode_prompt(text)?;
    let mut total = Likelihoods::default();
    for chunk in tokens.chunks_exact(chunk_tokens).take(options.max_chunks) {
        scorer.score(chunk, tokenizer.leading_bos(), &mut total)?;
        progress(&total.quality());
    }
    if total.chunks == 0 {
        return Err(QualityError::TextTooShort { tokens: tokens.len(), chunk_tokens });
    }
    Ok(total.quality())
}

struct Scorer {
    model: Llama,
    cache: KvCache,
    blocks: Vec<u32>,
}

impl Scorer {
    fn load<S: ByteSource + ?Sized>(
        source: &S,
        options: QualityOptions,
    ) -> Result<(Self, Tokenizer), QualityError> {
        let context_length = u32::try_from(options.chunk_tokens).unwrap_or(u32::MAX);
        let engine = EngineOptions {
            context_length,
            max_sequences: SCORED_ROWS,
            max_waiting: 0,
            kv_tokens: context_length.into(),
            threads: options.threads,
            isa: None,
        };
        let (model, tokenizer, _) = load_model(source, &engine, |_, _| {})?;
        let blocks =
            u32::try_from(runtime_formats::memory::kv_pages(context_length.into())).unwrap_or(u32::MAX);
        let cache = model.cache(blocks as usize)?;
        Ok((Self { model, cache, blocks: (0..blocks).collect() }, tokenizer))
    }

    /// Computes one chunk and adds the scores of its second half.
    fn score(
        &mut self,
        chunk: &[u32],
        bos: Option<u32>,
        total: &mut Likelihoods,
    ) -> Result<(), QualityError> {
        let mut tokens = chunk.to_vec();
        // Every chunk is a prompt of its own: it begins as the model expects prompts to begin.
        if let (Some(first), Some(bos)) = (tokens.first_mut(), bos) {
            *first = bos;
        }
        let vocabulary = self.model.config().vocab as usize;
        // The last token is only predicted, and a token at `place` is predicted by the row before it.
        let (first_scored, rows) = (chunk.len() / 2, chunk.len() - 1);
        for start in (0..rows).step_by(SCORED_ROWS as usize) {
            let end = rows.min(start + SCORED_ROWS as usize);
            let wanted = start.max(first_scored)..end.max(first_scored);
            let mut step = BatchStep::default();
            step.push(&tokens[start..end], start, &self.blocks);
            step.want(wanted.start - start..wanted.end.max(wanted.start) - start);
            let logits = self.model.forward(&step, &mut self.cache)?;
            for (row, logits) in wanted.zip(logits.chunks_exact(vocabulary)) {
                total.add(negative_log_likelihood(logits, chunk[row + 1]));
            }
        }
        total.chunks += 1;
        Ok(())
    }
}

#[derive(Default)]
struct Likelihoods {
    sum: f64,
    sum_of_squares: f64,
    count: usize,
    chunks: usize,
}

impl Likelihoods {
    fn add(&mut self, negative_log_likelihood: f64) {
        self.sum += negative_log_likelihood;
        self.sum_of_squares += negative_log_likelihood * negative_log_likelihood;
        self.count += 1;
    }

    fn quality(&self) -> Quality {
        let count = self.count.max(1) as f64;
        let mean = self.sum / count;
        let variance = (self.sum_of_squares / count - mean * mean).max(0.0);
        let perplexity = mean.exp();
        Quality {
            perplexity,
            standard_error: perplexity * (variance / (count - 1.0).max(1.0)).sqrt(),
            scored_tokens: self.count,
            chunks: self.chunks,
        }
    }
}

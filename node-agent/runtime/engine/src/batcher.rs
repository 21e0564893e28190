//! Which sequences compute how many tokens in the next step. Pure: no clock, no model, no channel.
//!
//! `plan` admits what fits and composes a step; the engine runs it; `settle` records what came of it.
//! Sequences join and leave between steps, never within one:
//!
//! * **admission** is first come, first served, and takes a sequence only when there is a place in the
//!   batch and KV blocks for its prompt and all the tokens it may decode;
//! * **decode first**: every sequence that decodes gets its one token in every step;
//! * **chunked prefill**: what is left of the step's budget goes to prompts, in order of arrival and each to
//!   its end before the next, so the first tokens of many prompts do not all wait for the last.

use std::collections::VecDeque;

use crate::kv::{BlockPool, BlockTable};
use crate::limits::{PREFILL_TOKENS_ALONE, PREFILL_TOKENS_BESIDE_DECODE};

#[cfg(test)]
mod tests;

/// How large steps and the batch may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Sequences in the batch.
    pub max_sequences: usize,
    /// Prompt tokens of a step in which nothing decodes.
    pub prefill_tokens_alone: usize,
    /// Prompt tokens of a step in which something decodes.
    pub prefill_tokens_beside_decode: usize,
}

impl BatchLimits {
    /// The usual step sizes for this many sequences.
    pub fn new(max_sequences: usize) -> Self {
        Self {
            max_sequences,
            prefill_tokens_alone: PREFILL_TOKENS_ALONE,
            prefill_tokens_beside_decode: PREFILL_TOKENS_BESIDE_DECODE,
        }
    }
}

/// A sequence that is waiting: its prompt, how much it may decode, and whatever the engine keeps with it.
#[derive(Debug)]
pub struct Waiting<T> {
    /// Prompt tokens, at least one.
    pub prompt: Vec<u32>,
    /// Tokens to decode at most.
    pub max_tokens: usize,
    /// The engine's own.
    pub payload: T,
}

/// A sequence in the batch.
#[derive(Debug)]
pub struct Running<T> {
    /// Prompt and decoded tokens.
    pub tokens: Vec<u32>,
    /// Tokens whose keys and values are in the cache.
    pub computed: usize,
    /// Where they are.
    pub blocks: BlockTable,
    /// The engine's own.
    pub payload: T,
}

/// The tokens that one sequence computes in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepItem {
    /// Index into [`Batcher::running`].
    pub index: usize,
    /// Position of the first token.
    pub start: usize,
    /// Tokens.
    pub count: usize,
    /// The last of them is the last known: its logits choose the next token.
    pub samples: bool,
}

/// What came of a sequence that sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on with this token.
    Next(u32),
    /// It has ended and leaves the batch.
    Ended,
}

/// The waiting queue and the batch.
#[derive(Debug)]
pub struct Batcher<T> {
    limits: BatchLimits,
    pool: BlockPool,
    waiting: VecDeque<Waiting<T>>,
    running: Vec<Running<T>>,
}

impl<T> Batcher<T> {
    /// An empty batch over these blocks.
    pub fn new(limits: BatchLimits, pool: BlockPool) -> Self {
        Self { limits, pool, waiting: VecDeque::new(), running: Vec::new() }
    }

    /// Puts a sequence at the end of the queue.
    pub fn push(&mut self, sequence: Waiting<T>) {
        self.waiting.push_back(sequence);
    }

    /// Sequences in the batch, in order of arrival.
    pub fn running(&self) -> &[Running<T>] {
        &self.running
    }

    /// Mutable view of the sequences in the batch.
    pub fn running_mut(&mut self) -> &mut [Running<T>] {
        &mut self.running
    }

    /// Sequences in the queue.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Nothing waits and nothing runs.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.running.is_empty()
    }

    /// Takes out the sequences that `leaves` says have left; their blocks are freed.
    pub fn remove(&mut self, leaves: impl Fn(&T) -> bool) -> Vec<T> {
        let (gone, waiting) = self.waiting.drain(..).partition(|one| leaves(&one.payload));
        self.waiting = waiting;
        let gone: VecDeque<Waiting<T>> = gone;
        let ended = self.running.extract_if(.., |one| leaves(&one.payload));
        gone.into_iter().map(|one| one.payload).chain(ended.map(|one| one.payload)).collect()
    }

    /// Takes out the sequences of a step that could not be computed.
    pub fn abandon(&mut self, step: &[StepItem]) -> Vec<T> {
        let mut index = 0..;
        let in_step = |index| step.iter().any(|item| item.index == index);
        let abandoned = self.running.extract_if(.., |_| index.next().is_some_and(in_step));
        abandoned.map(|one| one.payload).collect()
    }

    /// Admits what fits, then composes the next step. Empty when there is nothing to compute.
    pub fn plan(&mut self) -> Vec<StepItem> {
        self.admit();
        let known = |one: &Running<T>| one.tokens.len() - one.computed;
        let (decoding, filling): (Vec<usize>, Vec<usize>) =
            (0..self.running.len()).partition(|index| known(&self.running[*index]) == 1);
        let mut budget = if decoding.is_empty() {
            self.limits.prefill_tokens_alone
        } else {
            self.limits.prefill_tokens_beside_decode
        };
        let mut step: Vec<StepItem> = decoding.iter().map(|index| self.item(*index, 1)).collect();
        for index in filling {
            let count = known(&self.running[index]).min(budget);
            if count == 0 {
                break;
            }
            budget -= count;
            step.push(self.item(index, count));
        }
        step
    }

    /// Records a step that ran. `verdicts` has one entry per item that samples, in the step's order.
    pub fn settle(&mut self, step: &[StepItem], verdicts: &[Verdict]) {
        let mut verdicts = verdicts.iter();
        let mut ended = Vec::new();
        for item in step {
            let one = &mut self.running[item.index];
            one.computed += item.count;
            match item.samples.then(|| verdicts.next()).flatten() {
                Some(Verdict::Next(token)) => one.tokens.push(*token),
                Some(Verdict::Ended) => ended.push(item.index),
                None => {}
            }
        }
        let mut index = 0..;
        self.running.retain(|_| index.next().is_none_or(|index| !ended.contains(&index)));
    }

    fn admit(&mut self) {
        while self.running.len() < self.limits.max_sequences {
            let Some(first) = self.waiting.front() else { return };
            // Strictly first come, first served: a small request behind a large one waits, so the large one
            // is never starved.
            let Some(blocks) = self.pool.grant(first.prompt.len() + first.max_tokens) else { return };
            let Some(Waiting { prompt, max_tokens, payload }) = self.waiting.pop_front() else { return };
            let mut tokens = prompt;
            tokens.reserve_exact(max_tokens);
            self.running.push(Running { tokens, computed: 0, blocks, payload });
        }
    }

    fn item(&self, index: usize, count: usize) -> StepItem {
        let one = &self.running[index];
        StepItem { index, start: one.computed, count, samples: one.computed + count == one.tokens.len() }
    }
}

//! What a forward pass computes.

use runtime_kernels::{AttentionRow, KvSlot};

use crate::batcher::{Running, StepItem};
use crate::kv::BLOCK_TOKENS;

/// The tokens of one batch step, one row each; rows of one sequence follow each other in rising position.
#[derive(Debug, Default)]
pub(crate) struct BatchStep<'a> {
    pub(super) tokens: Vec<u32>,
    pub(super) rows: Vec<AttentionRow>,
    pub(super) positions: Vec<u32>,
    pub(super) slots: Vec<KvSlot>,
    /// Per sequence of the step, its KV blocks.
    pub(super) block_tables: Vec<&'a [u32]>,
    /// Rows whose logits are wanted.
    pub(super) wanted: Vec<usize>,
}

impl<'a> BatchStep<'a> {
    /// The step that the batcher planned.
    pub(crate) fn planned<T>(running: &'a [Running<T>], plan: &[StepItem]) -> Self {
        let mut step = Self::default();
        for item in plan {
            let one = &running[item.index];
            step.push(&one.tokens[item.start..item.start + item.count], item.start, one.blocks.blocks());
            if item.samples {
                step.want_last();
            }
        }
        step
    }

    /// Adds consecutive tokens of one sequence, the first of them at position `start`.
    pub(crate) fn push(&mut self, tokens: &[u32], start: usize, blocks: &'a [u32]) {
        let sequence = self.block_tables.len() as u32;
        self.block_tables.push(blocks);
        for (position, token) in (start..).zip(tokens) {
            self.tokens.push(*token);
            // Positions are below the context length, which is a u32.
            self.positions.push(position as u32);
            self.rows.push(AttentionRow { sequence, position: position as u32 });
            // A sequence was granted blocks for all its positions at admission.
            let page = blocks[position / BLOCK_TOKENS];
            self.slots.push(KvSlot { page, slot: (position % BLOCK_TOKENS) as u32 });
        }
    }

    /// Asks for the logits of the last row.
    pub(crate) fn want_last(&mut self) {
        self.wanted.extend(self.tokens.len().checked_sub(1));
    }

    /// Asks for the logits of these rows, counted from the first of the step.
    pub(crate) fn want(&mut self, rows: std::ops::Range<usize>) {
        self.wanted.extend(rows);
    }

    /// Rows in the step.
    pub(crate) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Nothing to compute.
    pub(crate) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }
}

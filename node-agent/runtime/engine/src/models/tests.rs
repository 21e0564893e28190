//! The numerics contract, end to end: the same tokens give the same logits, bit for bit, whatever runs
//! beside them, however the prompt is cut, on however many threads, on every instruction set.

mod random_models;
mod smollm2;

use runtime_formats::gguf::Gguf;
use runtime_formats::model::ModelConfig;
use runtime_formats::source::ByteSource;
use runtime_formats::testing::SplitMix;
use runtime_kernels::{Isa, Kernels, KvCache, Pool};
use sha2::{Digest, Sha256};

use super::{BatchStep, Llama, ScratchRows};
use crate::kv::{BLOCK_TOKENS, BlockPool, BlockTable};

/// Sequences that may run beside the one that is watched.
const NEIGHBOURS: usize = 7;
/// Positions of each of them.
const NEIGHBOUR_TOKENS: usize = 200;

/// How the watched sequence is computed.
#[derive(Debug, Clone, Copy)]
struct Schedule {
    /// Prompt tokens per step.
    chunk: usize,
    /// Sequences of random tokens beside it, each at its own pace.
    neighbours: usize,
    threads: usize,
    isa: Isa,
}

/// A model and the cache it computes in.
struct Subject {
    model: Llama,
    cache: KvCache,
    pool: BlockPool,
}

/// Another sequence in the batch.
struct Neighbour {
    tokens: Vec<u32>,
    computed: usize,
    blocks: BlockTable,
}

impl Subject {
    fn load<S: ByteSource + ?Sized>(source: &S, schedule: Schedule, positions: usize) -> Self {
        let Schedule { threads, isa, .. } = schedule;
        let gguf = Gguf::parse(source).unwrap();
        let config = ModelConfig::from_gguf(&gguf).unwrap();
        let compute = (Kernels::of(isa).unwrap(), Pool::new(threads).unwrap());
        let room = (ScratchRows { step: 1024, logits: 64 }, positions as u32);
        let model = Llama::load(source, &gguf, config, compute, room, &mut |_| {}).unwrap();
        let blocks = positions.div_ceil(BLOCK_TOKENS) + NEIGHBOURS * NEIGHBOUR_TOKENS.div_ceil(BLOCK_TOKENS);
        let cache = model.cache(blocks).unwrap();
        Self { model, cache, pool: BlockPool::new(blocks as u32) }
    }

    /// Computes `prompt` and then, one at a time, `answer`; calls `each` with the logits after the prompt and
    /// after each token of the answer.
    fn watch(
        &mut self,
        (prompt, answer): (&[u32], &[u32]),
        schedule: Schedule,
        mut each: impl FnMut(&[f32]),
    ) {
        let tokens = [prompt, answer].concat();
        let mut random = SplitMix(schedule.chunk as u64 * 31 + schedule.neighbours as u64);
        let mut neighbours: Vec<_> = (0..schedule.neighbours).map(|_| self.neighbour(&mut random)).collect();
        let blocks = self.pool.grant(tokens.len()).unwrap();
        let mut computed = 0;
        while computed < tokens.len() {
            let count = if computed < prompt.len() { schedule.chunk.min(prompt.len() - computed) } else { 1 };
            let (before, after) = neighbours.split_at_mut(schedule.neighbours / 2);
            let mut step = BatchStep::default();
            before.iter_mut().for_each(|one| one.advance(&mut random, &mut step));
            step.push(&tokens[computed..computed + count], computed, blocks.blocks());
            computed += count;
            let wanted = computed >= prompt.len();
            if wanted {
                step.want_last();
            }
            after.iter_mut().for_each(|one| one.advance(&mut random, &mut step));
            let logits = self.model.forward(&step, &mut self.cache).unwrap();
            if wanted {
                each(logits);
            }
        }
        drop((blocks, neighbours));
        self.pool.sweep(|block| self.cache.clear_page(block).unwrap());
    }

    /// The hash of all logits that [`Self::watch`] shows.
    fn logits_hash(&mut self, sequence: (&[u32], &[u32]), schedule: Schedule) -> String {
        let mut hash = Sha256::new();
        self.watch(sequence, schedule, |logits| {
            assert!(logits.iter().all(|logit| logit.is_finite()));
            logits.iter().for_each(|logit| hash.update(logit.to_bits().to_le_bytes()));
        });
        hex::encode(hash.finalize())
    }

    fn neighbour(&self, random: &mut SplitMix) -> Neighbour {
        let vocabulary = u64::from(self.model.config().vocab);
        let tokens = (0..NEIGHBOUR_TOKENS).map(|_| (random.next_u64() % vocabulary) as u32).collect();
        Neighbour { tokens, computed: 0, blocks: self.pool.grant(NEIGHBOUR_TOKENS).unwrap() }
    }
}

impl Neighbour {
    /// One to forty tokens at a time, resting now and then.
    fn advance<'a>(&'a mut self, random: &mut SplitMix, step: &mut BatchStep<'a>) {
        let pace = [1, 1, 1, 3, 40, 0][(random.next_u64() % 6) as usize];
        let count = pace.min(self.tokens.len() - self.computed);
        if count > 0 {
            let tokens = &self.tokens[self.computed..self.computed + count];
            step.push(tokens, self.computed, self.blocks.blocks());
            self.computed += count;
        }
    }
}

/// Instruction sets that this machine has.
fn available() -> impl Iterator<Item = Isa> {
    Isa::ALL.into_iter().filter(|isa| isa.available())
}

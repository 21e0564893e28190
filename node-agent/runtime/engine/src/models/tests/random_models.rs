use runtime_formats::quant::TensorType;
use runtime_formats::testing::{SplitMix, TinyLlama};
use runtime_kernels::Isa;

use super::{NEIGHBOURS, Schedule, Subject, available};

const TYPES: [TensorType; 7] = [
    TensorType::F32,
    TensorType::F16,
    TensorType::Q4_0,
    TensorType::Q4_1,
    TensorType::Q8_0,
    TensorType::Q4K,
    TensorType::Q6K,
];
const PROMPT_TOKENS: usize = 150;
const ANSWER_TOKENS: usize = 6;

fn model(matrices: TensorType) -> Vec<u8> {
    TinyLlama { layers: 1, hidden: 256, ffn: 256, heads: 4, kv_heads: 2, matrices, ..TinyLlama::default() }
        .gguf()
}

fn tokens(count: usize, seed: u64) -> Vec<u32> {
    let mut random = SplitMix(seed);
    (0..count).map(|_| (random.next_u64() % 256) as u32).collect()
}

/// Threads, prompt tokens per step, and sequences beside the watched one.
const SCHEDULES: [(usize, usize, usize); 6] =
    [(1, 512, 0), (2, 512, 0), (2, 1, 0), (1, 7, 0), (2, 24, NEIGHBOURS), (1, 512, NEIGHBOURS)];

#[test]
fn alone_batched_chunked_and_on_any_threads_and_instruction_set_the_logits_are_the_same_bits() {
    let (prompt, answer) = (tokens(PROMPT_TOKENS, 5), tokens(ANSWER_TOKENS, 6));
    for matrices in TYPES {
        let file = model(matrices);
        let mut expected = None;
        for isa in available() {
            // The specification is slow: it computes each type once, and the fast kernels every schedule.
            let schedules = if isa == Isa::Scalar { &SCHEDULES[..1] } else { &SCHEDULES };
            for &(threads, chunk, neighbours) in schedules {
                let schedule = Schedule { chunk, neighbours, threads, isa };
                let hash = Subject::load(&file, schedule, 512).logits_hash((&prompt, &answer), schedule);
                let expected = expected.get_or_insert(hash.clone());
                assert_eq!(hash, *expected, "{matrices:?} {schedule:?}");
            }
        }
    }
}

#[test]
fn another_token_anywhere_in_the_prompt_changes_the_logits() {
    let file = model(TensorType::Q4_1);
    let schedule = Schedule { chunk: 64, neighbours: 0, threads: 1, isa: Isa::best() };
    let mut subject = Subject::load(&file, schedule, 512);
    let prompt = tokens(PROMPT_TOKENS, 5);
    let original = subject.logits_hash((&prompt, &[]), schedule);
    for place in [0, 63, 64, PROMPT_TOKENS - 1] {
        let mut changed = prompt.clone();
        changed[place] ^= 1;
        assert_ne!(subject.logits_hash((&changed, &[]), schedule), original, "position {place}");
    }
}

use super::{BatchLimits, Batcher, StepItem, Verdict, Waiting};
use crate::kv::{BLOCK_TOKENS, BlockPool};

const LIMITS: BatchLimits =
    BatchLimits { max_sequences: 3, prefill_tokens_alone: 100, prefill_tokens_beside_decode: 10 };

fn batcher(limits: BatchLimits, blocks: u32) -> Batcher<&'static str> {
    Batcher::new(limits, BlockPool::new(blocks))
}

fn waiting(payload: &'static str, prompt: usize, max_tokens: usize) -> Waiting<&'static str> {
    Waiting { prompt: vec![1; prompt], max_tokens, payload }
}

fn names(batcher: &Batcher<&'static str>) -> Vec<&'static str> {
    batcher.running().iter().map(|one| one.payload).collect()
}

/// Plans and settles one step in which every sampling sequence goes on.
fn step(batcher: &mut Batcher<&'static str>) -> Vec<(&'static str, usize, usize, bool)> {
    let step = batcher.plan();
    let described = step
        .iter()
        .map(|item| (batcher.running()[item.index].payload, item.start, item.count, item.samples))
        .collect();
    let verdicts = vec![Verdict::Next(7); step.iter().filter(|item| item.samples).count()];
    batcher.settle(&step, &verdicts);
    described
}

#[test]
fn a_lone_prompt_is_prefilled_in_large_chunks_then_decodes_one_token_a_step() {
    let mut batcher = batcher(LIMITS, 64);
    batcher.push(waiting("a", 150, 8));
    assert_eq!(step(&mut batcher), [("a", 0, 100, false)]);
    assert_eq!(step(&mut batcher), [("a", 100, 50, true)]);
    assert_eq!(step(&mut batcher), [("a", 150, 1, true)]);
    assert_eq!(step(&mut batcher), [("a", 151, 1, true)]);
    assert_eq!(batcher.running()[0].tokens.len(), 153);
}

#[test]
fn decoding_sequences_come_first_and_prompts_get_the_small_budget_in_order_of_arrival() {
    let mut batcher = batcher(LIMITS, 64);
    batcher.push(waiting("a", 5, 8));
    step(&mut batcher);
    batcher.push(waiting("b", 16, 8));
    batcher.push(waiting("c", 16, 8));
    assert_eq!(step(&mut batcher), [("a", 5, 1, true), ("b", 0, 10, false)]);
    assert_eq!(step(&mut batcher), [("a", 6, 1, true), ("b", 10, 6, true), ("c", 0, 4, false)]);
    assert_eq!(step(&mut batcher), [("a", 7, 1, true), ("b", 16, 1, true), ("c", 4, 10, false)]);
}

#[test]
fn a_sequence_is_admitted_only_with_a_place_and_blocks_for_all_it_may_decode() {
    let mut batcher = batcher(LIMITS, 3);
    batcher.push(waiting("two blocks", BLOCK_TOKENS, BLOCK_TOKENS));
    batcher.push(waiting("two more", BLOCK_TOKENS, 1));
    batcher.push(waiting("one", 1, 1));
    batcher.plan();
    assert_eq!(names(&batcher), ["two blocks"], "nobody overtakes the one that does not fit");
    assert_eq!(batcher.waiting(), 2);
}

#[test]
fn the_next_one_joins_when_another_ends_and_its_blocks_were_swept() {
    let limits = BatchLimits { max_sequences: 1, ..LIMITS };
    let pool = BlockPool::new(1);
    let mut batcher = Batcher::new(limits, pool.clone());
    batcher.push(waiting("a", 2, 1));
    batcher.push(waiting("b", 2, 1));
    let step = batcher.plan();
    assert_eq!(step, [StepItem { index: 0, start: 0, count: 2, samples: true }]);
    batcher.settle(&step, &[Verdict::Ended]);
    assert_eq!(pool.used(), 0);
    pool.sweep(|_| {});
    batcher.plan();
    assert_eq!(names(&batcher), ["b"]);
}

#[test]
fn those_that_ended_leave_and_the_others_keep_their_order() {
    let mut batcher = batcher(LIMITS, 64);
    ["a", "b", "c"].into_iter().for_each(|name| batcher.push(waiting(name, 1, 8)));
    let step = batcher.plan();
    batcher.settle(&step, &[Verdict::Next(4), Verdict::Ended, Verdict::Next(5)]);
    assert_eq!(names(&batcher), ["a", "c"]);
    assert_eq!(batcher.running()[1].tokens, [1, 5]);
}

#[test]
fn a_cancelled_sequence_leaves_the_queue_or_the_batch_and_frees_its_blocks() {
    let pool = BlockPool::new(64);
    let mut batcher = Batcher::new(LIMITS, pool.clone());
    ["a", "b", "c", "d"].into_iter().for_each(|name| batcher.push(waiting(name, 1, 8)));
    batcher.plan();
    assert_eq!((pool.used(), batcher.waiting()), (3, 1));
    assert_eq!(batcher.remove(|name| ["b", "d"].contains(name)), ["d", "b"]);
    assert_eq!((pool.used(), batcher.waiting()), (2, 0));
    assert_eq!(names(&batcher), ["a", "c"]);
    assert!(batcher.remove(|_| true).len() == 2 && batcher.is_empty());
}

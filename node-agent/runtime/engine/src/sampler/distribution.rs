//! Drawing from the filtered, tempered distribution.

use runtime_formats::numerics::math::exp_f32;

use super::{SamplingParams, by_rank};

/// A token that may still be drawn.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    logit: f32,
    id: u32,
    /// Probability relative to the most likely token's.
    weight: f32,
}

/// How many candidates to rank at first when looking for the top-p set; grown as needed.
const FIRST_RANKED: usize = 64;

/// Draws a token. `best` is the largest logit, `uniform` is in [0, 1).
pub(super) fn draw(logits: &[f32], best: f32, params: &SamplingParams, uniform: f64) -> u32 {
    let mut candidates = tempered(logits, best, params);
    if params.top_k > 0 && (params.top_k as usize) < candidates.len() {
        keep_ranked(&mut candidates, params.top_k as usize);
    }
    if params.top_p < 1.0 {
        keep_nucleus(&mut candidates, f64::from(params.top_p));
    }
    pick(&candidates, uniform)
}

/// Every token that min-p leaves, in id order.
fn tempered(logits: &[f32], best: f32, params: &SamplingParams) -> Vec<Candidate> {
    let tempered = (0u32..).zip(logits).map(|(id, &logit)| Candidate {
        logit,
        id,
        weight: exp_f32((logit - best) / params.temperature),
    });
    // A weight of zero can never be drawn; not-a-number fails the comparison too.
    tempered.filter(|candidate| candidate.weight > 0.0 && candidate.weight >= params.min_p).collect()
}

/// Keeps the `count` first-ranked candidates, ranked.
fn keep_ranked(candidates: &mut Vec<Candidate>, count: usize) {
    rank_first(candidates, count);
    candidates.truncate(count);
}

/// Puts the `count` first-ranked candidates in front, in order. The rest stay in no stated order.
fn rank_first(candidates: &mut [Candidate], count: usize) {
    let rank = |a: &Candidate, b: &Candidate| by_rank((a.logit, a.id), (b.logit, b.id));
    if count < candidates.len() {
        candidates.select_nth_unstable_by(count, rank);
    }
    let count = count.min(candidates.len());
    candidates[..count].sort_unstable_by(rank);
}

/// Keeps the shortest ranked prefix whose weight reaches `top_p` of the whole.
fn keep_nucleus(candidates: &mut Vec<Candidate>, top_p: f64) {
    let target = top_p * total(candidates);
    let mut ranked = FIRST_RANKED;
    loop {
        rank_first(candidates, ranked);
        let front = &candidates[..ranked.min(candidates.len())];
        let mut reached = 0.0;
        let place = front.iter().position(|candidate| {
            reached += f64::from(candidate.weight);
            reached >= target
        });
        match place {
            Some(place) => return candidates.truncate(place + 1),
            None if ranked >= candidates.len() => return,
            None => ranked *= 8,
        }
    }
}

/// Sums in the candidates' order, which every caller has fixed by then.
fn total(candidates: &[Candidate]) -> f64 {
    candidates.iter().map(|candidate| f64::from(candidate.weight)).sum()
}

/// The candidate in whose share of the whole `uniform` falls.
fn pick(candidates: &[Candidate], uniform: f64) -> u32 {
    let target = uniform * total(candidates);
    let mut reached = 0.0;
    let drawn = candidates.iter().find(|candidate| {
        reached += f64::from(candidate.weight);
        reached > target
    });
    // The most likely token always has weight 1, so there is a last candidate.
    drawn.or(candidates.last()).map_or(0, |candidate| candidate.id)
}

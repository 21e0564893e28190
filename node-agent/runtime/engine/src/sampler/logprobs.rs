//! Log-probabilities before penalties, temperature and filters.

use runtime_formats::numerics::math::{exp_f32, ln_f64};

use super::by_rank;

/// A token and the natural logarithm of its probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenLogprob {
    /// The token.
    pub token: u32,
    /// Natural logarithm, at most 0.
    pub logprob: f32,
}

/// The chosen token's log-probability and the most likely tokens', best first.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenLogprobs {
    /// The token that was chosen.
    pub chosen: TokenLogprob,
    /// As many as were asked for.
    pub top: Vec<TokenLogprob>,
}

/// What must be taken from the logits before anything changes them.
pub(super) struct Raw {
    best: f32,
    log_total: f64,
    top: Vec<(f32, u32)>,
}

impl Raw {
    pub(super) fn of(logits: &[f32], top: u32) -> Self {
        let best = logits.iter().fold(f32::NEG_INFINITY, |a, b| if *b > a { *b } else { a });
        Self { best, log_total: log_total(logits, best), top: most_likely(logits, top as usize) }
    }

    pub(super) fn report(&self, logits: &[f32], chosen: u32) -> TokenLogprobs {
        let of = |logit: f32, token| TokenLogprob { token, logprob: self.logprob(logit) };
        let chosen_logit = logits.get(chosen as usize).copied().unwrap_or(f32::NEG_INFINITY);
        TokenLogprobs {
            chosen: of(chosen_logit, chosen),
            top: self.top.iter().map(|&(logit, token)| of(logit, token)).collect(),
        }
    }

    fn logprob(&self, logit: f32) -> f32 {
        (f64::from(logit - self.best) - self.log_total) as f32
    }
}

/// The negative log-likelihood of `token` under `logits`, in nats.
pub(crate) fn negative_log_likelihood(logits: &[f32], token: u32) -> f64 {
    let best = logits.iter().fold(f32::NEG_INFINITY, |a, b| if *b > a { *b } else { a });
    let logit = logits.get(token as usize).copied().unwrap_or(f32::NEG_INFINITY);
    log_total(logits, best) - f64::from(logit - best)
}

/// The logarithm of the sum of probabilities relative to the best logit's, summed in id order.
fn log_total(logits: &[f32], best: f32) -> f64 {
    ln_f64(logits.iter().map(|logit| f64::from(exp_f32(logit - best))).sum())
}

fn most_likely(logits: &[f32], count: usize) -> Vec<(f32, u32)> {
    if count == 0 {
        return Vec::new();
    }
    let mut ranked: Vec<(f32, u32)> = logits.iter().copied().zip(0u32..).collect();
    if count < ranked.len() {
        ranked.select_nth_unstable_by(count, |a, b| by_rank(*a, *b));
        ranked.truncate(count);
    }
    ranked.sort_unstable_by(|a, b| by_rank(*a, *b));
    ranked
}

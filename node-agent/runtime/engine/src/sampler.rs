//! Logits to the next token.
//!
//! The order is fixed: penalties, temperature, min-p, top-k, top-p, draw. Equal logits are ordered by token
//! id, sums run in a stated order, and the random number of a token depends on nothing but the seed and the
//! token's place in the answer. So the same logits, parameters and seed give the same token on any machine.

mod distribution;
mod logprobs;
mod params;
mod penalties;
mod philox;

#[cfg(test)]
mod tests;

use std::cmp::Ordering;

pub(crate) use logprobs::negative_log_likelihood;
pub use logprobs::{TokenLogprob, TokenLogprobs};
pub use params::{ParamError, SamplingParams};
use penalties::Penalties;

/// The model computed something that is not a number; the sequence cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the model computed no finite logit; its weights are damaged or overflow in this numerics contract")]
pub struct NonFinite;

/// What the sampler chose.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampled {
    /// The token.
    pub token: u32,
    /// Its log-probability and its rivals', if they were asked for.
    pub logprobs: Option<TokenLogprobs>,
}

/// The sampler of one sequence.
#[derive(Debug)]
pub struct Sampler {
    params: SamplingParams,
    penalties: Penalties,
    top_logprobs: Option<u32>,
    /// Tokens sampled so far: the counter of the random generator.
    sampled: u64,
}

impl Sampler {
    /// A sampler for the sequence that begins with `prompt`. `top_logprobs` asks for log-probabilities.
    pub fn new(params: SamplingParams, top_logprobs: Option<u32>, prompt: &[u32]) -> Self {
        let penalties = Penalties::new(&params, prompt);
        Self { params, penalties, top_logprobs, sampled: 0 }
    }

    /// Chooses the next token. `logits` has one entry per token of the vocabulary and is used up.
    ///
    /// # Errors
    /// [`NonFinite`] when no logit is a finite number.
    pub fn sample(&mut self, logits: &mut [f32]) -> Result<Sampled, NonFinite> {
        let raw = self.top_logprobs.map(|top| logprobs::Raw::of(logits, top));
        let raw_logits = (raw.is_some() && self.penalties.any()).then(|| logits.to_vec());
        self.penalties.apply(logits);
        let best = argmax(logits).ok_or(NonFinite)?;
        let token = if self.params.temperature == 0.0 {
            best
        } else {
            let uniform = philox::uniform(self.params.seed, self.sampled);
            distribution::draw(logits, logits[best as usize], &self.params, uniform)
        };
        self.sampled += 1;
        self.penalties.saw(token);
        let logprobs = raw.map(|raw| raw.report(raw_logits.as_deref().unwrap_or(logits), token));
        Ok(Sampled { token, logprobs })
    }
}

/// The id of the largest finite logit; the lowest id among equals.
fn argmax(logits: &[f32]) -> Option<u32> {
    // Lanes first, so that the compiler can compare many logits at once; the order of comparisons cannot
    // change a maximum.
    const LANES: usize = 16;
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (chunks, rest) = logits.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, logit) in lanes.iter_mut().zip(chunk) {
            *lane = if *logit > *lane { *logit } else { *lane };
        }
    }
    let best = lanes.iter().chain(rest).fold(f32::NEG_INFINITY, |a, b| if *b > a { *b } else { a });
    let place = logits.iter().position(|logit| *logit == best).filter(|_| best.is_finite())?;
    u32::try_from(place).ok()
}

/// Larger logits first, then lower ids: a total order, because ids differ.
fn by_rank(a: (f32, u32), b: (f32, u32)) -> Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

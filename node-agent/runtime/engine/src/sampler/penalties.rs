//! Making tokens that already appeared less (or more) likely.

use std::collections::HashMap;

use super::SamplingParams;

/// What was seen so far, and what that costs.
#[derive(Debug)]
pub(super) struct Penalties {
    presence: f32,
    frequency: f32,
    repetition: f32,
    /// How often each token was generated; 0 for tokens of the prompt.
    generated: HashMap<u32, u32>,
}

impl Penalties {
    pub(super) fn new(params: &SamplingParams, prompt: &[u32]) -> Self {
        let mut penalties = Self {
            presence: params.presence_penalty,
            frequency: params.frequency_penalty,
            repetition: params.repetition_penalty,
            generated: HashMap::new(),
        };
        // Only the repetition penalty looks at the prompt.
        if penalties.repetition != 1.0 {
            penalties.generated.extend(prompt.iter().map(|token| (*token, 0)));
        }
        penalties
    }

    /// Whether any penalty is in force.
    pub(super) fn any(&self) -> bool {
        self.presence != 0.0 || self.frequency != 0.0 || self.repetition != 1.0
    }

    pub(super) fn saw(&mut self, token: u32) {
        if self.any() {
            *self.generated.entry(token).or_default() += 1;
        }
    }

    /// Each token's logit is changed alone, so the map's order does not matter.
    pub(super) fn apply(&self, logits: &mut [f32]) {
        for (token, count) in &self.generated {
            let Some(logit) = logits.get_mut(*token as usize) else { continue };
            *logit = if *logit > 0.0 { *logit / self.repetition } else { *logit * self.repetition };
            if *count > 0 {
                *logit -= self.presence + self.frequency * *count as f32;
            }
        }
    }
}

//! What a caller may ask of the sampler.

use crate::limits::MAX_TOP_K;

/// How the next token is chosen. The ranges are those of the wire contract.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SamplingParams {
    /// 0 to 2; 0 is greedy.
    pub temperature: f32,
    /// Keep the k most likely tokens; 0 keeps all.
    pub top_k: u32,
    /// Keep the smallest set whose probability reaches p, in (0, 1].
    pub top_p: f32,
    /// Drop tokens less likely than this times the most likely, 0 to 1.
    pub min_p: f32,
    /// -2 to 2, subtracted once from the logit of a token already generated.
    pub presence_penalty: f32,
    /// -2 to 2, subtracted once for each time the token was generated.
    pub frequency_penalty: f32,
    /// Above 0 to 10; divides positive and multiplies negative logits of tokens in prompt or answer.
    pub repetition_penalty: f32,
    /// Seed of the counter-based generator.
    pub seed: u64,
}

/// A sampling parameter is outside its range.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{field} is {value}; {range} is accepted")]
pub struct ParamError {
    /// The field, as the wire names it.
    pub field: &'static str,
    /// What it was.
    pub value: f64,
    /// What it may be.
    pub range: &'static str,
}

impl SamplingParams {
    /// Always the most likely token, nothing penalised.
    pub const GREEDY: Self = Self {
        temperature: 0.0,
        top_k: 0,
        top_p: 1.0,
        min_p: 0.0,
        presence_penalty: 0.0,
        frequency_penalty: 0.0,
        repetition_penalty: 1.0,
        seed: 0,
    };

    /// Checks every field's range. Not-a-number is outside every range.
    ///
    /// # Errors
    /// [`ParamError`] names the first field that is outside.
    pub fn validate(&self) -> Result<(), ParamError> {
        let penalty = |value: f32| (-2.0..=2.0).contains(&value);
        let checks = [
            ("temperature", self.temperature, (0.0..=2.0).contains(&self.temperature), "0 to 2"),
            ("top_p", self.top_p, self.top_p > 0.0 && self.top_p <= 1.0, "above 0, to 1"),
            ("min_p", self.min_p, (0.0..=1.0).contains(&self.min_p), "0 to 1"),
            ("presence_penalty", self.presence_penalty, penalty(self.presence_penalty), "-2 to 2"),
            ("frequency_penalty", self.frequency_penalty, penalty(self.frequency_penalty), "-2 to 2"),
            (
                "repetition_penalty",
                self.repetition_penalty,
                self.repetition_penalty > 0.0 && self.repetition_penalty <= 10.0,
                "above 0, to 10",
            ),
        ];
        if let Some((field, value, _, range)) = checks.into_iter().find(|(_, _, inside, _)| !inside) {
            return Err(ParamError { field, value: value.into(), range });
        }
        if self.top_k > MAX_TOP_K {
            return Err(ParamError { field: "top_k", value: self.top_k.into(), range: "0 to 1,000,000" });
        }
        Ok(())
    }
}

//! The parameters that chat and text completions share.

use cloister_proto::inference::v1::{DecodeParams, SamplingParams};
use serde::Deserialize;

use crate::failure::Failure;

/// Sampling and decoding, as they are sent.
#[derive(Deserialize)]
pub(super) struct Params {
    temperature: Option<f64>,
    top_p: Option<f64>,
    /// vLLM's extension; -1 and 0 keep all tokens.
    top_k: Option<i64>,
    min_p: Option<f64>,
    presence_penalty: Option<f64>,
    frequency_penalty: Option<f64>,
    repetition_penalty: Option<f64>,
    seed: Option<u64>,
    ignore_eos: Option<bool>,
    max_tokens: Option<u32>,
    max_completion_tokens: Option<u32>,
    stop: Option<Stop>,
    return_token_ids: Option<bool>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a string or a list of strings")]
enum Stop {
    One(String),
    Many(Vec<String>),
}

/// How the answer is to be sent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Delivery {
    pub(super) stream: bool,
    pub(super) include_usage: bool,
    pub(super) return_token_ids: bool,
}

impl Params {
    /// In the terms of the wire contract. Ranges are checked later, for both protocols alike.
    ///
    /// # Errors
    /// `Invalid` where two fields contradict each other or a number fits no type.
    pub(super) fn resolve(self) -> Result<(SamplingParams, DecodeParams, Delivery), Failure> {
        let delivery = self.delivery()?;
        let sampling = SamplingParams {
            temperature: self.temperature.map(narrow),
            top_k: top_k(self.top_k)?,
            top_p: self.top_p.map(narrow),
            min_p: self.min_p.map(narrow),
            presence_penalty: self.presence_penalty.map(narrow),
            frequency_penalty: self.frequency_penalty.map(narrow),
            repetition_penalty: self.repetition_penalty.map(narrow),
            seed: self.seed,
            ignore_eos: self.ignore_eos.unwrap_or(false),
        };
        let decode = DecodeParams {
            max_tokens: max_tokens(self.max_tokens, self.max_completion_tokens)?,
            stop: match self.stop {
                None => Vec::new(),
                Some(Stop::One(text)) => vec![text],
                Some(Stop::Many(texts)) => texts,
            },
            top_logprobs: None,
            return_token_ids: delivery.return_token_ids,
        };
        Ok((sampling, decode, delivery))
    }

    fn delivery(&self) -> Result<Delivery, Failure> {
        let stream = self.stream.unwrap_or(false);
        if self.stream_options.is_some() && !stream {
            return Err(Failure::invalid("stream_options", "needs `stream` to be true"));
        }
        Ok(Delivery {
            stream,
            include_usage: self.stream_options.as_ref().is_some_and(|o| o.include_usage.unwrap_or(false)),
            return_token_ids: self.return_token_ids.unwrap_or(false),
        })
    }
}

/// JSON's numbers in the wire's width. What does not fit becomes infinite, and is refused as out of range.
fn narrow(value: f64) -> f32 {
    value as f32
}

fn top_k(value: Option<i64>) -> Result<Option<u32>, Failure> {
    match value {
        None => Ok(None),
        Some(-1) => Ok(Some(0)),
        Some(value) => u32::try_from(value).map(Some).map_err(|_| {
            Failure::invalid(
                "top_k",
                format!("must be -1 or an integer from 0 to {}", crate::limits::MAX_TOP_K),
            )
        }),
    }
}

/// Two names for one thing: the older, and the newer.
fn max_tokens(older: Option<u32>, newer: Option<u32>) -> Result<Option<u32>, Failure> {
    match (older, newer) {
        (Some(older), Some(newer)) if older != newer => {
            Err(Failure::invalid("max_completion_tokens", "contradicts `max_tokens`; give one of the two"))
        }
        (older, newer) => Ok(newer.or(older)),
    }
}

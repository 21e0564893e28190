//! `POST /v1/completions`: what is asked.

use serde::Deserialize;

use super::params::Params;
use super::render::Shape;
use super::reply::Plan;
use super::{Parsed, features, json};
use crate::failure::Failure;
use crate::request::{InferenceRequest, Input, Operation, Protocol};

#[derive(Deserialize)]
struct Body {
    model: String,
    prompt: Prompt,
    /// How many alternatives to report; present means log-probabilities are wanted.
    logprobs: Option<u32>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a string, a list with one string, or a list of token ids")]
enum Prompt {
    Text(String),
    Texts(Vec<String>),
    TokenIds(Vec<u32>),
    TokenLists(Vec<Vec<u32>>),
}

/// Reads a body.
///
/// # Errors
/// `Invalid`, `Unsupported` or `Malformed`.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, Failure> {
    features::check(bytes)?;
    let (sampling, mut decode, delivery) = json::parse::<Params>(bytes)?.resolve()?;
    let body: Body = json::parse(bytes)?;
    decode.top_logprobs = body.logprobs;
    let request = InferenceRequest {
        operation: Operation::Generate,
        protocol: Protocol::Http,
        model: body.model,
        input: body.prompt.resolve()?,
        sampling,
        decode,
    };
    let logprobs = body.logprobs.is_some();
    Ok(Parsed { request, reply: Plan { shape: Shape::Text, delivery, logprobs } })
}

impl Prompt {
    fn resolve(self) -> Result<Input, Failure> {
        match self {
            Self::Text(text) => Ok(Input::Text(text)),
            Self::TokenIds(ids) => Ok(Input::TokenIds(ids)),
            // An empty list is the first of these; the check for emptiness comes later.
            Self::Texts(texts) if texts.is_empty() => Ok(Input::Text(String::new())),
            Self::Texts(texts) => only(texts).map(Input::Text),
            Self::TokenLists(lists) => only(lists).map(Input::TokenIds),
        }
    }
}

fn only<T>(values: Vec<T>) -> Result<T, Failure> {
    let mut values = values.into_iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value),
        _ => Err(Failure::Unsupported {
            param: "prompt".into(),
            message: "must be one prompt; make one request per prompt".into(),
        }),
    }
}

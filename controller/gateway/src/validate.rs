//! Are the values in range? The ranges are those that `inference.proto` states, for both protocols
//! alike. What depends on the prompt's length in tokens only the replica can tell.

use std::ops::RangeInclusive;

use cloister_proto::inference::v1::{ChatMessage, DecodeParams, SamplingParams};

use crate::failure::Failure;
use crate::limits;
use crate::request::{InferenceRequest, Input};
use crate::routes::Route;

const ROLES: [&str; 4] = ["system", "user", "assistant", "tool"];

/// The model's name, before a deployment is looked up by it.
///
/// # Errors
/// `Invalid` with the field's name.
pub(crate) fn model_name(name: &str) -> Result<(), Failure> {
    let chars = name.chars().count();
    if (1..=limits::MAX_MODEL_NAME_CHARS).contains(&chars) {
        return Ok(());
    }
    Err(Failure::invalid("model", format!("must have 1 to {} characters", limits::MAX_MODEL_NAME_CHARS)))
}

/// Checks everything that can be checked before tokenizing, and fills in every default but that of
/// `max_tokens`: absent means what the prompt leaves of the context.
///
/// # Errors
/// `Invalid` with the field's name; `ContextExceeded` when `max_tokens` alone exceeds the context.
pub(crate) fn complete(request: &mut InferenceRequest, route: &Route) -> Result<(), Failure> {
    input(&request.input)?;
    sampling(&request.sampling)?;
    decode(&request.decode)?;
    context(&request.decode, route)?;
    fill_in(&mut request.sampling)
}

fn input(input: &Input) -> Result<(), Failure> {
    let (param, empty) = match input {
        Input::Text(text) => ("prompt", text.is_empty()),
        Input::TokenIds(ids) => ("prompt", ids.is_empty()),
        Input::Messages(messages) => ("messages", messages.is_empty()),
    };
    if empty {
        return Err(Failure::invalid(param, "must not be empty"));
    }
    if input.size_bytes() > limits::MAX_PROMPT_BYTES {
        return Err(Failure::invalid(param, format!("must have at most {} bytes", limits::MAX_PROMPT_BYTES)));
    }
    match input {
        Input::Messages(all) => messages(all),
        Input::Text(_) | Input::TokenIds(_) => Ok(()),
    }
}

fn messages(messages: &[ChatMessage]) -> Result<(), Failure> {
    if messages.len() > limits::MAX_MESSAGES {
        return Err(Failure::invalid(
            "messages",
            format!("must have at most {} entries", limits::MAX_MESSAGES),
        ));
    }
    match messages.iter().position(|message| !ROLES.contains(&message.role.as_str())) {
        Some(index) => Err(Failure::invalid(
            format!("messages[{index}].role"),
            "must be `system`, `user`, `assistant` or `tool`",
        )),
        None => Ok(()),
    }
}

fn sampling(params: &SamplingParams) -> Result<(), Failure> {
    let closed: [(&str, Option<f32>, RangeInclusive<f32>); 4] = [
        ("temperature", params.temperature, 0.0..=2.0),
        ("min_p", params.min_p, 0.0..=1.0),
        ("presence_penalty", params.presence_penalty, -2.0..=2.0),
        ("frequency_penalty", params.frequency_penalty, -2.0..=2.0),
    ];
    for (param, value, range) in closed {
        // `contains` is false for NaN.
        if value.is_some_and(|value| !range.contains(&value)) {
            return Err(Failure::invalid(
                param,
                format!("must be a number from {} to {}", range.start(), range.end()),
            ));
        }
    }
    let above_zero =
        [("top_p", params.top_p, 1.0_f32), ("repetition_penalty", params.repetition_penalty, 10.0)];
    for (param, value, end) in above_zero {
        if value.is_some_and(|value| !(value > 0.0 && value <= end)) {
            return Err(Failure::invalid(param, format!("must be a number above 0, at most {end}")));
        }
    }
    at_most("top_k", params.top_k, limits::MAX_TOP_K)
}

fn decode(params: &DecodeParams) -> Result<(), Failure> {
    at_most("top_logprobs", params.top_logprobs, limits::MAX_TOP_LOGPROBS)?;
    if params.max_tokens == Some(0) {
        return Err(Failure::invalid("max_tokens", "must be at least 1"));
    }
    if params.stop.len() > limits::MAX_STOP_STRINGS {
        return Err(Failure::invalid(
            "stop",
            format!("must have at most {} strings", limits::MAX_STOP_STRINGS),
        ));
    }
    let fits = |stop: &String| (1..=limits::MAX_STOP_STRING_BYTES).contains(&stop.len());
    if !params.stop.iter().all(fits) {
        return Err(Failure::invalid(
            "stop",
            format!("must be strings of 1 to {} bytes", limits::MAX_STOP_STRING_BYTES),
        ));
    }
    Ok(())
}

fn at_most(param: &str, value: Option<u32>, end: u32) -> Result<(), Failure> {
    if value.is_some_and(|value| value > end) {
        return Err(Failure::invalid(param, format!("must be an integer from 0 to {end}")));
    }
    Ok(())
}

fn context(params: &DecodeParams, route: &Route) -> Result<(), Failure> {
    match params.max_tokens {
        Some(tokens) if tokens > route.context_length => Err(Failure::ContextExceeded {
            message: format!(
                "max_tokens is {tokens}, but prompt and answer together may have {} tokens here; ask for fewer",
                route.context_length
            ),
        }),
        _ => Ok(()),
    }
}

fn fill_in(params: &mut SamplingParams) -> Result<(), Failure> {
    params.temperature.get_or_insert(1.0);
    params.top_k.get_or_insert(0);
    params.top_p.get_or_insert(1.0);
    params.min_p.get_or_insert(0.0);
    params.presence_penalty.get_or_insert(0.0);
    params.frequency_penalty.get_or_insert(0.0);
    params.repetition_penalty.get_or_insert(1.0);
    if params.seed.is_none() {
        params.seed = Some(random_seed()?);
    }
    Ok(())
}

/// 63 bits, so that clients with signed integers can send it back.
fn random_seed() -> Result<u64, Failure> {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(|_| Failure::Internal)?;
    Ok(u64::from_le_bytes(bytes) >> 1)
}

#[cfg(test)]
mod tests;

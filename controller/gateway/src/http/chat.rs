//! `POST /v1/chat/completions`: what is asked.

use cloister_proto::inference::v1::ChatMessage;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::params::Params;
use super::render::Shape;
use super::reply::Plan;
use super::{Parsed, features, json};
use crate::failure::Failure;
use crate::request::{InferenceRequest, Input, Operation, Protocol};

#[derive(Deserialize)]
struct Body {
    model: String,
    messages: Vec<Message>,
    logprobs: Option<bool>,
    top_logprobs: Option<u32>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Option<Content>,
    tool_calls: Option<Vec<IgnoredAny>>,
    function_call: Option<IgnoredAny>,
    audio: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a string or a list of text parts")]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
}

/// Reads a body.
///
/// # Errors
/// `Invalid`, `Unsupported` or `Malformed`.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, Failure> {
    features::check(bytes)?;
    let (sampling, mut decode, delivery) = json::parse::<Params>(bytes)?.resolve()?;
    let body: Body = json::parse(bytes)?;
    decode.top_logprobs = top_logprobs(&body)?;
    let logprobs = decode.top_logprobs.is_some();
    let messages = body.messages.into_iter().enumerate().map(|(index, message)| message.resolve(index));
    let request = InferenceRequest {
        operation: Operation::Chat,
        protocol: Protocol::Http,
        model: body.model,
        input: Input::Messages(messages.collect::<Result<_, _>>()?),
        sampling,
        decode,
    };
    Ok(Parsed { request, reply: Plan { shape: Shape::Chat, delivery, logprobs } })
}

fn top_logprobs(body: &Body) -> Result<Option<u32>, Failure> {
    match (body.logprobs.unwrap_or(false), body.top_logprobs) {
        (true, count) => Ok(Some(count.unwrap_or(0))),
        (false, None | Some(0)) => Ok(None),
        (false, Some(_)) => Err(Failure::invalid("top_logprobs", "needs `logprobs` to be true")),
    }
}

impl Message {
    fn resolve(self, index: usize) -> Result<ChatMessage, Failure> {
        let unsupported = |field: &str| Failure::Unsupported {
            param: format!("messages[{index}].{field}"),
            message: "is not supported; send text".into(),
        };
        if self.tool_calls.is_some_and(|calls| !calls.is_empty()) {
            return Err(unsupported("tool_calls"));
        }
        if self.function_call.is_some() {
            return Err(unsupported("function_call"));
        }
        if self.audio.is_some() {
            return Err(unsupported("audio"));
        }
        let content = match self.content {
            Some(Content::Text(text)) => text,
            Some(Content::Parts(parts)) => joined(parts).ok_or_else(|| unsupported("content"))?,
            None => return Err(Failure::invalid(format!("messages[{index}].content"), "is required")),
        };
        Ok(ChatMessage { role: role(self.role), content })
    }
}

/// OpenAI renamed the role of the operator's instructions; chat templates know the older name.
fn role(role: String) -> String {
    if role == "developer" { "system".to_owned() } else { role }
}

/// The text of all parts, or `None` if one is no text.
fn joined(parts: Vec<Part>) -> Option<String> {
    parts.into_iter().map(|part| part.text.filter(|_| part.kind == "text")).collect()
}

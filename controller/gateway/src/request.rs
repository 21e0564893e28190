//! An inference request as both protocols mean it, before and after it is checked.

use cloister_proto::inference::v1::{ChatMessage, DecodeParams, SamplingParams, TokenIds};
use cloister_proto::worker::v1::{Conversation, RunRequest, run_request};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    Chat,
    Generate,
}

/// Over which protocol it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Protocol {
    Http,
    Grpc,
}

/// What is to be continued or answered.
#[derive(Clone, PartialEq)]
pub(crate) enum Input {
    Text(String),
    TokenIds(Vec<u32>),
    Messages(Vec<ChatMessage>),
}

/// One request. Not `Debug`: it holds the prompt.
#[derive(Clone)]
pub(crate) struct InferenceRequest {
    pub(crate) operation: Operation,
    pub(crate) protocol: Protocol,
    pub(crate) model: String,
    pub(crate) input: Input,
    pub(crate) sampling: SamplingParams,
    pub(crate) decode: DecodeParams,
}

/// What came with the request but is no part of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    /// Of the peer, without the port.
    pub(crate) address: Option<String>,
    pub(crate) timeout: Option<std::time::Duration>,
    /// W3C trace context, as the client sent it.
    pub(crate) traceparent: Option<String>,
}

impl Operation {
    /// The name on record.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Generate => "generate",
        }
    }

    /// The name in OpenTelemetry's GenAI conventions.
    pub(crate) fn gen_ai_name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Generate => "text_completion",
        }
    }
}

impl Protocol {
    /// The name on record.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Grpc => "grpc",
        }
    }
}

impl Input {
    /// Bytes of text, or of token ids.
    pub(crate) fn size_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::TokenIds(ids) => ids.len().saturating_mul(4),
            Self::Messages(messages) => {
                messages.iter().fold(0_usize, |sum, message| sum.saturating_add(message.content.len()))
            }
        }
    }

    /// The bytes that the record's prompt commitment covers: the canonical JSON (RFC 8785) of
    /// `{"text": …}`, `{"token_ids": […]}` or `{"messages": [{"content": …, "role": …}]}`.
    pub(crate) fn canonical(&self) -> Result<Vec<u8>, serde_json::Error> {
        let value = match self {
            Self::Text(text) => serde_json::json!({ "text": text }),
            Self::TokenIds(ids) => serde_json::json!({ "token_ids": ids }),
            Self::Messages(messages) => serde_json::json!({
                "messages": messages
                    .iter()
                    .map(|message| serde_json::json!({ "content": message.content, "role": message.role }))
                    .collect::<Vec<_>>()
            }),
        };
        serde_json_canonicalizer::to_vec(&value)
    }
}

impl InferenceRequest {
    /// What a replica is told. `request_id` is the id of the requested record.
    pub(crate) fn into_run(self, request_id: String, traceparent: String) -> RunRequest {
        let input = match self.input {
            Input::Text(text) => run_request::Input::Text(text),
            Input::TokenIds(ids) => run_request::Input::TokenIds(TokenIds { ids }),
            Input::Messages(messages) => run_request::Input::Conversation(Conversation { messages }),
        };
        RunRequest {
            request_id,
            input: Some(input),
            sampling: Some(self.sampling),
            decode: Some(self.decode),
            traceparent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_inputs_never_have_the_same_canonical_bytes() {
        let message = |role: &str, content: &str| ChatMessage { role: role.into(), content: content.into() };
        let inputs = [
            Input::Text("[1,2]".into()),
            Input::TokenIds(vec![1, 2]),
            Input::TokenIds(vec![12]),
            Input::Messages(vec![message("user", "a"), message("user", "b")]),
            Input::Messages(vec![message("user", "ab")]),
            Input::Messages(vec![message("system", "ab")]),
        ];
        let bytes: std::collections::HashSet<_> =
            inputs.iter().map(|input| input.canonical().unwrap()).collect();
        assert_eq!(bytes.len(), inputs.len());
        let chat = Input::Messages(vec![message("user", "é\n")]).canonical().unwrap();
        assert_eq!(
            String::from_utf8(chat).unwrap(),
            r#"{"messages":[{"content":"é\n","role":"user"}]}"#,
            "an outsider must be able to compute it"
        );
    }
}

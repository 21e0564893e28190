//! The objects of OpenAI's API, as its clients parse them. One type serves whole answers and chunks:
//! fields that a kind does not have are left out.

use std::collections::BTreeMap;

use serde::Serialize;

/// `chat.completion`, `chat.completion.chunk` or `text_completion`.
#[derive(Serialize)]
pub(super) struct Object<'a> {
    pub(super) id: &'a str,
    pub(super) object: &'static str,
    pub(super) created: i64,
    pub(super) model: &'a str,
    /// The numerics contract: what, with model and seed, determines the tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) system_fingerprint: Option<&'a str>,
    pub(super) choices: Vec<Choice<'a>>,
    /// `Some(None)` writes `null`, as in the chunks before the one with usage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<Option<Usage>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prompt_token_ids: Option<&'a [u32]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cloister: Option<Records<'a>>,
}

#[derive(Serialize, Default)]
pub(super) struct Choice<'a> {
    pub(super) index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<Message<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delta: Option<Delta<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    pub(super) logprobs: Option<Logprobs>,
    pub(super) finish_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token_ids: Option<&'a [u32]>,
}

#[derive(Serialize)]
pub(super) struct Message<'a> {
    pub(super) role: &'static str,
    pub(super) content: &'a str,
    pub(super) refusal: Option<()>,
}

#[derive(Serialize, Default)]
pub(super) struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<&'a str>,
}

#[derive(Serialize, Clone, Copy)]
pub(super) struct Usage {
    pub(super) prompt_tokens: u32,
    pub(super) completion_tokens: u32,
    pub(super) total_tokens: u32,
}

/// Where this answer is in the audit log.
#[derive(Serialize, Clone, Copy)]
pub(super) struct Records<'a> {
    pub(super) record: &'a str,
    pub(super) completion_record: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Logprobs {
    Chat { content: Vec<TokenLogprob>, refusal: Option<()> },
    Text(TextLogprobs),
}

#[derive(Serialize)]
pub(super) struct TokenLogprob {
    pub(super) token: String,
    pub(super) logprob: f32,
    pub(super) bytes: Vec<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_logprobs: Option<Vec<TokenLogprob>>,
}

/// Parallel lists, one entry per token.
#[derive(Serialize, Default)]
pub(super) struct TextLogprobs {
    pub(super) tokens: Vec<String>,
    pub(super) token_logprobs: Vec<f32>,
    pub(super) top_logprobs: Vec<BTreeMap<String, f32>>,
    /// Characters of the answer before each token.
    pub(super) text_offset: Vec<usize>,
}

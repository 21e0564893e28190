//! From events to objects.

use cloister_proto::inference::v1::{FinishReason, TokenDetail, TokenLogprob as WireLogprob};

use super::objects::{Choice, Delta, Logprobs, Message, Object, Records, TextLogprobs, TokenLogprob, Usage};
use super::params::Delivery;
use crate::inference::Finished;

/// What OpenAI writes for a probability of zero, which JSON cannot.
const LOWEST_LOGPROB: f32 = -9999.0;

/// Which of the two APIs is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Chat,
    Text,
}

/// What all objects of one answer share.
pub(super) struct Renderer {
    pub(super) shape: Shape,
    pub(super) delivery: Delivery,
    pub(super) logprobs: bool,
    pub(super) id: String,
    pub(super) created_unix_s: i64,
    pub(super) model: String,
    pub(super) record: String,
    pub(super) numerics_contract: Option<String>,
    /// Characters of the answer so far, for `text_offset`.
    pub(super) offset_chars: usize,
}

/// A whole answer, gathered.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) text: String,
    pub(super) token_ids: Vec<u32>,
    pub(super) prompt_token_ids: Vec<u32>,
    pub(super) logprobs: Vec<TokenDetail>,
}

impl Renderer {
    /// The answer as one object.
    pub(super) fn whole(&mut self, gathered: &Gathered, finished: &Finished) -> String {
        let mut choice = Choice {
            logprobs: self.logprobs(&gathered.logprobs),
            finish_reason: Some(finish_reason(finished.reason)),
            token_ids: self.delivery.return_token_ids.then_some(gathered.token_ids.as_slice()),
            ..Choice::default()
        };
        match self.shape {
            Shape::Chat => {
                choice.message = Some(Message { role: "assistant", content: &gathered.text, refusal: None });
            }
            Shape::Text => choice.text = Some(&gathered.text),
        }
        let mut object = self.object(vec![choice]);
        object.object = match self.shape {
            Shape::Chat => "chat.completion",
            Shape::Text => "text_completion",
        };
        object.usage = Some(Some(usage(finished)));
        object.prompt_token_ids =
            self.delivery.return_token_ids.then_some(gathered.prompt_token_ids.as_slice());
        object.cloister = Some(self.records(finished));
        json(&object)
    }

    /// The first chunk: the role, and the prompt's token ids if they were asked for. A text completion
    /// has none, unless it was asked for token ids.
    pub(super) fn first(&self, prompt_token_ids: &[u32]) -> Option<String> {
        let ids = self.delivery.return_token_ids.then_some(prompt_token_ids);
        let choice = match self.shape {
            Shape::Chat => self.choice(Delta { role: Some("assistant"), content: Some("") }, ""),
            Shape::Text if ids.is_some() => self.choice(Delta::default(), ""),
            Shape::Text => return None,
        };
        let mut object = self.object(vec![choice]);
        object.prompt_token_ids = ids;
        Some(json(&object))
    }

    /// A chunk of newly decoded text; none while there is nothing to show.
    pub(super) fn tokens(&mut self, text: &str, ids: &[u32], logprobs: &[TokenDetail]) -> Option<String> {
        let ids = (self.delivery.return_token_ids && !ids.is_empty()).then_some(ids);
        if text.is_empty() && ids.is_none() && (!self.logprobs || logprobs.is_empty()) {
            return None;
        }
        let logprobs = self.logprobs(logprobs);
        let mut choice = self.choice(Delta { role: None, content: Some(text) }, text);
        choice.logprobs = logprobs;
        choice.token_ids = ids;
        Some(json(&self.object(vec![choice])))
    }

    /// The last chunk, or two: the reason, then the usage if that was asked for. The records are in the
    /// last of them.
    pub(super) fn last(&self, finished: &Finished) -> Vec<String> {
        let mut choice = self.choice(Delta::default(), "");
        choice.finish_reason = Some(finish_reason(finished.reason));
        let mut reason = self.object(vec![choice]);
        if !self.delivery.include_usage {
            reason.cloister = Some(self.records(finished));
            return vec![json(&reason)];
        }
        let mut last = self.object(Vec::new());
        last.usage = Some(Some(usage(finished)));
        last.cloister = Some(self.records(finished));
        vec![json(&reason), json(&last)]
    }

    fn object<'a>(&'a self, choices: Vec<Choice<'a>>) -> Object<'a> {
        Object {
            id: &self.id,
            object: match self.shape {
                Shape::Chat => "chat.completion.chunk",
                Shape::Text => "text_completion",
            },
            created: self.created_unix_s,
            model: &self.model,
            system_fingerprint: self.numerics_contract.as_deref(),
            choices,
            usage: self.delivery.include_usage.then_some(None),
            prompt_token_ids: None,
            cloister: None,
        }
    }

    fn choice<'a>(&self, delta: Delta<'a>, text: &'a str) -> Choice<'a> {
        match self.shape {
            Shape::Chat => Choice { delta: Some(delta), ..Choice::default() },
            Shape::Text => Choice { text: Some(text), ..Choice::default() },
        }
    }

    fn records<'a>(&'a self, finished: &'a Finished) -> Records<'a> {
        Records { record: &self.record, completion_record: &finished.completed_record }
    }

    fn logprobs(&mut self, details: &[TokenDetail]) -> Option<Logprobs> {
        if !self.logprobs {
            return None;
        }
        Some(match self.shape {
            Shape::Chat => {
                Logprobs::Chat { content: details.iter().map(chat_logprob).collect(), refusal: None }
            }
            Shape::Text => Logprobs::Text(self.text_logprobs(details)),
        })
    }

    fn text_logprobs(&mut self, details: &[TokenDetail]) -> TextLogprobs {
        let mut lists = TextLogprobs::default();
        for detail in details {
            let chosen = detail.chosen.clone().unwrap_or_default();
            let token = text(&chosen);
            lists.text_offset.push(self.offset_chars);
            self.offset_chars += token.chars().count();
            lists.tokens.push(token);
            lists.token_logprobs.push(finite(chosen.logprob));
            let top = detail.top.iter().map(|other| (text(other), finite(other.logprob)));
            lists.top_logprobs.push(top.collect());
        }
        lists
    }
}

fn chat_logprob(detail: &TokenDetail) -> TokenLogprob {
    let mut chosen = token_logprob(&detail.chosen.clone().unwrap_or_default());
    chosen.top_logprobs = Some(detail.top.iter().map(token_logprob).collect());
    chosen
}

fn token_logprob(wire: &WireLogprob) -> TokenLogprob {
    TokenLogprob {
        token: text(wire),
        logprob: finite(wire.logprob),
        bytes: wire.token.clone(),
        top_logprobs: None,
    }
}

/// A token on its own may be part of a character; `bytes` has what it really is.
fn text(wire: &WireLogprob) -> String {
    String::from_utf8_lossy(&wire.token).into_owned()
}

fn finite(logprob: f32) -> f32 {
    if logprob.is_finite() { logprob.max(LOWEST_LOGPROB) } else { LOWEST_LOGPROB }
}

fn finish_reason(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Length => "length",
        _ => "stop",
    }
}

fn usage(finished: &Finished) -> Usage {
    Usage {
        prompt_tokens: finished.prompt_tokens,
        completion_tokens: finished.output_tokens,
        total_tokens: finished.prompt_tokens.saturating_add(finished.output_tokens),
    }
}

/// These types have string keys and finite numbers alone, so this cannot fail.
fn json(object: &Object<'_>) -> String {
    serde_json::to_string(object).unwrap_or_default()
}

//! One answer over the OpenAI-compatible endpoint, streamed.

use std::time::Instant;

use futures_util::StreamExt;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::client::sse::Events;
use crate::client::{Client, cause};
use crate::error::CliError;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Message {
    pub(crate) role: &'static str,
    pub(crate) content: String,
}

/// What to ask. Absent parameters are the server's defaults.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) model: &'a str,
    pub(crate) messages: &'a [Message],
    pub(crate) stream: bool,
    pub(crate) stream_options: StreamOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seed: Option<u64>,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct StreamOptions {
    pub(crate) include_usage: bool,
}

/// How an answer went.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) record: Option<String>,
    pub(crate) completion_record: Option<String>,
    pub(crate) model_digest: Option<String>,
    pub(crate) finish_reason: Option<String>,
    pub(crate) prompt_tokens: u64,
    pub(crate) completion_tokens: u64,
    pub(crate) first_token_ms: f64,
    pub(crate) tokens_per_second: f64,
}

#[derive(Debug, Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Usage>,
    cloister: Option<Records>,
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    delta: Delta,
    finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Delta {
    content: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
}

#[derive(Debug, Deserialize)]
struct Records {
    record: Option<String>,
    completion_record: Option<String>,
}

/// Asks and gives each piece of text to `show` as it comes. Dropping the future cancels the decoding.
pub(crate) async fn ask(
    client: &Client,
    request: &Request<'_>,
    mut show: impl FnMut(&str),
) -> Result<Answer, CliError> {
    let asked = Instant::now();
    let call = client.request(Method::POST, "/v1/chat/completions").json(request);
    let response = client.send(call).await?;
    let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_string);
    let mut answer = Answer {
        record: header("x-cloister-record"),
        model_digest: header("x-cloister-model-digest"),
        ..Answer::default()
    };
    let mut first_token = None;
    let mut events = Events::default();
    let mut body = response.bytes_stream();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|e| CliError::new(format!("the answer broke off: {}", cause(&e))))?;
        let datas = events.push(&piece).map_err(|e| CliError::new(e.to_string()))?;
        for data in datas.iter().filter(|d| *d != "[DONE]") {
            let text = take(data, &mut answer)?;
            if !text.is_empty() {
                first_token.get_or_insert_with(Instant::now);
                show(&text);
            }
        }
    }
    measure(&mut answer, asked, first_token);
    Ok(answer)
}

/// Puts one event into the answer and gives its new text.
fn take(data: &str, answer: &mut Answer) -> Result<String, CliError> {
    let chunk: Chunk = serde_json::from_str(data)
        .map_err(|error| CliError::new(format!("the stream holds something unreadable: {error}")))?;
    if let Some(error) = chunk.error {
        let message = error.get("message").and_then(Value::as_str).unwrap_or("no reason was given");
        return Err(CliError::new(format!("the answer was interrupted: {message}")));
    }
    if let Some(usage) = chunk.usage {
        answer.prompt_tokens = usage.prompt_tokens;
        answer.completion_tokens = usage.completion_tokens;
    }
    if let Some(records) = chunk.cloister {
        answer.record = records.record.or(answer.record.take());
        answer.completion_record = records.completion_record;
    }
    let mut text = String::new();
    for choice in chunk.choices {
        text.push_str(choice.delta.content.as_deref().unwrap_or_default());
        answer.finish_reason = choice.finish_reason.or(answer.finish_reason.take());
    }
    answer.text.push_str(&text);
    Ok(text)
}

fn measure(answer: &mut Answer, asked: Instant, first_token: Option<Instant>) {
    let Some(first) = first_token else { return };
    answer.first_token_ms = first.duration_since(asked).as_secs_f64() * 1e3;
    let decoding = first.elapsed().as_secs_f64();
    if decoding > 0.0 && answer.completion_tokens > 1 {
        answer.tokens_per_second = (answer.completion_tokens - 1) as f64 / decoding;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_adds_up_to_an_answer() {
        let mut answer = Answer { record: Some("r1".into()), ..Answer::default() };
        let stream = [
            r#"{"choices":[{"delta":{"role":"assistant"},"finish_reason":null}]}"#,
            r#"{"choices":[{"delta":{"content":"Rest"},"finish_reason":null}]}"#,
            r#"{"choices":[{"delta":{"content":"."},"finish_reason":"stop"}]}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2},"cloister":{"record":"r1","completion_record":"r2"}}"#,
        ];
        let shown: String = stream.iter().map(|data| take(data, &mut answer).unwrap()).collect();
        assert_eq!(shown, "Rest.");
        assert_eq!(answer.text, "Rest.");
        assert_eq!((answer.prompt_tokens, answer.completion_tokens), (7, 2));
        assert_eq!(answer.finish_reason.as_deref(), Some("stop"));
        assert_eq!(answer.completion_record.as_deref(), Some("r2"));
    }

    #[test]
    fn an_error_in_the_stream_is_told_in_its_words() {
        let error = take(r#"{"error":{"message":"the replica died"}}"#, &mut Answer::default());
        assert!(error.unwrap_err().what.contains("the replica died"));
    }
}

//! Features of OpenAI's API that this one does not have. A request that uses one is refused: an answer
//! that ignores it would look right and be wrong. Fields that change nothing about the answer (`user`,
//! `metadata`, `store`, …) are let through unread.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::failure::Failure;

/// A neutral value is short; a longer one is not parsed to find out.
const MAX_NEUTRAL_BYTES: usize = 64;

macro_rules! features {
    ($($field:ident: [$($neutral:tt)*], $instead:expr;)*) => {
        /// The fields as they were sent, unparsed. Absent and `null` are alike.
        #[derive(Deserialize)]
        struct Features<'a> {
            $(#[serde(borrow)] $field: Option<&'a RawValue>,)*
        }

        impl<'a> Features<'a> {
            /// Name, value, the values that ask for nothing, and what to do instead.
            fn table(&self) -> Vec<(&'static str, Option<&'a RawValue>, Value, &'static str)> {
                vec![$((stringify!($field), self.$field, json!([$($neutral)*]), $instead),)*]
            }
        }
    };
}

features! {
    tools: [[]], "is not supported; describe the tools in the prompt";
    tool_choice: ["none", "auto"], "is not supported, as there are no tools";
    functions: [[]], "is not supported; describe the functions in the prompt";
    function_call: ["none", "auto"], "is not supported, as there are no functions";
    response_format: [{"type": "text"}], "is not supported other than {\"type\":\"text\"}; ask for the format in the prompt";
    logit_bias: [{}], "is not supported; leave it out";
    modalities: [["text"]], "is not supported other than [\"text\"]";
    audio: [], "is not supported; send text";
    prediction: [], "is not supported; leave it out";
    web_search_options: [], "is not supported; nothing leaves this fleet";
    n: [1], "must be 1; make one request per answer";
    best_of: [1], "must be 1; make one request per answer";
    echo: [false], "must be false; the prompt is not repeated";
    suffix: [""], "is not supported; leave it out";
    guided_json: [], "is not supported; ask for the format in the prompt";
    guided_regex: [], "is not supported; ask for the format in the prompt";
    guided_choice: [], "is not supported; ask for the choice in the prompt";
    guided_grammar: [], "is not supported; ask for the format in the prompt";
    structured_outputs: [], "is not supported; ask for the format in the prompt";
    chat_template: [], "is not supported; the template in the signed model file is used";
    chat_template_kwargs: [{}], "is not supported; the template in the signed model file is used";
    documents: [[]], "is not supported; put the documents in the prompt";
    add_generation_prompt: [true], "must be true; it is always added";
    continue_final_message: [false], "must be false; end with a user message";
    stop_token_ids: [[]], "is not supported; use `stop`";
    min_tokens: [0], "is not supported; leave it out";
    bad_words: [[]], "is not supported; leave it out";
    use_beam_search: [false], "is not supported; leave it out";
    length_penalty: [1, 1.0], "is not supported; leave it out";
    prompt_logprobs: [], "is not supported; leave it out";
    truncate_prompt_tokens: [], "is not supported; send a shorter prompt";
    prompt_embeds: [], "is not supported; send text or token ids";
}

/// Refuses the first feature that is used and not there.
///
/// # Errors
/// `Unsupported` with the field's name; what [`super::json::parse`] says of a body that is not JSON.
pub(super) fn check(body: &[u8]) -> Result<(), Failure> {
    for (name, value, neutral, instead) in super::json::parse::<Features<'_>>(body)?.table() {
        if value.is_some_and(|value| !is_neutral(value, &neutral)) {
            return Err(Failure::Unsupported { param: name.into(), message: instead.into() });
        }
    }
    Ok(())
}

fn is_neutral(value: &RawValue, neutral: &Value) -> bool {
    let text = value.get();
    if text.len() > MAX_NEUTRAL_BYTES {
        return false;
    }
    let parsed: Option<Value> = serde_json::from_str(text).ok();
    parsed.is_some_and(|parsed| neutral.as_array().is_some_and(|values| values.contains(&parsed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_that_are_not_there_are_refused_by_name() {
        let cases = [
            ("tools", r#"[{"type":"function","function":{"name":"f"}}]"#),
            ("tool_choice", r#""required""#),
            ("response_format", r#"{"type":"json_object"}"#),
            ("logit_bias", r#"{"50256":-100}"#),
            ("modalities", r#"["text","audio"]"#),
            ("n", "2"),
            ("n", r#""1""#),
            ("best_of", "3"),
            ("echo", "true"),
            ("suffix", r#""x""#),
            ("guided_json", "{}"),
            ("chat_template", r#""{{ evil }}""#),
            ("min_tokens", "5"),
        ];
        for (field, value) in cases {
            let failure = check(format!(r#"{{"{field}":{value}}}"#).as_bytes()).expect_err(field);
            assert_eq!((failure.param(), failure.code()), (Some(field), "unsupported_parameter"));
        }
    }

    #[test]
    fn neutral_values_and_harmless_fields_pass() {
        let body = br#"{"tools": [], "tool_choice":"auto", "response_format": { "type" : "text" }, "n":1,
            "echo":false, "suffix":null, "logit_bias":{}, "user":"u", "store":true, "metadata":{"a":"b"},
            "service_tier":"auto", "parallel_tool_calls":true, "prompt_cache_key":"x"}"#;
        assert_eq!(check(body), Ok(()));
    }
}

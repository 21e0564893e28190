//! Chat answers as OpenAI's clients read them.

use serde_json::json;

use crate::replicas::CONTRACT;
use crate::rig::{CHAT, DIGEST, QUESTION, Rig, STREAMED_QUESTION};

fn with(question: &str, fields: &str) -> String {
    question.replacen('{', &format!("{{{fields},"), 1)
}

#[tokio::test]
async fn an_answer_has_the_shape_usage_and_records_of_its_inference() {
    let rig = Rig::start().await;
    let reply = rig.post(CHAT, QUESTION).await;
    let answer = reply.json();
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(
        (answer["object"].as_str(), answer["model"].as_str()),
        (Some("chat.completion"), Some("notes"))
    );
    assert_eq!(answer["system_fingerprint"], CONTRACT);
    let choice = &answer["choices"][0];
    assert_eq!(choice["message"], json!({"role": "assistant", "content": "Hello", "refusal": null}));
    assert_eq!((choice["index"].as_u64(), choice["finish_reason"].as_str()), (Some(0), Some("stop")));
    assert_eq!(answer["usage"], json!({"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}));
    assert!(choice["logprobs"].is_null() && choice.get("token_ids").is_none());
    let records = rig.records().await;
    assert_eq!(reply.header("x-cloister-record"), records[0].id);
    assert_eq!(reply.header("x-cloister-completion-record"), records[1].id);
    assert_eq!(reply.header("x-cloister-model-digest"), DIGEST);
    assert_eq!(answer["cloister"], json!({"record": records[0].id, "completion_record": records[1].id}));
    assert_eq!(answer["id"], format!("chatcmpl-{}", records[0].id));
}

#[tokio::test]
async fn a_stream_begins_with_the_role_and_ends_with_the_reason_and_the_records() {
    let rig = Rig::start().await;
    let reply = rig.post(CHAT, STREAMED_QUESTION).await;
    assert_eq!(reply.header("content-type"), "text/event-stream");
    let chunks = reply.chunks();
    let deltas: Vec<_> = chunks.iter().map(|chunk| chunk["choices"][0]["delta"].clone()).collect();
    let expected = [
        json!({"role": "assistant", "content": ""}),
        json!({"content": "Hel"}),
        json!({"content": "lo"}),
        json!({}),
    ];
    assert_eq!(deltas, expected);
    assert!(
        chunks.iter().all(|chunk| chunk["object"] == "chat.completion.chunk" && chunk.get("usage").is_none())
    );
    let records = rig.records().await;
    let last = &chunks[3];
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    assert_eq!(last["cloister"], json!({"record": records[0].id, "completion_record": records[1].id}));
    assert_eq!(reply.header("x-cloister-record"), records[0].id);
    assert_eq!(reply.header("x-cloister-model-digest"), DIGEST);
}

#[tokio::test]
async fn usage_comes_in_a_chunk_of_its_own_when_asked_for() {
    let rig = Rig::start().await;
    let body = with(STREAMED_QUESTION, r#""stream_options":{"include_usage":true}"#);
    let chunks = rig.post(CHAT, &body).await.chunks();
    let (last, before) = chunks.split_last().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"], json!({"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}));
    assert!(last["cloister"]["completion_record"].is_string());
    assert!(before.iter().all(|chunk| chunk["usage"].is_null() && chunk.get("usage").is_some()));
}

#[tokio::test]
async fn token_ids_are_complete_whole_or_streamed() {
    let rig = Rig::start().await;
    let whole = rig.post(CHAT, &with(QUESTION, r#""return_token_ids":true"#)).await.json();
    assert_eq!(whole["prompt_token_ids"], json!([1, 2]));
    assert_eq!(whole["choices"][0]["token_ids"], json!([10, 11, 12]));
    let chunks = rig.post(CHAT, &with(STREAMED_QUESTION, r#""return_token_ids":true"#)).await.chunks();
    assert_eq!(chunks[0]["prompt_token_ids"], json!([1, 2]));
    let ids: Vec<_> =
        chunks.iter().filter_map(|chunk| chunk["choices"][0]["token_ids"].as_array()).flatten().collect();
    assert_eq!(json!(ids), json!([10, 11, 12]));
}

#[tokio::test]
async fn log_probabilities_have_bytes_and_stay_numbers() {
    let rig = Rig::start().await;
    let answer = rig.post(CHAT, &with(QUESTION, r#""logprobs":true,"top_logprobs":1"#)).await.json();
    let content = answer["choices"][0]["logprobs"]["content"].as_array().unwrap().clone();
    assert_eq!(content.len(), 3);
    assert_eq!(content[0]["bytes"], json!([0xc3]), "half a character is whole as bytes");
    assert_eq!(content[0]["logprob"], json!(-9999.0));
    assert_eq!(content[0]["top_logprobs"], json!([{"token": "x", "logprob": -0.5, "bytes": [120]}]));
}

#[tokio::test]
async fn what_a_replica_is_told_is_complete_and_as_asked() {
    let rig = Rig::start().await;
    let body = r#"{"model":"notes-model","messages":[{"role":"developer","content":"Be brief."},
        {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}],
        "max_completion_tokens":7,"temperature":0.5,"top_k":-1,"stop":"END","seed":42,"user":"u"}"#;
    let reply = rig.post(CHAT, body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let request = rig.replicas.last_request();
    let (sampling, decode) = (request.sampling.unwrap(), request.decode.unwrap());
    assert_eq!((sampling.temperature, sampling.top_k, sampling.seed), (Some(0.5), Some(0), Some(42)));
    assert_eq!(
        (sampling.top_p, sampling.min_p, sampling.repetition_penalty),
        (Some(1.0), Some(0.0), Some(1.0))
    );
    assert_eq!((decode.max_tokens, decode.stop), (Some(7), vec!["END".to_owned()]));
    let Some(cloister_proto::worker::v1::run_request::Input::Conversation(chat)) = request.input else {
        panic!("not a conversation");
    };
    let messages: Vec<_> = chat.messages.iter().map(|m| (m.role.as_str(), m.content.as_str())).collect();
    assert_eq!(messages, [("system", "Be brief."), ("user", "ab")]);
    assert_eq!(request.request_id, rig.records().await[0].id);
}

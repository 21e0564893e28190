//! What is refused, how it is said, and that nothing happens.

use std::time::Duration;

use cloister_gateway::Options;
use http::StatusCode;

use crate::rig::{CHAT, Rig, TEXT, post, route};

const HI: &str = r#""messages":[{"role":"user","content":"hi"}]"#;

/// Body of a chat, status, code and param.
type Case = (String, u16, &'static str, Option<&'static str>);

fn chat_cases() -> Vec<Case> {
    let with = |fields: &str| format!(r#"{{"model":"notes",{HI},{fields}}}"#);
    let messages = |messages: &str| format!(r#"{{"model":"notes","messages":{messages}}}"#);
    vec![
        (String::new(), 400, "invalid_request", None),
        ("[]".into(), 400, "invalid_request", None),
        ("{".into(), 400, "invalid_request", None),
        (format!("{{{HI}}}"), 400, "invalid_value", Some("model")),
        (format!(r#"{{"model":7,{HI}}}"#), 400, "invalid_value", Some("model")),
        (format!(r#"{{"model":"",{HI}}}"#), 400, "invalid_value", Some("model")),
        (format!(r#"{{"model":"absent",{HI}}}"#), 404, "model_not_found", Some("model")),
        (r#"{"model":"notes"}"#.into(), 400, "invalid_value", Some("messages")),
        (messages("[]"), 400, "invalid_value", Some("messages")),
        (messages(r#""hi""#), 400, "invalid_value", Some("messages")),
        (messages(r#"[{"role":"doctor","content":"x"}]"#), 400, "invalid_value", Some("messages[0].role")),
        (messages(r#"[{"role":"user"}]"#), 400, "invalid_value", Some("messages[0].content")),
        (messages(r#"[{"role":"user","content":7}]"#), 400, "invalid_value", Some("messages[0].content")),
        (
            messages(r#"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]"#),
            400,
            "unsupported_parameter",
            Some("messages[0].content"),
        ),
        (
            messages(r#"[{"role":"assistant","content":"x","tool_calls":[{"id":"1"}]}]"#),
            400,
            "unsupported_parameter",
            Some("messages[0].tool_calls"),
        ),
        (with(r#""temperature":"hot""#), 400, "invalid_value", Some("temperature")),
        (with(r#""temperature":-1"#), 400, "invalid_value", Some("temperature")),
        (with(r#""temperature":1e300"#), 400, "invalid_value", Some("temperature")),
        (with(r#""temperature":1e999"#), 400, "invalid_request", None),
        (with(r#""temperature":NaN"#), 400, "invalid_request", None),
        (with(r#""top_p":0"#), 400, "invalid_value", Some("top_p")),
        (with(r#""top_k":-2"#), 400, "invalid_value", Some("top_k")),
        (with(r#""top_k":1e9"#), 400, "invalid_value", Some("top_k")),
        (with(r#""seed":-1"#), 400, "invalid_value", Some("seed")),
        (with(r#""seed":18446744073709551616"#), 400, "invalid_value", Some("seed")),
        (with(r#""max_tokens":0"#), 400, "invalid_value", Some("max_tokens")),
        (with(r#""max_tokens":-5"#), 400, "invalid_value", Some("max_tokens")),
        (with(r#""max_tokens":1.5"#), 400, "invalid_value", Some("max_tokens")),
        (with(r#""max_tokens":101"#), 400, "context_length_exceeded", None),
        (
            with(r#""max_tokens":5,"max_completion_tokens":6"#),
            400,
            "invalid_value",
            Some("max_completion_tokens"),
        ),
        (
            with(r#""stop":["a","b","c","d","e","f","g","h","i","j","k","l","m","n","o","p","q"]"#),
            400,
            "invalid_value",
            Some("stop"),
        ),
        (with(r#""stop":"""#), 400, "invalid_value", Some("stop")),
        (with(r#""stop":7"#), 400, "invalid_value", Some("stop")),
        (with(r#""stream":"yes""#), 400, "invalid_value", Some("stream")),
        (with(r#""stream_options":{"include_usage":true}"#), 400, "invalid_value", Some("stream_options")),
        (with(r#""top_logprobs":3"#), 400, "invalid_value", Some("top_logprobs")),
        (with(r#""logprobs":true,"top_logprobs":21"#), 400, "invalid_value", Some("top_logprobs")),
        (with(r#""n":2"#), 400, "unsupported_parameter", Some("n")),
        (with(r#""tools":[{"type":"function"}]"#), 400, "unsupported_parameter", Some("tools")),
        (
            with(r#""response_format":{"type":"json_object"}"#),
            400,
            "unsupported_parameter",
            Some("response_format"),
        ),
        (with(r#""seed":1,"seed":2"#), 400, "invalid_value", Some("seed")),
    ]
}

#[tokio::test]
async fn bad_chats_get_a_clear_error_and_reach_no_replica() {
    let rig = Rig::start().await;
    for (body, status, code, param) in chat_cases() {
        let reply = rig.post(CHAT, &body).await;
        let error = &reply.json()["error"];
        let got = (reply.status.as_u16(), error["code"].as_str(), error["param"].as_str());
        assert_eq!(got, (status, Some(code), param), "{body}\n{}", reply.text);
        assert_eq!(error["type"], "invalid_request_error", "{body}");
    }
    assert_eq!(rig.replicas.call_count(), 0);
    assert!(rig.records().await.is_empty(), "a request that means nothing is not an inference");
}

#[tokio::test]
async fn bad_text_completions_get_a_clear_error() {
    let rig = Rig::start().await;
    let cases = [
        (r#"{"model":"notes"}"#, "invalid_value", "prompt"),
        (r#"{"model":"notes","prompt":""}"#, "invalid_value", "prompt"),
        (r#"{"model":"notes","prompt":[]}"#, "invalid_value", "prompt"),
        (r#"{"model":"notes","prompt":[-1]}"#, "invalid_value", "prompt"),
        (r#"{"model":"notes","prompt":{"text":"x"}}"#, "invalid_value", "prompt"),
        (r#"{"model":"notes","prompt":["a","b"]}"#, "unsupported_parameter", "prompt"),
        (r#"{"model":"notes","prompt":"x","echo":true}"#, "unsupported_parameter", "echo"),
        (r#"{"model":"notes","prompt":"x","logprobs":true}"#, "invalid_value", "logprobs"),
    ];
    for (body, code, param) in cases {
        let reply = rig.post(TEXT, body).await;
        let error = &reply.json()["error"];
        assert_eq!((error["code"].as_str(), error["param"].as_str()), (Some(code), Some(param)), "{body}");
    }
    assert_eq!(rig.replicas.call_count(), 0);
}

#[tokio::test]
async fn a_body_that_is_not_utf8_is_refused() {
    let rig = Rig::start().await;
    let reply = rig.send(post(CHAT, "clk_all", b"{\"model\":\"\xff\xfe\"}".to_vec())).await;
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::BAD_REQUEST, "invalid_request"));
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_declared_or_not_and_never_held() {
    let rig = Rig::start().await;
    let reply = rig.send(post(CHAT, "clk_all", vec![b' '; 10_000_000])).await;
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "request_too_large"));
    // Without a length, and without an end: only a reader that holds nothing and gives up comes back.
    let chunk = bytes::Bytes::from(vec![b' '; 1 << 20]);
    let endless = futures_util::stream::repeat_with(move || Ok::<_, std::io::Error>(chunk.clone()));
    let reply = rig.send(post(CHAT, "clk_all", axum::body::Body::from_stream(endless))).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_not_waited_for() {
    let options = Options { body_timeout: Duration::from_millis(20), ..Options::default() };
    let rig = Rig::with(options, vec![route("notes", &["r1"])]).await;
    let never = futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>();
    let reply = rig.send(post(CHAT, "clk_all", axum::body::Body::from_stream(never))).await;
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::REQUEST_TIMEOUT, "request_timeout"));
}

#[tokio::test]
async fn a_deadline_out_of_range_is_refused() {
    let rig = Rig::start().await;
    for stated in ["0", "3600001", "-1", "soon", ""] {
        let mut request = post(CHAT, "clk_all", crate::rig::QUESTION);
        request.headers_mut().insert("x-cloister-timeout-ms", stated.parse().unwrap());
        let reply = rig.send(request).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{stated}");
        assert_eq!(reply.json()["error"]["param"], "x-cloister-timeout-ms");
    }
}

#[tokio::test]
async fn wrong_paths_and_methods_answer_in_the_same_shape() {
    let rig = Rig::start().await;
    for (method, path, status, code) in [
        ("GET", "/v1/embeddings", 404, "unknown_path"),
        ("GET", CHAT, 405, "wrong_method"),
        ("DELETE", "/v1/models/notes", 405, "wrong_method"),
    ] {
        let request =
            http::Request::builder().method(method).uri(path).body(axum::body::Body::empty()).unwrap();
        let reply = rig.send(request).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (status, code), "{method} {path}");
    }
}

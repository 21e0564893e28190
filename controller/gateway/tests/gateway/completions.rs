//! Text completions as OpenAI's clients read them, and the list of models.

use axum::body::Body;
use cloister_proto::worker::v1::run_request::Input;
use http::Request;
use serde_json::json;

use crate::rig::{CHAT, Rig, TEXT};

#[tokio::test]
async fn a_text_completion_has_its_own_shape() {
    let rig = Rig::start().await;
    let body = r#"{"model":"notes","prompt":["Once"],"logprobs":1,"return_token_ids":true}"#;
    let answer = rig.post(TEXT, body).await.json();
    let choice = &answer["choices"][0];
    assert_eq!(
        (answer["object"].as_str(), choice["text"].as_str()),
        (Some("text_completion"), Some("Hello"))
    );
    assert!(choice.get("message").is_none() && choice.get("delta").is_none());
    let logprobs = &choice["logprobs"];
    assert_eq!(logprobs["token_logprobs"], json!([-9999.0, -9999.0, -9999.0]));
    assert_eq!(logprobs["top_logprobs"][0], json!({"x": -0.5}));
    assert_eq!(logprobs["text_offset"], json!([0, 1, 2]));
    assert_eq!((&answer["prompt_token_ids"], &choice["token_ids"]), (&json!([1, 2]), &json!([10, 11, 12])));
}

#[tokio::test]
async fn a_streamed_text_completion_sends_text_and_no_role() {
    let rig = Rig::start().await;
    let chunks = rig.post(TEXT, r#"{"model":"notes","prompt":"Once","stream":true}"#).await.chunks();
    let texts: Vec<_> = chunks.iter().map(|chunk| chunk["choices"][0]["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Hel", "lo", ""]);
    assert_eq!(chunks[2]["choices"][0]["finish_reason"], "stop");
}

#[tokio::test]
async fn every_form_of_one_prompt_is_taken() {
    let rig = Rig::start().await;
    let text = |text: &str| Some(Input::Text(text.into()));
    let ids = || Some(Input::TokenIds(cloister_proto::inference::v1::TokenIds { ids: vec![5, 6] }));
    for (prompt, expected) in
        [(r#""Once""#, text("Once")), (r#"["Once"]"#, text("Once")), ("[5,6]", ids()), ("[[5,6]]", ids())]
    {
        let reply = rig.post(TEXT, &format!(r#"{{"model":"notes","prompt":{prompt}}}"#)).await;
        assert_eq!(reply.status, 200, "{prompt}: {}", reply.text);
        assert_eq!(rig.replicas.last_request().input, expected, "{prompt}");
    }
}

#[tokio::test]
async fn models_are_listed_within_the_scope_of_the_key() {
    let rig = Rig::start().await;
    let get = |path: &str, key: &str| {
        Request::get(path).header("authorization", format!("Bearer {key}")).body(Body::empty()).unwrap()
    };
    let ids = |list: serde_json::Value| -> Vec<String> {
        list["data"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(rig.send(get("/v1/models", "clk_all")).await.json()), ["briefs", "notes"]);
    assert_eq!(ids(rig.send(get("/v1/models", "clk_briefs")).await.json()), ["briefs"]);
    let notes = rig.send(get("/v1/models/notes", "clk_all")).await.json();
    assert_eq!((&notes["object"], &notes["max_model_len"]), (&json!("model"), &json!(100)));
    assert_eq!(notes["cloister"]["ready_replicas"], 1);
    for (path, key, status) in [
        ("/v1/models", "clk_wrong", 401),
        ("/v1/models/absent", "clk_all", 404),
        ("/v1/models/notes", "clk_briefs", 403),
    ] {
        assert_eq!(rig.send(get(path, key)).await.status, status, "{path} {key}");
    }
    assert_eq!(rig.send(get(CHAT, "clk_all")).await.status, 405);
}

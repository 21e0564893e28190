//! A request from the front door to the verified record, on both databases.

use cloister_e2e::{Database, until};
use cloister_test_postgres::Server;
use reqwest::Method;
use serde_json::{Value, json};

use crate::story::{Story, WARD, deployed, events, question, token_ids, with};

const ASKED: &str = "Name three signs of an infection after surgery.";

#[tokio::test]
async fn a_request_is_answered_and_its_record_verifies_on_sqlite() {
    walk(deployed(Database::Sqlite, 2, 2).await).await;
}

#[tokio::test]
async fn a_request_is_answered_and_its_record_verifies_on_postgresql() {
    let url = Server::shared().create_database().unwrap();
    walk(deployed(Database::Url(url), 2, 2).await).await;
}

async fn walk(story: Story) {
    let (whole, record) = answered_whole(&story).await;
    answered_as_a_stream(&story, &whole).await;
    recorded(&story, &record).await;
    let (status, told) = story.fleet.verify_log().await;
    assert_eq!(status, 0, "{told}");
    tampering_is_found(&story);
    let neighbours_changed_nothing = among_neighbours(&story).await;
    assert!(neighbours_changed_nothing.iter().all(|ids| *ids == token_ids(&whole)));
    no_text_leaves_in_logs_or_metrics(&story).await;
}

async fn answered_whole(story: &Story) -> (Value, String) {
    let answer = story.caller.post("/v1/chat/completions", &question(ASKED, 24)).await;
    assert_eq!(answer.header("x-cloister-model-digest"), story.model_digest);
    let record = answer.header("x-cloister-record").to_string();
    let body = answer.ok();
    assert_eq!(body["object"], "chat.completion");
    assert_eq!(body["usage"]["completion_tokens"], token_ids(&body).len());
    assert!(body["prompt_token_ids"].as_array().is_some_and(|ids| !ids.is_empty()));
    (body, record)
}

async fn answered_as_a_stream(story: &Story, whole: &Value) {
    let body = with(question(ASKED, 24), "stream", json!(true));
    let body = with(body, "stream_options", json!({"include_usage": true}));
    let request = story.caller.request(Method::POST, "/v1/chat/completions").json(&body);
    let datas = events(request.send().await.unwrap(), usize::MAX).await;
    assert_eq!(datas.last().map(String::as_str), Some("[DONE]"));
    let chunks: Vec<Value> =
        datas[..datas.len() - 1].iter().map(|d| serde_json::from_str(d).unwrap()).collect();
    let text: String = chunks.iter().filter_map(|c| c["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(text, whole["choices"][0]["message"]["content"].as_str().unwrap());
    assert!(chunks.iter().any(|c| c["usage"]["completion_tokens"] == whole["usage"]["completion_tokens"]));
}

async fn recorded(story: &Story, record: &str) {
    let requested = story.fleet.records("inference.requested").await;
    let completed = story.fleet.records("inference.completed").await;
    assert_eq!((requested.len(), completed.len()), (2, 2));
    let closing = completed.iter().find(|r| r["intent"] == record).expect("the record is closed");
    assert_eq!(closing["inference"]["model_digest"], story.model_digest.as_str());
    assert_eq!(closing["inference"]["finish"], "length");
    assert_eq!(closing["inference"]["output_tokens"], 24);
    let all = json!([requested, completed]).to_string();
    assert!(!all.contains("infection"), "no text of a prompt is in any record");
}

/// Any changed byte is found by the outsider's verifier.
fn tampering_is_found(story: &Story) {
    let file = story.fleet.folder.path().join("log.evidence");
    let vkey = story.fleet.controller_folder().join("audit.vkey");
    let good = std::fs::read(&file).unwrap();
    for place in [good.len() / 5, good.len() / 2, good.len() - 2] {
        let mut bad = good.clone();
        bad[place] ^= 1;
        let path = file.with_extension("tampered");
        std::fs::write(&path, bad).unwrap();
        let (status, told) = cloister_e2e::fleet::verify_evidence(&path, &vkey);
        assert!(status == 1 || status == 3, "byte {place}: {status}: {told}");
    }
}

/// The same request beside seven others, several times: its tokens.
async fn among_neighbours(story: &Story) -> Vec<Vec<u64>> {
    let mut tasks = Vec::new();
    for n in 0..8 {
        let caller = story.caller.clone();
        tasks.push(tokio::spawn(async move {
            let neighbour = with(question(&format!("Count from {n} upwards."), 16 + n), "seed", json!(n));
            let body =
                if n % 4 == 0 { question(ASKED, 24) } else { with(neighbour, "temperature", json!(1)) };
            (n % 4 == 0, caller.post("/v1/chat/completions", &body).await.ok())
        }));
    }
    let mut same = Vec::new();
    for task in tasks {
        let (is_same, answer) = task.await.unwrap();
        if is_same {
            same.push(token_ids(&answer));
        }
    }
    assert_eq!(same.len(), 2);
    same
}

async fn no_text_leaves_in_logs_or_metrics(story: &Story) {
    let metrics = story.fleet.admin.get("/metrics").await;
    assert!(metrics.status.is_success());
    let metrics = metrics.body.to_string();
    assert!(metrics.contains("cloister_"), "{metrics}");
    let mut said = metrics + &story.fleet.controller().log();
    for agent in &story.agents {
        said += &agent.program.log();
    }
    for word in ["infection", "surgery"] {
        assert!(!said.contains(word), "{word:?} of the prompt is in a log or metric");
    }
}

#[tokio::test]
async fn a_caller_who_goes_away_stops_the_decoding_and_is_on_record() {
    let story = deployed(Database::Sqlite, 1, 1).await;
    let body = with(with(question(ASKED, 1500), "stream", json!(true)), "ignore_eos", json!(true));
    let request = story.caller.request(Method::POST, "/v1/chat/completions").json(&body);
    let response = request.send().await.unwrap();
    events(response, 5).await;
    let interrupted = until("the interrupted record", async || {
        story.fleet.records("inference.interrupted").await.into_iter().next()
    })
    .await;
    let tokens = interrupted["inference"]["output_tokens"].as_u64().unwrap();
    assert!((1..1500).contains(&tokens), "{tokens} tokens were decoded");
    until("the replica to be idle", async || {
        (story.fleet.replicas(WARD).await[0]["running"] == 0).then_some(())
    })
    .await;
}

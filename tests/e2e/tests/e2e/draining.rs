//! A node that is emptied while people ask, and takes replicas again afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cloister_e2e::{Client, Database, program, until};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::story::{Story, WARD, deployed, events, question, with};

#[tokio::test]
async fn a_node_is_drained_with_traffic_running_and_no_request_fails() {
    let story = deployed(Database::Sqlite, 2, 1).await;
    let from = story.fleet.replicas(WARD).await[0]["node_name"].as_str().unwrap().to_string();
    let to = if from == "node-1" { "node-2" } else { "node-1" };
    let long = long_stream(&story).await;
    let over = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..3).map(|_| ask_until(&over, story.caller.clone())).collect();
    until("the replica to be busy", async || {
        story.fleet.replicas(WARD).await.first().filter(|r| r["running"].as_u64() >= Some(1)).map(|_| ())
    })
    .await;

    let told: Value = serde_json::from_str(&cloister(&story, &["drain", &from, "--dry-run"]).await).unwrap();
    let prospect = &told["replicas"][0];
    assert_eq!((&prospect["outcome"], &prospect["to_node_name"]), (&json!("moves"), &json!(to)), "{told}");
    assert_eq!(node(&story, &from).await["scheduling"], "open", "it was only asked");

    let drained: Value = serde_json::from_str(&cloister(&story, &["drain", &from, "--wait"]).await).unwrap();
    assert_eq!(drained["drain"]["replicas_left"], 0, "{drained}");
    let replicas = story.fleet.replicas(WARD).await;
    assert_eq!(replicas.len(), 1, "{replicas:?}");
    assert_eq!((&replicas[0]["node_name"], &replicas[0]["phase"]), (&json!(to), &json!("ready")));
    over.store(true, Ordering::SeqCst);
    let mut answers = 0;
    for caller in callers {
        answers += caller.await.unwrap();
    }
    assert!(answers > 0);
    let told = long.await.unwrap();
    assert_eq!(told.last().map(String::as_str), Some("[DONE]"), "the long answer was given whole: {told:?}");

    cloister(&story, &["uncordon", &from]).await;
    let two = json!({"model": "smollm2", "replicas": 2, "context_length": 2048, "jurisdiction": "DE"});
    story.fleet.deploy(WARD, &two).await;
    assert!(story.fleet.replicas(WARD).await.iter().any(|replica| replica["node_name"] == from.as_str()));
    on_record(&story).await;
}

/// An answer that takes a while, asked of the replica that is about to leave.
async fn long_stream(story: &Story) -> JoinHandle<Vec<String>> {
    let body =
        with(with(question("Tell me about wards.", 200), "stream", json!(true)), "ignore_eos", json!(true));
    let request = story.caller.request(Method::POST, "/v1/chat/completions").json(&body);
    let response = request.send().await.unwrap();
    assert!(response.status().is_success());
    tokio::spawn(events(response, usize::MAX))
}

/// Asks one question after the other; gives how many, all of which were answered.
fn ask_until(over: &Arc<AtomicBool>, caller: Client) -> JoinHandle<u32> {
    let over = Arc::clone(over);
    tokio::spawn(async move {
        let mut answers = 0;
        while !over.load(Ordering::SeqCst) {
            let answer = caller.post("/v1/chat/completions", &question("hello", 4)).await;
            assert!(answer.status.is_success(), "{}: {}", answer.status, answer.body);
            answers += 1;
        }
        answers
    })
}

/// What `cloister nodes …` prints as JSON.
async fn cloister(story: &Story, arguments: &[&str]) -> String {
    let mut command = std::process::Command::new(program("cloister"));
    command.arg("nodes").args(arguments).args(["-o", "json"]);
    command.env("CLOISTER_URL", &story.fleet.admin.url).env("CLOISTER_KEY", &story.fleet.admin.key);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

async fn node(story: &Story, name: &str) -> Value {
    let list = story.fleet.admin.get("/api/v1/nodes").await.ok();
    list["nodes"].as_array().unwrap().iter().find(|node| node["name"] == name).unwrap().clone()
}

async fn on_record(story: &Story) {
    for kind in ["node.drain_started", "node.opened"] {
        assert_eq!(story.fleet.records(kind).await.len(), 1, "{kind}");
    }
    assert!(story.fleet.records("inference.interrupted").await.is_empty());
    assert!(story.fleet.records("inference.denied").await.is_empty());
    let (status, told) = story.fleet.verify_log().await;
    assert_eq!(status, 0, "{told}");
}

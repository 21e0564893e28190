//! Two controllers on one PostgreSQL, outside Kubernetes: one fleet with one log, whichever of them is asked, and
//! still a fleet when the one that led is gone.

use cloister_e2e::models::{import_real_model, real_model};
use cloister_e2e::{Client, Database, Fleet, FleetOptions, until};
use cloister_test_postgres::{Durability, Server};
use reqwest::Method;
use serde_json::{Value, json};

use crate::story::{WARD, events, question, token_ids, with};

const LEADS: &str = "this controller leads";

/// A loopback address of this test alone. What is advertised must be known before the start, and a port that
/// was free a moment ago may be somebody else's; on an address of its own every port is free.
fn own_address() -> String {
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    format!("127.{}.{middle}.{low}", 64 | (high & 63))
}

fn options(database: &str, agents_address: &str) -> FleetOptions {
    FleetOptions {
        database: Database::Url(database.to_string()),
        agents_address: agents_address.to_string(),
        arguments: vec!["--advertise".to_string(), agents_address.to_string()],
        ..FleetOptions::default()
    }
}

#[tokio::test]
async fn two_controllers_are_one_fleet_and_the_loss_of_the_leader_leaves_nothing_open() {
    let server = Server::start(Durability::Fast).unwrap();
    let database = server.create_database().unwrap();
    let addresses = [7082, 7083].map(|port| format!("{}:{port}", own_address()));
    let mut first = Fleet::start(options(&database, &addresses[0])).await;
    until("the first controller to lead", async || first.controller().log().contains(LEADS).then_some(()))
        .await;
    let second = Fleet::start_beside(&first, options(&database, &addresses[1])).await;
    let urls = addresses.map(|address| format!("https://{address}"));
    let both = ["--controller", &urls[0], "--controller", &urls[1], "--threads", "1"];
    let agent = first.agent(&both).await;
    second.node_is(&agent.name, "ready").await;

    let digest = import_real_model(&first.admin, "smollm2").await;
    the_model_arrives(&first, &second, &digest).await;
    first.deploy(WARD, &json!({"model": "smollm2", "context_length": 2048})).await;
    let caller = first.admin.with_key(&first.inference_key("caller", &[WARD]).await);
    let at_second = Client::new(&second.admin.url, &caller.key);
    both_answer_alike(&first, &second, [&caller, &at_second]).await;

    assert!(!second.controller().log().contains(LEADS), "one leads at a time");
    let record = a_request_is_cut_off(&mut first, &second, &caller).await;
    second.deploy("after", &json!({"model": "smollm2", "context_length": 1024})).await;
    assert!(second.controller().log().contains(LEADS));
    let answer =
        second.admin.post("/v1/chat/completions", &with(question("hello", 4), "model", json!("after"))).await;
    assert!(answer.status.is_success(), "{}", answer.body);
    nothing_is_left_open(&second, &record).await;
}

/// A model imported at one controller, fetched by the other.
async fn the_model_arrives(first: &Fleet, second: &Fleet, digest: &str) {
    let name = real_model().file_name().unwrap().to_owned();
    let kept = |fleet: &Fleet| {
        let hex = digest.strip_prefix("sha256:").unwrap();
        fleet.controller_folder().join("models").join(hex).join(&name)
    };
    let there = kept(second);
    until("the model to arrive at the second controller", async || there.exists().then_some(())).await;
    let same = std::fs::read(kept(first)).unwrap() == std::fs::read(there).unwrap();
    assert!(same, "byte for byte");
}

async fn both_answer_alike(first: &Fleet, second: &Fleet, callers: [&Client; 2]) {
    let mut answers = Vec::new();
    for (fleet, caller) in [first, second].into_iter().zip(callers) {
        fleet.ready(WARD, 1).await;
        // What was changed at the other controller is news, and takes a moment.
        let answer = until("an answer", async || {
            let answer = caller.post("/v1/chat/completions", &question("What is a ward?", 8)).await;
            answer.status.is_success().then_some(answer.body)
        })
        .await;
        answers.push(token_ids(&answer));
    }
    assert_eq!(answers[0], answers[1], "the same request gives the same tokens");
    for fleet in [first, second] {
        assert_eq!(fleet.records("inference.completed").await.len(), 2, "one log");
        let (status, told) = fleet.verify_log().await;
        assert_eq!(status, 0, "{told}");
    }
}

/// Kills the first controller while it streams an answer; gives the request's record.
async fn a_request_is_cut_off(first: &mut Fleet, second: &Fleet, caller: &Client) -> String {
    let long = with(question("Tell me a very long story about a hospital.", 1800), "stream", json!(true));
    let request =
        caller.request(Method::POST, "/v1/chat/completions").json(&with(long, "ignore_eos", json!(true)));
    let response = request.send().await.unwrap();
    let record = response.headers()["x-cloister-record"].to_str().unwrap().to_string();
    let reading = tokio::spawn(events(response, usize::MAX));
    until("the stream to flow", async || {
        second.replicas(WARD).await.first().filter(|replica| replica["running"] == 1).map(|_| ())
    })
    .await;
    first.kill_controller();
    reading.await.unwrap();
    record
}

/// The controller that lives closes what the dead one left.
async fn nothing_is_left_open(second: &Fleet, record: &str) {
    let interrupted = until("the request to be closed", async || {
        let interrupted = second.records("inference.interrupted").await;
        (!interrupted.is_empty()).then_some(interrupted)
    })
    .await;
    assert_eq!(interrupted.len(), 1);
    assert_eq!(interrupted[0]["intent"], record);
    let ids = |records: Vec<Value>, field: &str| {
        let mut ids: Vec<_> = records.iter().map(|record| record[field].to_string()).collect();
        ids.sort();
        ids
    };
    let requested = ids(second.records("inference.requested").await, "id");
    let completed = second.records("inference.completed").await;
    assert_eq!(requested, ids([completed, interrupted].concat(), "intent"), "each request is closed once");
    let (status, told) = second.verify_log().await;
    assert_eq!(status, 0, "{told}");
}

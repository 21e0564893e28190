//! Things that break, with traffic running: a clear error, and nothing lost.

use std::time::Duration;

use cloister_e2e::process::pid;
use cloister_e2e::{Database, Fleet, FleetOptions, Program, until};
use cloister_test_postgres::{Durability, Server};
use reqwest::Method;
use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

use crate::story::{Story, WARD, deployed, events, question, with};

const ASKED: &str = "Tell me a very long story about a hospital.";

/// A stream that would go on for long.
fn long_stream(story: &Story) -> reqwest::RequestBuilder {
    let body = with(with(question(ASKED, 1800), "stream", json!(true)), "ignore_eos", json!(true));
    story.caller.request(Method::POST, "/v1/chat/completions").json(&body)
}

#[tokio::test]
async fn a_worker_that_dies_mid_stream_ends_the_stream_with_an_error_and_is_replaced() {
    let story = deployed(Database::Sqlite, 1, 1).await;
    let response = long_stream(&story).send().await.unwrap();
    let record = response.headers()["x-cloister-record"].to_str().unwrap().to_string();
    let reading = tokio::spawn(events(response, usize::MAX));
    until("the replica to decode", async || {
        story.fleet.replicas(WARD).await.first().filter(|r| r["running"] == 1).map(|_| ())
    })
    .await;
    let worker = story.agents[0].workers()[0];
    kill_process(pid(worker), Signal::KILL).unwrap();

    let datas = reading.await.unwrap();
    let errors: Vec<Value> = datas
        .iter()
        .filter_map(|d| serde_json::from_str::<Value>(d).ok())
        .filter(|v| v.get("error").is_some_and(|e| !e.is_null()))
        .collect();
    assert_eq!(errors.len(), 1, "the stream ends with one error: {datas:?}");
    assert!(!errors[0]["error"]["message"].as_str().unwrap().is_empty());
    let interrupted = story.fleet.records("inference.interrupted").await;
    assert_eq!(interrupted.len(), 1);
    assert_eq!(interrupted[0]["intent"], record.as_str());
    assert!(interrupted[0]["inference"]["output_tokens"].is_u64(), "the tokens sent are on record");

    story.fleet.ready(WARD, 1).await;
    until("the new worker", async || (story.agents[0].workers().first() != Some(&worker)).then_some(()))
        .await;
    until("an answer from the new worker", async || {
        let answer = story.caller.post("/v1/chat/completions", &question("hello", 4)).await;
        answer.status.is_success().then_some(())
    })
    .await;
    let (status, told) = story.fleet.verify_log().await;
    assert_eq!(status, 0, "{told}");
}

#[tokio::test]
async fn a_crash_of_one_replica_leaves_the_others_alone() {
    let story = deployed(Database::Sqlite, 1, 2).await;
    let workers = story.agents[0].workers();
    assert_eq!(workers.len(), 2);
    kill_process(pid(workers[0]), Signal::KILL).unwrap();
    for _ in 0..4 {
        let answer = story.caller.post("/v1/chat/completions", &question("hello", 4)).await;
        // A killed process is not gone at once: the first question may still have been on its way to it.
        let was_lost = answer.body["error"]["code"] == "replica_lost";
        assert!(answer.status.is_success() || answer.status == 503 || was_lost, "{}", answer.body);
    }
    assert!(story.agents[0].workers().contains(&workers[1]), "the other worker was not touched");
    story.fleet.ready(WARD, 2).await;
}

#[tokio::test]
async fn a_controller_killed_mid_request_comes_back_with_a_whole_log_and_its_replicas() {
    let mut story = deployed(Database::Sqlite, 2, 2).await;
    let workers: Vec<_> = story.agents.iter().flat_map(|a| a.workers()).collect();
    let response = long_stream(&story).send().await.unwrap();
    let record = response.headers()["x-cloister-record"].to_str().unwrap().to_string();
    let reading = tokio::spawn(events(response, usize::MAX));
    until("the stream to flow", async || {
        let replicas = story.fleet.replicas(WARD).await;
        replicas.iter().any(|r| r["running"] == 1).then_some(())
    })
    .await;
    story.fleet.kill_controller();
    reading.await.unwrap();

    story.fleet.restart_controller().await;
    let interrupted = story.fleet.records("inference.interrupted").await;
    assert_eq!(interrupted.len(), 1, "the open request was closed at start");
    assert_eq!(interrupted[0]["intent"], record.as_str());
    story.fleet.ready(WARD, 2).await;
    let after: Vec<_> = story.agents.iter().flat_map(|a| a.workers()).collect();
    assert_eq!(workers, after, "the agents kept their replicas");
    story.caller = cloister_e2e::Client::new(&story.fleet.admin.url, &story.caller.key);
    until("an answer", async || {
        let answer = story.caller.post("/v1/chat/completions", &question("hello", 4)).await;
        answer.status.is_success().then_some(())
    })
    .await;
    let (status, told) = story.fleet.verify_log().await;
    assert_eq!(status, 0, "{told}");
}

#[tokio::test]
async fn an_agent_that_stops_drains_and_comes_back_with_its_identity() {
    let mut story = deployed(Database::Sqlite, 1, 1).await;
    let mut agent = story.agents.remove(0);
    agent.program.signal(Signal::TERM);
    assert!(agent.program.ended().await.success(), "{}", agent.program.log());
    story.fleet.node_is(&agent.name, "unreachable").await;
    let answer = story.caller.post("/v1/chat/completions", &question("hello", 4)).await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    agent.start_again(story.fleet.folder.path().join("again.log"));
    story.fleet.node_is(&agent.name, "ready").await;
    story.fleet.ready(WARD, 1).await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_the_flag_that_changes_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let arguments = [
        "--data",
        data.to_str().unwrap(),
        "--http",
        &address,
        "--grpc",
        "127.0.0.1:0",
        "--agents",
        "127.0.0.1:0",
    ];
    let mut program = Program::start("cloister-controller", &arguments, folder.path().join("log"));
    assert!(!program.ended().await.success());
    let log = program.log();
    assert!(log.contains(&taken.local_addr().unwrap().port().to_string()) && log.contains("--http"), "{log}");
}

#[tokio::test]
async fn a_second_controller_on_one_sqlite_file_is_refused() {
    let fleet = Fleet::start(FleetOptions::default()).await;
    let data = fleet.controller_folder();
    let arguments = [
        "--data",
        data.to_str().unwrap(),
        "--http",
        "127.0.0.1:0",
        "--grpc",
        "127.0.0.1:0",
        "--agents",
        "127.0.0.1:0",
    ];
    let mut second =
        Program::start("cloister-controller", &arguments, fleet.folder.path().join("second.log"));
    assert!(!second.ended().await.success());
    assert!(second.log().contains("another controller"), "{}", second.log());
    assert!(fleet.admin.get("/readyz").await.status.is_success(), "the first goes on");
}

#[tokio::test]
async fn a_join_token_is_good_once_and_a_revoked_node_is_shut_out() {
    let mut fleet = Fleet::start(FleetOptions::default()).await;
    let token = fleet.join_token().await;
    let start = |name: &str| {
        let data = fleet.folder.path().join(name);
        let arguments =
            ["--data", data.to_str().unwrap(), "--name", name, "--join", &token].map(str::to_string);
        Program::start("cloister-agent", &arguments, fleet.folder.path().join(format!("{name}.log")))
    };
    let _first = start("first");
    fleet.node_is("first", "ready").await;
    let mut second = start("second");
    assert!(!second.ended().await.success());
    assert!(second.log().contains("token"), "{}", second.log());
    assert_eq!(fleet.records("node.enrolment_refused").await.len(), 1);

    let mut agent = fleet.agent(&[]).await;
    fleet.admin.post(&format!("/api/v1/nodes/{}/revocation", agent.name), &json!({})).await.ok();
    assert!(!agent.program.ended().await.success());
    assert!(agent.program.log().contains("revoked"), "{}", agent.program.log());
    agent.start_again(fleet.folder.path().join("again.log"));
    assert!(!agent.program.ended().await.success(), "a revoked certificate stays refused");
    fleet.node_is(&agent.name, "revoked").await;
}

#[tokio::test]
async fn certificates_are_renewed_before_they_end() {
    let arguments = vec!["--node-certificate-lifetime".to_string(), "6s".to_string()];
    let mut fleet = Fleet::start(FleetOptions { arguments, ..FleetOptions::default() }).await;
    let agent = fleet.agent(&[]).await;
    until("two renewals", async || {
        (fleet.records("node.certificate_renewed").await.len() >= 2).then_some(())
    })
    .await;
    fleet.node_is(&agent.name, "ready").await;
}

#[tokio::test]
async fn when_the_record_cannot_be_written_nothing_is_dispatched() {
    let mut server = Server::start(Durability::Fast).unwrap();
    let story = deployed(Database::Url(server.create_database().unwrap()), 1, 1).await;
    let before = story.fleet.replicas(WARD).await;
    server.stop();
    let asked = std::time::Instant::now();
    let answer = story.caller.post("/v1/chat/completions", &question("hello", 4)).await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(asked.elapsed() < Duration::from_secs(20));
    server.resume().unwrap();
    until("the controller to be ready again", async || {
        story.fleet.admin.get("/readyz").await.status.is_success().then_some(())
    })
    .await;
    assert!(story.fleet.records("inference.completed").await.is_empty());
    assert_eq!(before.len(), story.fleet.replicas(WARD).await.len());
    until("an answer", async || {
        let answer = story.caller.post("/v1/chat/completions", &question("hello", 4)).await;
        answer.status.is_success().then_some(())
    })
    .await;
    let (status, told) = story.fleet.verify_log().await;
    assert_eq!(status, 0, "{told}");
}

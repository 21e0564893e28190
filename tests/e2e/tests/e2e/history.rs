//! What a deployment was, going back to it, starting it anew, and what its workers wrote before they died.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cloister_e2e::process::pid;
use cloister_e2e::{Client, Database, until};
use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

use crate::story::{Story, WARD, deployed, question};

/// Asks again and again until told to stop: how often, and what went wrong.
fn traffic(caller: Client, stop: Arc<AtomicBool>) -> tokio::task::JoinHandle<(u32, Vec<Value>)> {
    tokio::spawn(async move {
        let (mut asked, mut failed) = (0, Vec::new());
        while !stop.load(Ordering::SeqCst) {
            let answer = caller.post("/v1/chat/completions", &question("hello", 4)).await;
            asked += 1;
            if !answer.status.is_success() {
                failed.push(answer.body);
            }
        }
        (asked, failed)
    })
}

/// Waits until the deployment has its replicas of the present revision, and no others; their ids.
async fn replaced(story: &Story, before: &[String]) -> Vec<String> {
    until("the replicas to be replaced", async || {
        let now = story.fleet.admin.get(&format!("/api/v1/deployments/{WARD}")).await.ok();
        let ids = ids(story).await;
        let done = now["updated_replicas"] == now["replicas"] && ids.len() == before.len();
        (done && ids.iter().all(|id| !before.contains(id))).then_some(ids)
    })
    .await
}

async fn ids(story: &Story) -> Vec<String> {
    let text = |replica: &Value| replica["id"].as_str().unwrap().to_owned();
    story.fleet.replicas(WARD).await.iter().map(text).collect()
}

async fn events(story: &Story) -> Vec<Value> {
    let page = story.fleet.admin.get(&format!("/api/v1/deployments/{WARD}/events?limit=500")).await.ok();
    page["events"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_deployment_is_changed_returned_and_restarted_under_traffic_and_no_request_fails() {
    let story = deployed(Database::Sqlite, 1, 1).await;
    let path = format!("/api/v1/deployments/{WARD}");
    let first = ids(&story).await;
    let stop = Arc::new(AtomicBool::new(false));
    let asking: Vec<_> = (0..2).map(|_| traffic(story.caller.clone(), Arc::clone(&stop))).collect();

    let shorter = json!({"model": "smollm2", "replicas": 1, "context_length": 1024, "jurisdiction": "DE"});
    story.fleet.admin.put(&path, &shorter).await.ok();
    let second = replaced(&story, &first).await;
    let returned = story.fleet.admin.post(&format!("{path}/return"), &json!({"revision": 1})).await.ok();
    assert_eq!((&returned["revision"], &returned["context_length"]), (&json!(3), &json!(2048)));
    let third = replaced(&story, &second).await;
    story.fleet.admin.post(&format!("{path}/restart"), &json!({})).await.ok();
    replaced(&story, &third).await;

    stop.store(true, Ordering::SeqCst);
    for asking in asking {
        let (asked, failed) = asking.await.unwrap();
        assert!(failed.is_empty(), "{} of {asked} failed: {:?}", failed.len(), failed.first());
        assert!(asked > 3, "only {asked} were asked");
    }
    let revisions = story.fleet.admin.get(&format!("{path}/revisions")).await.ok();
    let told: Vec<_> =
        revisions["revisions"].as_array().unwrap().iter().map(|r| r["revision"].clone()).collect();
    assert_eq!(told, [4, 3, 2, 1]);
    assert_eq!(revisions["revisions"][1]["returned_to"], 1);
    let records = story.fleet.records("deployment.changed").await;
    assert_eq!(
        (&records[0]["change"]["restarts"], &records[1]["change"]["returned_to"]),
        (&json!("1"), &json!("1"))
    );
    let speed = story.fleet.replicas(WARD).await[0]["speed"].clone();
    assert!(speed.is_null() || speed["answers"].as_u64() > Some(0), "{speed}");
    let (status, told) = story.fleet.verify_log().await;
    assert_eq!(status, 0, "{told}");
}

#[tokio::test]
async fn a_crash_is_an_event_and_what_the_worker_wrote_before_it_can_still_be_read() {
    let story = deployed(Database::Sqlite, 1, 1).await;
    let id = ids(&story).await.remove(0);
    story.caller.post("/v1/chat/completions", &question("My secret is heliotrope", 4)).await.ok();
    kill_process(pid(story.agents[0].workers()[0]), Signal::KILL).unwrap();

    until("the crash among the events, and the end of it", async || {
        let kinds: Vec<_> = events(&story).await.into_iter().map(|event| event["kind"].clone()).collect();
        let crashed = kinds.iter().position(|kind| kind == "crashed")?;
        kinds.iter().take(crashed).any(|kind| kind == "ready").then_some(())
    })
    .await;
    let all = events(&story).await;
    let crash = all.iter().find(|event| event["kind"] == "crashed").unwrap();
    assert!(crash["sentence"].as_str().unwrap().contains("SIGKILL"), "{crash}");
    assert_eq!((&crash["replica_id"], &crash["node_name"]), (&json!(id), &json!("node-1")));
    assert!(all.iter().any(|event| event["kind"] == "placed"));

    let output = story.fleet.admin.get(&format!("/api/v1/replicas/{id}/logs?lines=500")).await.ok();
    let lines = output["lines"].as_array().unwrap();
    let of_run = |run: u32, text: &str| {
        lines.iter().any(|line| line["run"] == run && line["text"].as_str().unwrap().contains(text))
    };
    assert!(of_run(0, "worker.ready") && of_run(0, "SIGKILL") && of_run(1, "worker.start"), "{output}");
    assert!(!output.to_string().contains("heliotrope"), "no text of a question");
    assert!(!events(&story).await.iter().any(|event| event.to_string().contains("heliotrope")));
}

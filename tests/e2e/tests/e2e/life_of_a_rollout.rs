//! From an intent to ready replicas, and why they are where they are.

use cloister_e2e::models::import_real_model;
use cloister_e2e::{Fleet, FleetOptions, until};
use serde_json::{Value, json};

use crate::story::question;

#[tokio::test]
async fn replicas_are_spread_explained_scaled_and_removed() {
    let mut fleet = Fleet::start(FleetOptions::default()).await;
    let _german = fleet.agent(&["--jurisdiction", "DE-HE", "--label", "disk=nvme"]).await;
    let _french = fleet.agent(&["--jurisdiction", "FR"]).await;
    import_real_model(&fleet.admin, "smollm2").await;

    fleet.deploy("everywhere", &json!({"model": "smollm2", "replicas": 2, "context_length": 1024})).await;
    let mut nodes: Vec<_> =
        fleet.replicas("everywhere").await.iter().map(|r| r["node_name"].clone()).collect();
    nodes.sort_by_key(ToString::to_string);
    assert_eq!(nodes, [json!("node-1"), json!("node-2")], "one replica on each node");

    let body = json!({"model": "smollm2", "replicas": 1, "context_length": 1024, "jurisdiction": "DE",
        "node_selector": {"disk": "nvme"}});
    fleet.deploy("german", &body).await;
    let replica = fleet.replicas("german").await.remove(0);
    assert_eq!(replica["node_name"], "node-1", "DE admits DE-HE and nothing else");
    explained(&fleet, &replica).await;

    nowhere_to_go_is_explained(&fleet).await;
    scaled_and_removed(&fleet).await;
    let (status, told) = fleet.verify_log().await;
    assert_eq!(status, 0, "{told}");
}

async fn explained(fleet: &Fleet, replica: &Value) {
    let id = replica["id"].as_str().unwrap();
    let explanation = fleet.admin.get(&format!("/api/v1/replicas/{id}/explanation")).await.ok();
    let verdicts = explanation["nodes"].as_array().unwrap();
    let french = verdicts.iter().find(|v| v["node_name"] == "node-2").expect("every node has a verdict");
    assert_eq!(french["admissible"], false);
    assert!(french["reason"].as_str().unwrap().contains("FR"), "{french}");
    assert!(explanation["weights_bytes"].as_u64().unwrap() > 50_000_000);
    let checks = explanation["checks"].to_string();
    assert!(checks.contains("signature") || checks.contains("signer"), "the agent's own checks: {checks}");
}

async fn nowhere_to_go_is_explained(fleet: &Fleet) {
    let body = json!({"model": "smollm2", "replicas": 1, "context_length": 1024, "jurisdiction": "JP"});
    fleet.admin.put("/api/v1/deployments/abroad", &body).await.ok();
    let replica = until("the unplaced replica", async || {
        fleet.replicas("abroad").await.into_iter().find(|r| r["phase"] == "unplaced")
    })
    .await;
    let id = replica["id"].as_str().unwrap();
    let explanation = fleet.admin.get(&format!("/api/v1/replicas/{id}/explanation")).await.ok();
    assert!(explanation["nodes"].as_array().unwrap().iter().all(|v| v["admissible"] == false));
    let key = fleet.inference_key("abroad", &["abroad"]).await;
    let body = json!({"model": "abroad", "messages": [{"role": "user", "content": "hello"}]});
    let answer = fleet.admin.with_key(&key).post("/v1/chat/completions", &body).await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(!answer.header("retry-after").is_empty());
    assert!(fleet.records("inference.completed").await.is_empty());
}

async fn scaled_and_removed(fleet: &Fleet) {
    let body = json!({"model": "smollm2", "replicas": 1, "context_length": 1024});
    fleet.deploy("everywhere", &body).await;
    until("one replica", async || (fleet.replicas("everywhere").await.len() == 1).then_some(())).await;
    let in_use = fleet.admin.delete("/api/v1/models/smollm2").await;
    assert_eq!(in_use.status, 409, "a model in use is not removed: {}", in_use.body);
    for name in ["everywhere", "german", "abroad"] {
        fleet.admin.delete(&format!("/api/v1/deployments/{name}")).await.ok();
    }
    until("no replica", async || {
        let list = fleet.admin.get("/api/v1/replicas").await.ok();
        list["replicas"].as_array().is_some_and(Vec::is_empty).then_some(())
    })
    .await;
    let answer = fleet.admin.post("/v1/chat/completions", &question("hello", 4)).await;
    assert_eq!(answer.status, 404, "{}", answer.body);
    fleet.admin.delete("/api/v1/models/smollm2").await.ok();
}

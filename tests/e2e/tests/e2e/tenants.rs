//! Two tenants on one fleet: each asks its own, is counted for itself, and sees nothing of the other.

use cloister_e2e::models::import_tiny_model;
use cloister_e2e::{Fleet, FleetOptions};
use serde_json::{Value, json};

async fn key(fleet: &Fleet, name: &str, tenant: &str) -> String {
    let new = json!({"name": name, "role": "inference", "tenant": tenant});
    fleet.admin.post("/api/v1/keys", &new).await.ok()["secret"].as_str().unwrap().to_owned()
}

async fn ask(fleet: &Fleet, secret: &str, model: &str) -> (u16, Value) {
    let body = json!({"model": model, "max_tokens": 3, "messages": [{"role": "user", "content": "hello"}]});
    let url = format!("{}/v1/chat/completions", fleet.admin.url);
    let answer = reqwest::Client::new().post(url).bearer_auth(secret).json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn models_of(fleet: &Fleet, secret: &str) -> Value {
    let url = format!("{}/v1/models", fleet.admin.url);
    let answer = reqwest::Client::new().get(url).bearer_auth(secret).send().await.unwrap();
    answer.json().await.unwrap()
}

#[tokio::test]
async fn tenants_ask_their_own_models_and_are_counted_apart() {
    let mut fleet = Fleet::start(FleetOptions::default()).await;
    let _agent = fleet.agent(&[]).await;
    import_tiny_model(&fleet.admin, "tiny").await;
    for (tenant, deployment) in [("cardiology", "heart"), ("oncology", "onco")] {
        fleet.admin.post("/api/v1/tenants", &json!({"name": tenant})).await.ok();
        fleet.deploy(deployment, &json!({"model": "tiny", "tenant": tenant})).await;
        fleet.ready(deployment, 1).await;
    }
    let cardiology = key(&fleet, "heart-ehr", "cardiology").await;
    let oncology = key(&fleet, "onco-ehr", "oncology").await;

    for (secret, own, other) in [(&cardiology, "heart", "onco"), (&oncology, "onco", "heart")] {
        let (status, answer) = ask(&fleet, secret, own).await;
        assert_eq!(status, 200, "{answer}");
        let (status, answer) = ask(&fleet, secret, other).await;
        assert_eq!(status, 404, "{answer}");
        let listed = models_of(&fleet, secret).await;
        let ids: Vec<_> = listed["data"].as_array().unwrap().iter().map(|model| &model["id"]).collect();
        assert_eq!(ids, [own]);
    }
    let (status, _) = ask(&fleet, &cardiology, "heart").await;
    assert_eq!(status, 200);

    let report = fleet.admin.get("/api/v1/usage?by=tenant").await.ok();
    let of = |tenant: &str| {
        let rows = report["rows"].as_array().unwrap();
        rows.iter().find(|row| row["tenant"] == tenant).unwrap().clone()
    };
    assert_eq!((&of("cardiology")["requests"], &of("oncology")["requests"]), (&json!(2), &json!(1)));
    assert_eq!(
        of("cardiology")["output_tokens"].as_u64(),
        of("oncology")["output_tokens"].as_u64().map(|n| 2 * n)
    );
    assert_eq!(report["total"]["requests"], 3);
    let keys = fleet.admin.get("/api/v1/keys").await.ok();
    let used = keys["keys"].as_array().unwrap().iter().find(|key| key["name"] == "onco-ehr").unwrap();
    assert!(used["last_used_at"].is_string(), "{used}");

    let records = fleet.records("inference.completed").await;
    assert!(records.iter().any(|record| record.to_string().contains("oncology")), "{records:?}");
    let (status, told) = fleet.verify_log().await;
    assert_eq!(status, 0, "{told}");
}

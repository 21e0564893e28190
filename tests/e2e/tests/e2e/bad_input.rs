//! Requests that are wrong: the right code, a message that names the field, and a fleet that goes on.

use cloister_e2e::models::import_tiny_model;
use cloister_e2e::{Fleet, FleetOptions};
use reqwest::Method;
use serde_json::{Value, json};

const CHAT: &str = "/v1/chat/completions";

#[tokio::test]
async fn every_wrong_request_gets_its_code_and_a_reason() {
    let fleet = Fleet::start(FleetOptions::default()).await;
    // A deployment that no node can take: a request for it gets as far as its own faults let it.
    import_tiny_model(&fleet.admin, "tiny").await;
    fleet.admin.put("/api/v1/deployments/ward", &json!({"model": "tiny"})).await.ok();
    let good = json!({"model": "ward", "messages": [{"role": "user", "content": "hello"}]});
    let changed = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    let cases = [
        (changed("messages", json!("hello")), "messages"),
        (changed("messages", json!([])), "messages"),
        (changed("messages", json!([{"role": "wizard", "content": "x"}])), "role"),
        (changed("max_tokens", json!(-1)), "max_tokens"),
        (changed("max_tokens", json!("many")), "max_tokens"),
        (changed("max_tokens", json!(1e30)), "max_tokens"),
        (changed("temperature", json!(-0.1)), "temperature"),
        (changed("temperature", json!("hot")), "temperature"),
        (changed("top_p", json!(0)), "top_p"),
        (changed("n", json!(2)), "n"),
        (changed("stop", json!(vec!["x"; 17])), "stop"),
        (changed("seed", json!(-3.5)), "seed"),
        (changed("model", json!(7)), "model"),
    ];
    for (body, field) in cases {
        let answer = fleet.admin.post(CHAT, &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
        let error = answer.body["error"].to_string();
        assert!(error.contains(field), "{field:?} is not named in {error}");
    }
    raw_bodies(&fleet).await;
    assert!(fleet.admin.get("/readyz").await.status.is_success());
    assert!(fleet.records("inference.requested").await.is_empty(), "nothing of this was dispatched");
}

async fn raw_bodies(fleet: &Fleet) {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let huge = format!("{{\"model\":\"{}\"}}", "x".repeat(10 << 20));
    let cases: [(&str, Vec<u8>, u16); 5] = [
        ("no JSON", b"{".to_vec(), 400),
        ("bad UTF-8", b"{\"model\":\"\xff\xfe\"}".to_vec(), 400),
        ("an empty body", Vec::new(), 400),
        ("nested too deep", deep.into_bytes(), 400),
        ("10 MB", huge.into_bytes(), 413),
    ];
    for (what, body, status) in cases {
        let request = fleet.admin.request(Method::POST, CHAT).header("content-type", "application/json");
        let answer = fleet.admin.send(request.body(body)).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
    }
}

#[tokio::test]
async fn keys_open_what_they_are_for_and_nothing_else() {
    let fleet = Fleet::start(FleetOptions::default()).await;
    let inference = fleet.admin.with_key(&fleet.inference_key("scoped", &["ward"]).await);
    let nobody = fleet.admin.with_key("clk_nobody");
    for path in ["/api/v1/models", "/api/v1/nodes", "/api/v1/keys", "/api/v1/audit/records"] {
        assert_eq!(inference.get(path).await.status, 403, "{path} with an inference key");
        assert_eq!(nobody.get(path).await.status, 401, "{path} with a wrong key");
    }
    assert_eq!(nobody.get("/v1/models").await.status, 401);
    for path in ["/livez", "/readyz", "/api/v1/openapi.json"] {
        assert!(nobody.get(path).await.status.is_success(), "{path} needs no key");
    }
    let body = json!({"model": "other", "messages": [{"role": "user", "content": "x"}]});
    let answer = inference.post(CHAT, &body).await;
    assert!([403, 404].contains(&answer.status.as_u16()), "{}", answer.body);
    let keys = fleet.admin.get("/api/v1/keys").await.ok();
    let id = keys["keys"].as_array().unwrap().iter().find(|k| k["name"] == "scoped").unwrap()["id"].clone();
    fleet.admin.delete(&format!("/api/v1/keys/{}", id.as_str().unwrap())).await.ok();
    cloister_e2e::until("the revoked key to be refused", async || {
        (inference.get("/v1/models").await.status == 401).then_some(())
    })
    .await;
}

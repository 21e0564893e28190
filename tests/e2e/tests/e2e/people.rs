//! People, not programs: signed in with a link, asking a model, on record by name.

use cloister_e2e::models::import_tiny_model;
use cloister_e2e::{Fleet, FleetOptions};
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// Somebody's browser.
struct Person {
    cookie: String,
    csrf: String,
}

impl Person {
    /// Makes an account and signs in by its link.
    async fn with_role(fleet: &Fleet, role: &str) -> Self {
        let account = json!({"name": role, "roles": [role]});
        fleet.admin.post("/api/v1/accounts", &account).await.ok();
        let link = fleet.admin.post(&format!("/api/v1/accounts/{role}/login-link"), &json!({})).await.ok();
        let body = json!({"method": "link", "token": link["token"]});
        let answer = reqwest::Client::new().post(format!("{}/api/v1/session", fleet.admin.url)).json(&body);
        let answer = answer.send().await.unwrap();
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let session: Value = answer.json().await.unwrap();
        Self { cookie, csrf: session["csrf_token"].as_str().unwrap().to_owned() }
    }

    fn asks(&self, fleet: &Fleet) -> RequestBuilder {
        let body =
            json!({"model": "ward", "max_tokens": 3, "messages": [{"role": "user", "content": "hello"}]});
        let url = format!("{}/v1/chat/completions", fleet.admin.url);
        reqwest::Client::new().request(Method::POST, url).header(COOKIE, &self.cookie).json(&body)
    }
}

#[tokio::test]
async fn people_who_may_ask_models_and_are_named_on_record() {
    let mut fleet = Fleet::start(FleetOptions::default()).await;
    let _agent = fleet.agent(&[]).await;
    import_tiny_model(&fleet.admin, "tiny").await;
    fleet.deploy("ward", &json!({"model": "tiny"})).await;
    fleet.ready("ward", 1).await;
    let user = Person::with_role(&fleet, "user").await;
    let answer = user.asks(&fleet).header("x-cloister-csrf", &user.csrf).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let record = answer.headers()["x-cloister-record"].to_str().unwrap().to_owned();
    let record = fleet.admin.get(&format!("/api/v1/audit/records/{record}")).await.ok();
    let leaf: Value = serde_json::from_str(record["leaf_json"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&leaf["actor"]["kind"], &leaf["actor"]["name"]),
        (&json!("account"), &json!("user")),
        "{leaf}"
    );

    assert_eq!(user.asks(&fleet).send().await.unwrap().status(), 403, "another site could have sent this");
    let auditor = Person::with_role(&fleet, "auditor").await;
    let refused = auditor.asks(&fleet).header("x-cloister-csrf", &auditor.csrf).send().await.unwrap();
    assert_eq!(refused.status(), 403);
    let denied = fleet.records("access.denied").await;
    assert!(denied.iter().any(|denied| denied.to_string().contains("inference.ask")), "{denied:?}");
    let (status, told) = fleet.verify_log().await;
    assert_eq!(status, 0, "{told}");
}

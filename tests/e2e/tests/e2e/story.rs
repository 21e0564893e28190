//! What several tests begin with: a fleet, the real model deployed, a question.

use cloister_e2e::models::import_real_model;
use cloister_e2e::{Agent, Client, Database, Fleet, FleetOptions};
use futures_util::StreamExt;
use serde_json::{Value, json};

pub(crate) struct Story {
    pub(crate) fleet: Fleet,
    pub(crate) agents: Vec<Agent>,
    pub(crate) model_digest: String,
    /// May ask `ward` and nothing else.
    pub(crate) caller: Client,
}

/// The name of the deployment.
pub(crate) const WARD: &str = "ward";

pub(crate) async fn deployed(database: Database, agents: usize, replicas: u32) -> Story {
    let mut fleet = Fleet::start(FleetOptions { database, ..FleetOptions::default() }).await;
    let mut running = Vec::new();
    for _ in 0..agents {
        running.push(fleet.agent(&["--jurisdiction", "DE", "--threads", "1"]).await);
    }
    let model_digest = import_real_model(&fleet.admin, "smollm2").await;
    let body =
        json!({"model": "smollm2", "replicas": replicas, "context_length": 2048, "jurisdiction": "DE"});
    fleet.deploy(WARD, &body).await;
    let caller = fleet.admin.with_key(&fleet.inference_key("caller", &[WARD]).await);
    Story { fleet, agents: running, model_digest, caller }
}

/// A chat request whose answer does not depend on chance.
pub(crate) fn question(text: &str, max_tokens: u32) -> Value {
    json!({
        "model": WARD,
        "messages": [{"role": "user", "content": text}],
        "temperature": 0,
        "max_tokens": max_tokens,
        "return_token_ids": true,
    })
}

pub(crate) fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

/// The data of a stream's events, as they came, until its end or `enough` of them.
pub(crate) async fn events(response: reqwest::Response, enough: usize) -> Vec<String> {
    let mut text = String::new();
    let mut body = response.bytes_stream();
    while let Some(Ok(piece)) = body.next().await {
        text.push_str(&String::from_utf8_lossy(&piece));
        if text.matches("data:").count() >= enough {
            break;
        }
    }
    text.lines().filter_map(|l| l.strip_prefix("data:")).map(|d| d.trim().to_string()).collect()
}

/// Token ids of a whole answer.
pub(crate) fn token_ids(answer: &Value) -> Vec<u64> {
    let ids = answer["choices"][0]["token_ids"].as_array().expect("token ids");
    ids.iter().filter_map(Value::as_u64).collect()
}

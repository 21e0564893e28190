//! What is changed through one controller is told by the streams of the other.

use std::time::{Duration, Instant};

use cloister_e2e::wait::PATIENCE;
use cloister_e2e::{Client, Database, Fleet, FleetOptions};
use cloister_test_postgres::{Durability, Server};
use reqwest::{Method, Response};
use serde_json::{Value, json};

/// A change must be shown everywhere within this.
const TOLD_WITHIN: Duration = Duration::from_secs(2);

/// A stream of events that somebody reads.
struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    async fn open(client: &Client) -> Self {
        let response = client.request(Method::GET, "/api/v1/events").send().await.unwrap();
        assert!(response.status().is_success(), "{}", response.status());
        let mut stream = Self { response, text: String::new() };
        assert!(stream.next().await["controller_id"].is_string());
        stream
    }

    /// Data of the next event.
    async fn next(&mut self) -> Value {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let data = event.lines().find_map(|line| line.strip_prefix("data: ")).map(str::to_owned);
                self.text = rest.to_owned();
                match data {
                    Some(data) => return serde_json::from_str(&data).unwrap(),
                    None => continue,
                }
            }
            let piece = self.response.chunk().await.unwrap().expect("the stream goes on");
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }

    async fn hears_of(&mut self, topic: &str) {
        while !self.next().await["topics"].as_array().unwrap().iter().any(|told| told == topic) {}
    }
}

#[tokio::test]
async fn what_is_changed_at_one_controller_is_told_at_the_other() {
    let server = Server::start(Durability::Fast).unwrap();
    let url = server.create_database().unwrap().to_string();
    let options = || FleetOptions { database: Database::Url(url.clone()), ..FleetOptions::default() };
    let first = Fleet::start(options()).await;
    let second = Fleet::start_beside(&first, options()).await;
    let mut stream = Stream::open(&second.admin).await;
    // All that came before is told once.
    stream.hears_of("keys").await;

    let mut fastest = Duration::MAX;
    for name in ["one", "two", "three"] {
        let began = Instant::now();
        let key = json!({"name": name, "role": "inference"});
        first.admin.post("/api/v1/keys", &key).await.ok();
        tokio::time::timeout(PATIENCE, stream.hears_of("keys")).await.expect("the key is told");
        fastest = fastest.min(began.elapsed());
        // Whoever asks then is answered from after the change.
        let keys = second.admin.get("/api/v1/keys").await.ok();
        assert!(keys["keys"].as_array().unwrap().iter().any(|key| key["name"] == name), "{keys}");
    }
    // A busy machine may hold up one of them.
    assert!(fastest < TOLD_WITHIN, "a change took {fastest:?} to be told");

    // Accounts wake nobody; the look that is made every second finds them.
    first.admin.post("/api/v1/accounts", &json!({"name": "meier", "roles": ["auditor"]})).await.ok();
    tokio::time::timeout(PATIENCE, stream.hears_of("accounts")).await.expect("the account is told");
}

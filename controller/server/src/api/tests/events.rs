//! The stream of events: what it tells, whom, and when it ends.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::BodyDataStream;
use axum::response::Response;
use cloister_api::paths;
use futures_util::StreamExt as _;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::session::{Browser, let_in};
use super::{ADMIN, Fleet, read};
use crate::api::SessionSettings;
use crate::limits::EVENT_STREAMS_PER_CALLER_MAX;
use crate::sources::SourceSettings;

/// No wait in these tests takes longer, unless the machine is on its knees.
const PATIENCE: Duration = Duration::from_secs(60);

/// A fleet whose changes are told.
async fn telling() -> (Fleet, DropGuard) {
    tell(Fleet::start().await)
}

fn tell(fleet: Fleet) -> (Fleet, DropGuard) {
    let stop = CancellationToken::new();
    tokio::spawn(fleet.api.clone().tell_changes(stop.clone()));
    (fleet, stop.drop_guard())
}

/// Somebody who reads a stream.
struct Listener {
    body: BodyDataStream,
    text: String,
}

impl Listener {
    /// Past the first event.
    async fn of(response: Response) -> Self {
        assert_eq!(response.status(), StatusCode::OK);
        let mut listener = Self { body: response.into_body().into_data_stream(), text: String::new() };
        let (name, hello) = listener.next().await.unwrap();
        assert_eq!(name, "hello");
        assert!(hello["controller_id"].is_string() && hello["started_at"].is_string(), "{hello}");
        listener
    }

    /// The next event; `None` at the end of the stream.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (parse(event), rest.to_owned());
                self.text = rest;
                if event.is_some() {
                    return event;
                }
            }
            let piece =
                tokio::time::timeout(PATIENCE, self.body.next()).await.expect("the stream goes on or ends");
            self.text.push_str(std::str::from_utf8(&piece?.unwrap()).unwrap());
        }
    }

    async fn changed(&mut self) -> BTreeSet<String> {
        let (name, data) = self.next().await.expect("the stream goes on");
        assert_eq!(name, "changed");
        data["topics"].as_array().unwrap().iter().map(|topic| topic.as_str().unwrap().to_owned()).collect()
    }

    /// Everything that is told until `topic` is.
    async fn until(&mut self, topic: &str) -> BTreeSet<String> {
        let mut heard = BTreeSet::new();
        while !heard.contains(topic) {
            heard.append(&mut self.changed().await);
        }
        heard
    }

    async fn ends(&mut self) {
        while self.next().await.is_some() {}
    }
}

/// Name and data of an event; nothing of a comment.
fn parse(event: &str) -> Option<(String, Value)> {
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
    let (name, data) = (field("event: ")?, field("data: ")?);
    assert!(field("id: ").is_some(), "{event}");
    Some((name.to_owned(), serde_json::from_str(data).unwrap()))
}

async fn by_key(fleet: &Fleet) -> Response {
    let request = http::Request::get(paths::EVENTS).header(header::AUTHORIZATION, format!("Bearer {ADMIN}"));
    fleet.send(request.body(axum::body::Body::empty()).unwrap()).await
}

async fn by(fleet: &Fleet, browser: &Browser) -> Response {
    fleet.send(browser.request(Method::GET, paths::EVENTS, None)).await
}

async fn change_nodes(fleet: &Fleet) {
    let (status, body) = fleet.call(Method::POST, paths::JOIN_TOKENS, Some(json!({}))).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
}

async fn change_keys(fleet: &Fleet, name: &str) -> Value {
    let new = json!({"name": name, "role": "admin"});
    let (status, key) = fleet.call(Method::POST, paths::KEYS, Some(new)).await;
    assert_eq!(status, StatusCode::CREATED, "{key}");
    key
}

#[tokio::test]
async fn a_change_is_told_to_those_who_may_read_what_changed() {
    let (fleet, _telling) = telling().await;
    // All are there before the first look, which tells everything.
    let developer = let_in(&fleet, "dev", "developer").await;
    let user = let_in(&fleet, "user", "user").await;
    let response = by_key(&fleet).await;
    for (name, value) in
        [("content-type", "text/event-stream"), ("cache-control", "no-store"), ("x-accel-buffering", "no")]
    {
        assert_eq!(response.headers()[name], value);
    }
    let mut admin = Listener::of(response).await;
    let mut developer = Listener::of(by(&fleet, &developer).await).await;
    let mut user = Listener::of(by(&fleet, &user).await).await;

    // All that came before the streams, in one.
    let first = admin.until("accounts").await;
    assert!(first.contains("nodes") && first.contains("audit"), "{first:?}");
    change_nodes(&fleet).await;
    admin.until("nodes").await;
    change_keys(&fleet, "another").await;
    admin.until("keys").await;

    let heard = developer.until("status").await;
    let may_hear = BTreeSet::from(["status", "deployments", "replicas", "models"].map(str::to_owned));
    assert!(heard.is_subset(&may_hear), "{heard:?}");
    let heard = user.until("deployments").await;
    assert_eq!(heard, BTreeSet::from(["deployments", "replicas"].map(str::to_owned)));
}

#[tokio::test]
async fn a_stream_ends_with_its_session_or_key_and_that_is_no_refused_call() {
    let (fleet, _telling) = telling().await;
    let browser = let_in(&fleet, "leaving", "auditor").await;
    let mut person = Listener::of(by(&fleet, &browser).await).await;
    let key = change_keys(&fleet, "leaving").await;
    let request = http::Request::get(paths::EVENTS)
        .header(header::AUTHORIZATION, format!("Bearer {}", key["secret"].as_str().unwrap()));
    let mut program = Listener::of(fleet.send(request.body(axum::body::Body::empty()).unwrap()).await).await;

    browser.call(&fleet, Method::DELETE, paths::SESSION, None).await;
    person.ends().await;
    let id = key["key"]["id"].as_str().unwrap();
    let (status, body) = fleet.call(Method::DELETE, &paths::key(id), None).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    program.ends().await;
    let kinds: Vec<_> = fleet.recorded(100).await.into_iter().map(|(kind, _)| kind).collect();
    assert!(!kinds.contains(&"access.denied".to_owned()), "{kinds:?}");
}

#[tokio::test]
async fn a_session_that_nobody_uses_ends_in_spite_of_its_stream() {
    let sessions = SessionSettings { idle: Duration::from_secs(6), ..SessionSettings::default() };
    let fleet = Fleet::start_as(tempfile::tempdir().unwrap(), SourceSettings::default(), sessions).await;
    let (fleet, _telling) = tell(fleet);
    let browser = let_in(&fleet, "away", "auditor").await;
    // To open one again is no use either.
    loop {
        let response = by(&fleet, &browser).await;
        if response.status() == StatusCode::UNAUTHORIZED {
            break;
        }
        let mut stream = Listener::of(response).await;
        change_nodes(&fleet).await;
        if stream.next().await.is_none() {
            break;
        }
    }
    let ended = fleet.recorded(100).await.into_iter().find(|(kind, _)| kind == "session.ended");
    assert_eq!(ended.unwrap().1["reason"], "idle");
}

#[tokio::test]
async fn other_roles_are_told_and_hold_for_what_is_told_next() {
    let (fleet, _telling) = telling().await;
    let browser = let_in(&fleet, "meier", "developer").await;
    let mut stream = Listener::of(by(&fleet, &browser).await).await;
    let roles = json!({"roles": ["operator"]});
    let path = paths::ACCOUNT_ROLES.replace("{account}", "meier");
    let (status, body) = fleet.call(Method::PUT, &path, Some(roles)).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let before = stream.until("session").await;
    assert!(!before.contains("audit"), "{before:?}");
    change_nodes(&fleet).await;
    stream.until("nodes").await;
}

#[tokio::test]
async fn a_reader_that_is_slow_is_told_of_many_changes_at_once() {
    let (fleet, _telling) = telling().await;
    let mut fast = Listener::of(by_key(&fleet).await).await;
    let mut slow = Listener::of(by_key(&fleet).await).await;
    fast.until("accounts").await;
    for _ in 0..8 {
        change_nodes(&fleet).await;
        fast.until("nodes").await;
    }
    change_keys(&fleet, "last").await;
    fast.until("keys").await;
    let mut events = 1;
    // The very first event has everything in it.
    slow.changed().await;
    while !slow.changed().await.contains("keys") {
        events += 1;
    }
    assert!(events <= 3, "{events} events were kept for a reader that took none");
}

#[tokio::test]
async fn streams_of_one_caller_are_bounded_and_a_closed_one_makes_room() {
    let (fleet, _telling) = telling().await;
    let mut open = Vec::new();
    for _ in 0..EVENT_STREAMS_PER_CALLER_MAX {
        open.push(Listener::of(by_key(&fleet).await).await);
    }
    let response = by_key(&fleet).await;
    assert!(response.headers().contains_key(header::RETRY_AFTER));
    let (status, problem) = read(response).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{problem}");
    assert_eq!(problem["type"], "urn:cloister:problem:too-many-requests");
    // Others are not kept out by that.
    let other = let_in(&fleet, "other", "auditor").await;
    assert_eq!(by(&fleet, &other).await.status(), StatusCode::OK);
    open.pop();
    let again = async {
        while by_key(&fleet).await.status() != StatusCode::OK {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.unwrap();
}

#[tokio::test]
async fn a_stop_ends_all_streams_and_later_ones_at_once() {
    let (fleet, _telling) = telling().await;
    let mut open = Listener::of(by_key(&fleet).await).await;
    fleet.api.end_streams();
    open.ends().await;
    Listener::of(by_key(&fleet).await).await.ends().await;
}

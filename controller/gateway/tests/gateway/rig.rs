//! A gateway with its surroundings.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use cloister_evidence::record::{ActorKind, Record};
use cloister_gateway::{Gateway, Grant, Options, ReplicaRoute, Route, Routes};
use cloister_ledger::{Ledger, LedgerHandle, LedgerOptions, LedgerTask, load_or_create_log_key};
use cloister_store::{RecordQuery, Store};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use prometheus_client::registry::Registry;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tower::ServiceExt;

use crate::replicas::Replicas;

pub(crate) const DIGEST: &str = "sha256:00112233";
pub(crate) const CHAT: &str = "/v1/chat/completions";
pub(crate) const TEXT: &str = "/v1/completions";
pub(crate) const QUESTION: &str =
    r#"{"model":"notes","messages":[{"role":"user","content":"Does Anna have a fever?"}]}"#;
pub(crate) const STREAMED_QUESTION: &str =
    r#"{"model":"notes","stream":true,"messages":[{"role":"user","content":"Does Anna have a fever?"}]}"#;

pub(crate) struct Rig {
    pub(crate) gateway: Gateway,
    pub(crate) replicas: Arc<Replicas>,
    pub(crate) store: Store,
    pub(crate) registry: Registry,
    pub(crate) ledger: LedgerHandle,
    task: Option<LedgerTask>,
    _routes: watch::Sender<Arc<Routes>>,
    _folder: tempfile::TempDir,
}

/// What came back, read to its end.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// A deployment with these replicas, each of which takes two sequences.
pub(crate) fn route(deployment: &str, replicas: &[&str]) -> Route {
    Route {
        deployment: deployment.into(),
        model_name: format!("{deployment}-model"),
        model_digest: DIGEST.into(),
        tenant: None,
        context_length: 100,
        max_sequences: 1,
        max_waiting: 1,
        created_unix_s: 1_700_000_000,
        replicas: replicas
            .iter()
            .map(|id| ReplicaRoute { replica_id: (*id).into(), node_id: format!("node-of-{id}") })
            .collect(),
    }
}

fn routes(deployments: Vec<Route>) -> Routes {
    let grant = |key_id: &str, models: &[&str], expires_unix_s| Grant {
        kind: ActorKind::ApiKey,
        id: key_id.into(),
        name: format!("name of {key_id}"),
        admin: false,
        tenant: None,
        models: models.iter().map(|model| (*model).to_owned()).collect(),
        expires_unix_s,
    };
    let keys = [
        ("clk_all", grant("key-all", &[], None)),
        ("clk_briefs", grant("key-briefs", &["briefs"], None)),
        ("clk_old", grant("key-old", &[], Some(1))),
    ];
    Routes {
        deployments: deployments.into_iter().map(|route| (route.deployment.clone(), route)).collect(),
        keys: keys
            .into_iter()
            .map(|(secret, grant)| (Sha256::digest(secret).into(), grant))
            .collect::<HashMap<_, _>>(),
    }
}

impl Rig {
    /// Deployments `notes` (replica `r1`) and `briefs` (no replica).
    pub(crate) async fn start() -> Self {
        Self::with(Options::default(), vec![route("notes", &["r1"]), route("briefs", &[])]).await
    }

    pub(crate) async fn with(options: Options, deployments: Vec<Route>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("cloister.db").display());
        let store = Store::open(&url).await.unwrap();
        let key =
            load_or_create_log_key(&folder.path().join("audit.key"), "cloister/fleet-test").await.unwrap();
        let (ledger, task) = Ledger::start(store.clone(), key, LedgerOptions::default()).await.unwrap();
        let (sender, receiver) = watch::channel(Arc::new(routes(deployments)));
        let replicas = Replicas::new();
        let mut registry = Registry::default();
        let dispatcher = Arc::<Replicas>::clone(&replicas);
        let gateway = Gateway::new(options, receiver, dispatcher, ledger.clone(), &mut registry);
        Self {
            gateway,
            replicas,
            store,
            registry,
            ledger,
            task: Some(task),
            _routes: sender,
            _folder: folder,
        }
    }

    /// From now on nothing can be put on record.
    pub(crate) async fn close_ledger(&mut self) {
        self.task.take().expect("still open").stop().await.unwrap();
    }

    /// The response as it begins; its body is not read.
    pub(crate) async fn open(&self, request: Request<Body>) -> Response {
        self.gateway.http_router().oneshot(request).await.unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.open(request).await;
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Reply { status: head.status, headers: head.headers, text }
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Reply {
        self.send(post(path, "clk_all", body.to_owned())).await
    }

    /// Records of inferences, oldest first.
    pub(crate) async fn records(&self) -> Vec<Record> {
        let query = RecordQuery { limit: 1_000, ..RecordQuery::default() };
        let rows = self.store.records(&query).await.unwrap();
        let parsed = rows.iter().rev().filter(|row| row.kind.starts_with("inference."));
        parsed.map(|row| serde_json::from_slice(&row.leaf).unwrap()).collect()
    }

    /// Waits until there are `count` records of inferences.
    pub(crate) async fn records_when(&self, count: usize) -> Vec<Record> {
        let mut checkpoints = self.ledger.checkpoints();
        let enough = async {
            loop {
                checkpoints.mark_unchanged();
                let records = self.records().await;
                if records.len() >= count {
                    return records;
                }
                checkpoints.changed().await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(10), enough).await.expect("the records are written")
    }

    pub(crate) fn metrics(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        text
    }
}

pub(crate) fn post(path: &str, key: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path)
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap()
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The data of each server-sent event.
    pub(crate) fn events(&self) -> Vec<String> {
        let events = self.text.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
        events.map(str::to_owned).collect()
    }

    /// The chunks of a stream that ended well.
    pub(crate) fn chunks(&self) -> Vec<Value> {
        let mut events = self.events();
        assert_eq!(events.pop().as_deref(), Some("[DONE]"), "{}", self.text);
        events.iter().map(|event| serde_json::from_str(event).unwrap()).collect()
    }
}

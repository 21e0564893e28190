//! The API against a real store, a real ledger and a real data folder; only the sockets are left out.

mod access;
mod accounts;
mod approval;
mod audit_search;
mod bad_input;
mod events;
mod grpc;
mod history;
mod import;
mod lifecycle;
mod nodes;
mod openapi;
mod past;
mod second_factor;
mod session;
mod sources;
mod tenants;
mod trust_policies;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use cloister_api::{Problem, ProblemKind, paths};
use cloister_evidence::record::{Actor, ActorKind, Draft, Kind, Outcome};
use cloister_ledger::{Ledger, LedgerHandle, LedgerOptions, LedgerTask};
use cloister_provenance::{FileEntry, GeneratedKey, SigningKey, keygen, sign};
use cloister_store::{Change, Key, KeyRole, RecordQuery, Store};
use http::{Method, Request, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use runtime_formats::testing::TinyLlama;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{ApiSettings, ApiState, SessionSettings, router};
use crate::data_dir::DataDir;
use crate::fleet::{FleetCa, FleetHandle, FleetParts, FleetSettings};
use crate::models;
use crate::sources::SourceSettings;

const ADMIN: &str = "clk_admin";
const INFERENCE: &str = "clk_inference";
const EXPIRED: &str = "clk_expired";
const REVOKED: &str = "clk_revoked";
const QUOTA_BYTES: u64 = 8 << 20;

/// A controller's administration without its sockets.
struct Fleet {
    data: DataDir,
    api: ApiState,
    router: Router,
    _ledger: LedgerTask,
    _temp: tempfile::TempDir,
}

impl Fleet {
    async fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap()).await
    }

    async fn start_in(temp: tempfile::TempDir) -> Self {
        Self::start_with(temp, SourceSettings::default()).await
    }

    /// A controller that may fetch from `sources`.
    async fn start_with(temp: tempfile::TempDir, sources: SourceSettings) -> Self {
        Self::start_as(temp, sources, SessionSettings::default()).await
    }

    async fn start_as(temp: tempfile::TempDir, sources: SourceSettings, sessions: SessionSettings) -> Self {
        Self::start_set(temp, ApiSettings { sources, sessions, ..ApiSettings::default() }).await
    }

    async fn start_set(temp: tempfile::TempDir, settings: ApiSettings) -> Self {
        let data = DataDir::open(temp.path()).unwrap();
        let store = Store::open(&format!("sqlite://{}", data.database().display())).await.unwrap();
        let key =
            cloister_ledger::load_or_create_log_key(&data.audit_key(), "cloister/fleet-test").await.unwrap();
        let (ledger, task) = Ledger::start(store.clone(), key, LedgerOptions::default()).await.unwrap();
        if store.keys().await.unwrap().is_empty() {
            add_keys(&ledger).await;
        }
        let fleet = FleetHandle::new(FleetParts {
            fleet_id: "test".into(),
            ca: Arc::new(FleetCa::open(&data, "test").unwrap()),
            agents_url: "https://127.0.0.1:1".into(),
            store: store.clone(),
            ledger: ledger.clone(),
            data: data.clone(),
            settings: FleetSettings {
                node_certificate_lifetime: Duration::from_secs(60),
                heartbeat_interval: Duration::from_secs(5),
                unreachable_grace: Duration::from_secs(60),
            },
            attestor: None,
        });
        let opened = models::open(&data, &store, QUOTA_BYTES).await.unwrap();
        let api = ApiState::new("test".into(), store, ledger, fleet, opened, settings);
        Self { data, router: router(api.clone()), api, _ledger: task, _temp: temp }
    }

    /// Ends this controller and starts another on the same folder.
    async fn restart(self) -> Self {
        let Self { api, router, _ledger: ledger, _temp: temp, .. } = self;
        ledger.stop().await.unwrap();
        api.store().close().await;
        drop((api, router));
        Self::start_in(temp).await
    }

    async fn send(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// As an administrator, with a JSON body or none.
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header(header::AUTHORIZATION, format!("Bearer {ADMIN}"));
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        read(self.send(request.body(body).unwrap()).await).await
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// A call that must fail, and how it does.
    async fn problem(&self, method: Method, path: &str, body: Option<Value>) -> Problem {
        let (status, body) = self.call(method.clone(), path, body).await;
        let problem: Problem =
            serde_json::from_value(body.clone()).unwrap_or_else(|e| panic!("{e}: {method} {path}: {body}"));
        assert_eq!(problem.status, status.as_u16());
        problem
    }

    async fn put_bytes(&self, path: &str, bytes: &[u8]) -> (StatusCode, Value) {
        let request = Request::put(path).header(header::AUTHORIZATION, format!("Bearer {ADMIN}"));
        read(self.send(request.body(Body::from(bytes.to_vec())).unwrap()).await).await
    }

    /// Uploads the files whole; the id of the upload.
    async fn upload(&self, files: &[(&str, &[u8])]) -> String {
        let announced: Vec<_> =
            files.iter().map(|(name, bytes)| json!({"name": name, "size_bytes": bytes.len()})).collect();
        let (status, upload) =
            self.call(Method::POST, paths::UPLOADS, Some(json!({"files": announced}))).await;
        assert_eq!(status, StatusCode::CREATED, "{upload}");
        let id = upload["id"].as_str().unwrap().to_owned();
        for (name, bytes) in files {
            let (status, file) = self.put_bytes(&paths::upload_file(&id, name, 0), bytes).await;
            assert_eq!(status, StatusCode::OK, "{file}");
        }
        id
    }

    async fn trust(&self, signer: &Signer) {
        let body = json!({"name": signer.name, "public_key_pem": signer.key.public_pem});
        let (status, body) = self.call(Method::POST, paths::SIGNERS, Some(body)).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
    }

    /// A model that `signer` signed, imported as `name`.
    async fn import(&self, signer: &Signer, name: &str) -> Value {
        let model = SignedModel::new(signer);
        let id = self.upload(&model.files()).await;
        let (status, body) =
            self.call(Method::POST, paths::MODELS, Some(json!({"name": name, "upload_id": id}))).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        body
    }

    /// Kinds of the newest records, newest first.
    async fn recorded(&self, limit: u32) -> Vec<(String, Value)> {
        let rows = self.api.store().records(&RecordQuery { limit, ..RecordQuery::default() }).await.unwrap();
        rows.into_iter().map(|row| (row.kind, serde_json::from_slice(&row.leaf).unwrap())).collect()
    }

    /// Files and folders below `folder` of the data folder.
    fn listing(&self, folder: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.data.root().join(folder)).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

async fn add_keys(ledger: &LedgerHandle) {
    let now = Timestamp::now();
    let hour = SignedDuration::from_hours(1);
    for (secret, role, expires_at, revoked) in [
        (ADMIN, KeyRole::Admin, None, false),
        (INFERENCE, KeyRole::Inference, None, false),
        (EXPIRED, KeyRole::Admin, Some(now - hour), false),
        (REVOKED, KeyRole::Admin, None, true),
    ] {
        let key = Key {
            id: secret.replace("clk_", "key-"),
            name: secret.replace("clk_", ""),
            secret_hash: super::operations::secret_hash(secret),
            role,
            models: Vec::new(),
            tenant: None,
            last_used_at: None,
            created_at: now - hour,
            expires_at,
            revoked_at: None,
        };
        let mut changes = vec![Change::AddKey(key.clone())];
        if revoked {
            changes.push(Change::RevokeKey { id: key.id, at: now });
        }
        ledger.change(changes, draft()).await.unwrap();
    }
}

fn draft() -> Draft {
    Draft {
        kind: Kind::KeyCreated,
        outcome: Outcome::Success,
        actor: Actor { kind: ActorKind::System, id: "system".into(), name: None, address: None },
        subject: None,
        tenant: None,
        intent: None,
        inference: None,
        change: None,
        reason: None,
    }
}

/// Somebody who signs models.
struct Signer {
    name: &'static str,
    key: GeneratedKey,
}

impl Signer {
    fn new(name: &'static str) -> Self {
        Self { name, key: keygen().unwrap() }
    }

    /// A signature bundle over these files.
    fn sign(&self, files: &[(&str, &[u8])]) -> Vec<u8> {
        use sha2::Digest as _;
        let digest = |bytes: &[u8]| hex::encode(sha2::Sha256::digest(bytes)).parse().unwrap();
        let entries =
            files.iter().map(|(name, bytes)| FileEntry { name: (*name).into(), sha256: digest(bytes) });
        let key = SigningKey::from_pem(&self.key.private_pem).unwrap();
        sign(entries.collect(), &key, "tiny").unwrap().bytes
    }
}

/// A tiny llama with a licence file, and a signature over both.
struct SignedModel {
    gguf: Vec<u8>,
    bundle: Vec<u8>,
}

const LICENSE: &[u8] = b"do as you like";

impl SignedModel {
    fn new(signer: &Signer) -> Self {
        Self::of(signer, TinyLlama::default().gguf())
    }

    fn of(signer: &Signer, gguf: Vec<u8>) -> Self {
        let bundle = signer.sign(&[("tiny.gguf", &gguf), ("LICENSE", LICENSE)]);
        Self { gguf, bundle }
    }

    fn files(&self) -> [(&str, &[u8]); 3] {
        [("model.sig", &self.bundle), ("tiny.gguf", &self.gguf), ("LICENSE", LICENSE)]
    }
}

/// Compares a text with its committed copy, or rewrites the copy when `CLOISTER_UPDATE` is set.
fn assert_committed(path: &Path, text: &str) {
    if std::env::var_os("CLOISTER_UPDATE").is_some() {
        std::fs::write(path, text).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == text,
        "{} is not up to date; run this test with CLOISTER_UPDATE=1 and review the difference",
        path.display()
    );
}

fn committed(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

fn kind(problem: &Problem) -> ProblemKind {
    problem.kind().unwrap()
}

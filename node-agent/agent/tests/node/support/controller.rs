//! A controller that does what a test tells it to, and remembers what agents told it.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cloister_proto::agent::v1::agent_message::Message as Up;
use cloister_proto::agent::v1::agent_service_server::AgentServiceServer;
use cloister_proto::agent::v1::controller_message::Message as Down;
use cloister_proto::agent::v1::enrolment_service_server::EnrolmentServiceServer;
use cloister_proto::agent::v1::{
    DesiredReplica, DesiredState, InferenceDown, InferenceUp, ReplicaPhase, ReplicaStatus,
};
use tokio::sync::{broadcast, watch};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};

use super::authority::Authority;
use super::model::Model;
use super::service::Service;

/// Nothing that a test waits for takes longer, on however slow a machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How one call of ReadArtifact misbehaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// None: it answers as it should.
    Sound,
    /// The stream stops in the middle and does not end.
    Stalled,
    /// The stream ends early, without an error.
    Truncated,
    /// The connection breaks in the middle.
    Broken,
    /// A bit is wrong.
    WrongByte,
    /// More bytes than were asked for.
    TooMany,
}

pub(crate) struct State {
    /// What it calls itself.
    pub(crate) id: String,
    pub(crate) authority: Arc<Authority>,
    /// Pods' tokens that it takes at enrolment.
    pub(crate) pods: Mutex<Vec<String>>,
    /// (name, token) of every enrolment that it was asked for with a pod's token.
    pub(crate) applications: watch::Sender<Vec<(String, String)>>,
    pub(crate) renewals: watch::Sender<u32>,
    pub(crate) token: Mutex<String>,
    pub(crate) refuse_renewal: Mutex<bool>,
    pub(crate) lifetime: Mutex<Duration>,
    pub(crate) models: Mutex<HashMap<String, Model>>,
    /// What comes up, over all sessions, in order.
    pub(crate) heard: watch::Sender<Vec<Up>>,
    pub(crate) sessions: watch::Sender<u32>,
    /// Certificates (DER) that sessions were opened with.
    pub(crate) certificates: Mutex<Vec<Vec<u8>>>,
    pub(crate) orders: broadcast::Sender<Result<Down, tonic::Status>>,
    pub(crate) standing_order: Mutex<Option<DesiredState>>,
    pub(crate) faults: Mutex<VecDeque<Fault>>,
    /// (file, offset, length) of every ReadArtifact.
    pub(crate) reads: Mutex<Vec<(String, u64, u64)>>,
    /// Refuse every call of a node.
    pub(crate) revoked: Mutex<bool>,
    pub(crate) requests: broadcast::Sender<InferenceDown>,
    pub(crate) events: watch::Sender<Vec<InferenceUp>>,
    pub(crate) tunnels: watch::Sender<u32>,
}

pub(crate) struct Controller {
    pub(crate) state: Arc<State>,
    pub(crate) address: SocketAddr,
    /// Of its own: ending it ends every connection, as the end of a process does.
    server: Option<tokio::runtime::Runtime>,
}

impl Controller {
    pub(crate) async fn start() -> Self {
        Self::of(Arc::new(Authority::new()), "127.0.0.1:0").await
    }

    /// Another controller of the same fleet.
    pub(crate) async fn beside(&self) -> Self {
        Self::of(Arc::clone(&self.state.authority), "127.0.0.1:0").await
    }

    pub(crate) async fn of(authority: Arc<Authority>, address: &str) -> Self {
        let state = Arc::new(State {
            id: ulid::Ulid::new().to_string(),
            authority,
            pods: Mutex::default(),
            applications: watch::Sender::default(),
            renewals: watch::Sender::default(),
            token: Mutex::new("one-time-secret".into()),
            refuse_renewal: Mutex::default(),
            lifetime: Mutex::new(Duration::from_secs(3_600)),
            models: Mutex::default(),
            heard: watch::Sender::default(),
            sessions: watch::Sender::default(),
            certificates: Mutex::default(),
            orders: broadcast::Sender::new(64),
            standing_order: Mutex::default(),
            faults: Mutex::default(),
            reads: Mutex::default(),
            revoked: Mutex::default(),
            requests: broadcast::Sender::new(64),
            events: watch::Sender::default(),
            tunnels: watch::Sender::default(),
        });
        let (server, address) = serve(Arc::clone(&state), address.parse().unwrap());
        Self { state, address, server: Some(server) }
    }

    /// Goes away, connections and all.
    pub(crate) async fn go_away(&mut self) {
        let server = self.server.take().unwrap();
        tokio::task::spawn_blocking(move || server.shutdown_timeout(PATIENCE)).await.unwrap();
    }

    /// Goes away, and comes back at the same address.
    pub(crate) async fn restart(&mut self) {
        if self.server.is_some() {
            self.go_away().await;
        }
        let (server, _) = serve(Arc::clone(&self.state), self.address);
        self.server = Some(server);
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The text of a join token for this controller.
    pub(crate) fn join_token(&self) -> String {
        self.join_token_at(&self.url())
    }

    /// The same, where the controller is reached as `url`.
    pub(crate) fn join_token_at(&self, url: &str) -> String {
        use base64::Engine;
        let json = serde_json::json!({
            "url": url, "ca": self.state.authority.pem, "secret": *self.state.token.lock().unwrap(),
        });
        format!("cjt1.{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json.to_string()))
    }

    pub(crate) fn change_token(&mut self, secret: &str) {
        *self.state.token.lock().unwrap() = secret.into();
    }

    pub(crate) fn add(&self, model: &Model) {
        self.state.models.lock().unwrap().insert(model.digest.clone(), model.clone());
    }

    /// Orders these replicas, now and to every agent that connects later.
    pub(crate) fn order(&self, generation: u64, replicas: &[(&str, &Model)]) {
        self.order_replicas(generation, replicas.iter().map(|(id, model)| replica(id, model)).collect());
    }

    pub(crate) fn order_replicas(&self, generation: u64, replicas: Vec<DesiredReplica>) {
        let desired = DesiredState { generation, replicas };
        *self.state.standing_order.lock().unwrap() = Some(desired.clone());
        let _ = self.state.orders.send(Ok(Down::Desired(desired)));
    }

    pub(crate) fn send(&self, message: Down) {
        let _ = self.state.orders.send(Ok(message));
    }

    /// Waits until something that came up satisfies `wanted`, and returns what that made of it.
    pub(crate) async fn hear<T>(&self, story: &str, wanted: impl Fn(&Up) -> Option<T>) -> T {
        let mut heard = self.state.heard.subscribe();
        let found = async {
            loop {
                let found = heard.borrow_and_update().iter().find_map(&wanted);
                match found {
                    Some(found) => return found,
                    None => heard.changed().await.unwrap(),
                }
            }
        };
        tokio::time::timeout(PATIENCE, found)
            .await
            .unwrap_or_else(|_| panic!("never heard: {story}. Heard: {:#?}", self.replica_history()))
    }

    /// The first status of `id` that satisfies `wanted`.
    pub(crate) async fn replica(
        &self,
        id: &str,
        story: &str,
        wanted: impl Fn(&ReplicaStatus) -> bool,
    ) -> ReplicaStatus {
        self.hear(story, |up| match up {
            Up::Replica(status) if status.replica_id == id && wanted(status) => Some(status.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn phase(&self, id: &str, phase: ReplicaPhase) -> ReplicaStatus {
        self.replica(id, &format!("{id} in {phase:?}"), |status| status.phase() == phase).await
    }

    fn replica_history(&self) -> Vec<String> {
        let describe = |up: &Up| match up {
            Up::Replica(status) => format!("{} {:?} {}", status.replica_id, status.phase(), status.error),
            Up::Heartbeat(_) => "heartbeat".into(),
            Up::Hello(hello) => format!("hello, generation {}", hello.generation),
            other => format!("{other:?}").chars().take(80).collect(),
        };
        self.state.heard.borrow().iter().map(describe).collect()
    }

    /// Waits until a counter has reached `count`.
    pub(crate) async fn reached(&self, counter: &watch::Sender<u32>, count: u32) {
        let mut counter = counter.subscribe();
        let reached = tokio::time::timeout(PATIENCE, counter.wait_for(|value| *value >= count)).await;
        assert!(reached.is_ok_and(|value| value.is_ok()), "waited for {count} in vain");
    }
}

/// A replica of usual size.
pub(crate) fn replica(id: &str, model: &Model) -> DesiredReplica {
    DesiredReplica {
        replica_id: id.into(),
        model_digest: model.digest.clone(),
        context_length: 128,
        max_sequences: 2,
        max_waiting: 4,
        threads: 1,
        deployment: "test".into(),
        kv_tokens: 256,
    }
}

fn serve(state: Arc<State>, address: SocketAddr) -> (tokio::runtime::Runtime, SocketAddr) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let inside = runtime.enter();
    let (certificate, key) = state.authority.server();
    let tls = ServerTlsConfig::new()
        .identity(Identity::from_pem(certificate, key))
        .client_ca_root(Certificate::from_pem(&state.authority.pem))
        .client_auth_optional(true);
    let incoming = TcpIncoming::bind(address).unwrap();
    let bound = incoming.local_addr().unwrap();
    let service = Service(state);
    let server = Server::builder()
        .tls_config(tls)
        .unwrap()
        .add_service(EnrolmentServiceServer::new(service.clone()))
        .add_service(AgentServiceServer::new(service));
    runtime.spawn(async move { server.serve_with_incoming(incoming).await.unwrap() });
    drop(inside);
    (runtime, bound)
}

impl Drop for Controller {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.shutdown_background();
        }
    }
}

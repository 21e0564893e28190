//! An agent as far as the controller can tell.

use cloister_proto::agent::v1::agent_service_client::AgentServiceClient;
use cloister_proto::agent::v1::enrolment_service_client::EnrolmentServiceClient;
use cloister_proto::agent::v1::{
    AgentMessage, Certificate, ControllerMessage, DesiredState, EnrolRequest, Hello, InferenceDown,
    InferenceUp, Inventory, Locality, Memory, ReplicaPhase, ReplicaStatus, agent_message, controller_message,
};
use rcgen::{CertificateParams, KeyPair};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Certificate as Pem, Channel, ClientTlsConfig, Endpoint, Error, Identity};
use tonic::{Status, Streaming};

use super::fixture::{Fixture, soon};

pub(super) const GIB: u64 = 1 << 30;

pub(super) struct Agent {
    pub(super) node_id: String,
    pub(super) key: KeyPair,
    pub(super) certificate: Certificate,
}

pub(super) fn csr(key: &KeyPair) -> Vec<u8> {
    CertificateParams::default().serialize_request(key).unwrap().der().to_vec()
}

/// A connection with or without a client certificate.
pub(super) async fn connect(fixture: &Fixture, identity: Option<Identity>) -> Result<Channel, Error> {
    let tls = ClientTlsConfig::new().ca_certificate(Pem::from_pem(fixture.ca_pem())).domain_name("localhost");
    let tls = identity.into_iter().fold(tls, ClientTlsConfig::identity);
    Endpoint::from_shared(fixture.agents())?.tls_config(tls)?.connect().await
}

impl Agent {
    pub(super) async fn enrol(fixture: &Fixture, name: &str) -> Self {
        let secret = fixture.token(600).await;
        Self::enrol_with(fixture, &secret, name).await.unwrap()
    }

    pub(super) async fn enrol_with(fixture: &Fixture, secret: &str, name: &str) -> Result<Self, Status> {
        let request = EnrolRequest {
            token_secret: secret.to_owned(),
            node_name: name.to_owned(),
            locality: Some(Locality { jurisdiction: "DE-HE".to_owned(), ..Locality::default() }),
            ..EnrolRequest::default()
        };
        Self::enrol_by(fixture, request).await
    }

    /// Enrols as `request` says, with a key of its own.
    pub(super) async fn enrol_by(fixture: &Fixture, request: EnrolRequest) -> Result<Self, Status> {
        let key = KeyPair::generate().unwrap();
        let request = EnrolRequest { csr_der: csr(&key), ..request };
        let channel = connect(fixture, None).await.unwrap();
        let answer = EnrolmentServiceClient::new(channel).enrol(request).await?.into_inner();
        Ok(Self { node_id: answer.node_id, key, certificate: answer.certificate.unwrap() })
    }

    pub(super) fn identity(&self) -> Identity {
        identity(&self.certificate, &self.key)
    }

    pub(super) async fn client(&self, fixture: &Fixture) -> AgentServiceClient<Channel> {
        AgentServiceClient::new(connect(fixture, Some(self.identity())).await.unwrap())
    }

    /// Opens a session: a machine with 8 GiB, nothing running.
    pub(super) async fn open(&self, fixture: &Fixture) -> Session {
        Session::open(&mut self.client(fixture).await, hello(Vec::new())).await.unwrap()
    }
}

pub(super) fn identity(certificate: &Certificate, key: &KeyPair) -> Identity {
    let der = |der: &Vec<u8>| rustls_pki_types::CertificateDer::from(der.clone());
    let pem = certificate.chain_der.iter().map(|d| to_pem(&der(d))).collect::<String>();
    Identity::from_pem(pem, key.serialize_pem())
}

fn to_pem(certificate: &rustls_pki_types::CertificateDer<'_>) -> String {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(certificate);
    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
}

pub(super) fn hello(replicas: Vec<ReplicaStatus>) -> Hello {
    let memory = Memory { total_bytes: 8 * GIB, available_bytes: 6 * GIB, own_workers_bytes: 0 };
    Hello {
        agent_version: "test".into(),
        boot_id: "boot".into(),
        inventory: Some(Inventory { memory: Some(memory), ..Inventory::default() }),
        replicas,
        ..Hello::default()
    }
}

pub(super) fn status(replica_id: &str, phase: ReplicaPhase) -> ReplicaStatus {
    ReplicaStatus { replica_id: replica_id.to_owned(), phase: phase.into(), ..ReplicaStatus::default() }
}

pub(super) struct Session {
    up: mpsc::Sender<AgentMessage>,
    down: Streaming<ControllerMessage>,
}

impl Session {
    pub(super) async fn open(client: &mut AgentServiceClient<Channel>, hello: Hello) -> Result<Self, Status> {
        let (up, messages) = mpsc::channel(16);
        up.send(AgentMessage { message: Some(agent_message::Message::Hello(hello)) }).await.unwrap();
        let down = client.session(ReceiverStream::new(messages)).await?.into_inner();
        Ok(Self { up, down })
    }

    pub(super) async fn report(&self, status: ReplicaStatus) {
        self.say(agent_message::Message::Replica(status)).await;
    }

    pub(super) async fn say(&self, message: agent_message::Message) {
        self.up.send(AgentMessage { message: Some(message) }).await.unwrap();
    }

    pub(super) async fn next(&mut self) -> Result<controller_message::Message, Status> {
        let message = soon("a message of the controller", self.down.message()).await?;
        message.and_then(|m| m.message).ok_or_else(|| Status::cancelled("the stream ended"))
    }

    /// The next order that is not empty or, if `empty`, that is.
    pub(super) async fn order(&mut self, empty: bool) -> DesiredState {
        loop {
            match self.next().await.unwrap() {
                controller_message::Message::Desired(state) if state.replicas.is_empty() == empty => {
                    return state;
                }
                _ => {}
            }
        }
    }

    /// Why the controller ended it.
    pub(super) async fn end(&mut self) -> Status {
        loop {
            if let Err(status) = self.next().await {
                return status;
            }
        }
    }
}

/// The data path of an agent.
pub(super) struct Data {
    pub(super) up: mpsc::Sender<InferenceUp>,
    pub(super) down: Streaming<InferenceDown>,
}

impl Data {
    pub(super) async fn open(client: &mut AgentServiceClient<Channel>) -> Self {
        let (up, messages) = mpsc::channel(16);
        up.send(InferenceUp::default()).await.unwrap();
        let down = client.inference(ReceiverStream::new(messages)).await.unwrap().into_inner();
        Self { up, down }
    }

    pub(super) async fn next(&mut self) -> Option<InferenceDown> {
        soon("a message on the tunnel", self.down.message()).await.ok().flatten()
    }
}

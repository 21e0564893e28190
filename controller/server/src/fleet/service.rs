//! The service that enrolled nodes call. Every call is admitted first.

use std::pin::Pin;
use std::sync::Arc;

use cloister_evidence::record::{Kind, Outcome, Subject, SubjectKind};
use cloister_proto::agent::v1::agent_service_server::AgentService;
use cloister_proto::agent::v1::{
    AgentMessage, ArtifactChunk, ControllerMessage, DescribeArtifactRequest, DescribeArtifactResponse,
    InferenceDown, InferenceUp, ReadArtifactRequest, RenewRequest, RenewResponse,
};
use cloister_store::Change;
use futures_util::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::Shared;
use super::artifacts::read_range;
use super::ca::NodeKey;
use super::identity::NodeIdentity;
use super::records::{draft, node_actor, timestamp};
use super::tunnel::Tunnel;
use super::{CaError, session};

pub(super) struct Agents {
    pub(super) shared: Arc<Shared>,
}

type Answers<T> = Pin<Box<dyn futures_util::Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl AgentService for Agents {
    type SessionStream = Answers<ControllerMessage>;
    type InferenceStream = Answers<InferenceDown>;
    type ReadArtifactStream = Answers<ArtifactChunk>;

    async fn renew(&self, request: Request<RenewRequest>) -> Result<Response<RenewResponse>, Status> {
        let identity = self.shared.admit(&request).await?;
        let key = NodeKey::from_csr(&request.into_inner().csr_der)
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        self.shared.renew(&identity, &key).await.map(Response::new)
    }

    async fn session(
        &self,
        request: Request<Streaming<AgentMessage>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        let identity = self.shared.admit(&request).await?;
        let messages = session::serve(Arc::clone(&self.shared), identity, request.into_inner());
        Ok(Response::new(Box::pin(ReceiverStream::new(messages))))
    }

    async fn inference(
        &self,
        request: Request<Streaming<InferenceUp>>,
    ) -> Result<Response<Self::InferenceStream>, Status> {
        let identity = self.shared.admit(&request).await?;
        let (tunnel, messages) = Tunnel::open();
        let tunnel_ended = tunnel.ended.clone();
        self.shared.sessions.open_tunnel(&identity.node_id, Arc::clone(&tunnel));
        tokio::spawn(receive_events(Arc::clone(&self.shared), identity, tunnel, request.into_inner()));
        self.shared.wake();
        // Requests in flight keep the tunnel in memory, and must not keep the stream open.
        let ended = tunnel_ended.cancelled_owned();
        Ok(Response::new(Box::pin(ReceiverStream::new(messages).take_until(ended))))
    }

    async fn read_artifact(
        &self,
        request: Request<ReadArtifactRequest>,
    ) -> Result<Response<Self::ReadArtifactStream>, Status> {
        let identity = self.shared.admit(&request).await?;
        let range = self.shared.artifact_range(&identity.node_id, request.into_inner()).await?;
        Ok(Response::new(Box::pin(ReceiverStream::new(read_range(range)))))
    }

    async fn describe_artifact(
        &self,
        request: Request<DescribeArtifactRequest>,
    ) -> Result<Response<DescribeArtifactResponse>, Status> {
        let identity = self.shared.admit(&request).await?;
        self.shared.describe_artifact(&identity.node_id, request.into_inner()).await.map(Response::new)
    }
}

/// Hands events on until the agent, or whoever ended the tunnel, is done.
async fn receive_events(
    shared: Arc<Shared>,
    identity: NodeIdentity,
    tunnel: Arc<Tunnel>,
    mut up: Streaming<InferenceUp>,
) {
    loop {
        let message = tokio::select! {
            message = up.message() => message,
            () = tunnel.ended.cancelled() => break,
        };
        match message {
            Ok(Some(message)) => tunnel.receive(message),
            Ok(None) => break,
            Err(status) => {
                tracing::debug!(node = %identity.node_id, %status, "tunnel lost");
                break;
            }
        }
    }
    shared.sessions.close_tunnel(&identity.node_id, &tunnel);
    shared.wake();
}

impl Shared {
    async fn renew(&self, identity: &NodeIdentity, key: &NodeKey) -> Result<RenewResponse, Status> {
        let certificate = self.certify(key, &identity.node_id).map_err(|error| {
            tracing::error!(%error, "a node certificate could not be made");
            Status::internal("the controller could not make a certificate; see its log")
        })?;
        let change = Change::SetNodeCertificate {
            node_id: identity.node_id.clone(),
            serial: certificate.serial.clone(),
            not_after: timestamp(certificate.not_after_unix_s),
        };
        let mut record = draft(Kind::NodeCertificateRenewed, Outcome::Success, node_actor(identity));
        record.subject = Some(Subject { kind: SubjectKind::Node, id: identity.node_id.clone(), name: None });
        let not_after = timestamp(certificate.not_after_unix_s).to_string();
        record.change = Some(
            [("certificate_serial", certificate.serial.clone()), ("certificate_not_after", not_after)]
                .map(|(name, value)| (name.to_owned(), value.into()))
                .into(),
        );
        self.ledger.change(vec![change], record).await.map_err(|error| {
            tracing::error!(%error, node = %identity.node_id, "a renewal could not be put on record");
            Status::unavailable("the controller cannot write its record now; try again")
        })?;
        Ok(RenewResponse { certificate: Some(certificate.into()) })
    }

    pub(super) fn certify(&self, key: &NodeKey, node_id: &str) -> Result<super::NodeCertificate, CaError> {
        self.ca.node_certificate(key, &self.fleet_id, node_id, self.settings.node_certificate_lifetime)
    }
}

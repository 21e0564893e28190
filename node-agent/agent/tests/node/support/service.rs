//! The scripted controller's side of the wire.

use std::pin::Pin;
use std::sync::Arc;

use cloister_proto::agent::v1::agent_service_server::AgentService;
use cloister_proto::agent::v1::controller_message::Message as Down;
use cloister_proto::agent::v1::enrolment_service_server::EnrolmentService;
use cloister_proto::agent::v1::{
    AgentMessage, ArtifactChunk, Certificate, ControllerMessage, DescribeArtifactRequest,
    DescribeArtifactResponse, EnrolRequest, EnrolResponse, InferenceDown, InferenceUp, ReadArtifactRequest,
    RenewRequest, RenewResponse, Welcome,
};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::broadcast;
use tonic::{Request, Response, Status, Streaming};

use super::controller::{Fault, State};

#[derive(Clone)]
pub(crate) struct Service(pub(crate) Arc<State>);

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

const CHUNK_BYTES: usize = 512 * 1024;

impl Service {
    fn certify(&self, csr_der: &[u8]) -> Certificate {
        let lifetime = *self.0.lifetime.lock().unwrap();
        let (der, not_after_unix_s) = self.0.authority.node(csr_der, lifetime);
        Certificate { chain_der: vec![der], not_after_unix_s }
    }

    fn enrol_pod(&self, request: EnrolRequest) -> Result<Response<EnrolResponse>, Status> {
        let EnrolRequest { node_name, service_account_token: token, .. } = request;
        let known = self.0.pods.lock().unwrap().contains(&token);
        self.0.applications.send_modify(|applications| applications.push((node_name, token)));
        if !known {
            return Err(Status::unauthenticated("the cluster does not know this token"));
        }
        // Enrolled anew, a node is no longer what was revoked.
        *self.0.revoked.lock().unwrap() = false;
        let certificate = Some(self.certify(&request.csr_der));
        Ok(Response::new(EnrolResponse { node_id: "node-1".into(), certificate }))
    }

    fn admit<T>(&self, request: &Request<T>) -> Result<Vec<u8>, Status> {
        let certificates = request.peer_certs().ok_or(Status::unauthenticated("no client certificate"))?;
        match *self.0.revoked.lock().unwrap() {
            true => Err(Status::permission_denied("this node was revoked")),
            false => Ok(certificates[0].to_vec()),
        }
    }
}

#[tonic::async_trait]
impl EnrolmentService for Service {
    async fn enrol(&self, request: Request<EnrolRequest>) -> Result<Response<EnrolResponse>, Status> {
        let request = request.into_inner();
        if !request.service_account_token.is_empty() {
            return self.enrol_pod(request);
        }
        if request.token_secret != *self.0.token.lock().unwrap() {
            return Err(Status::unauthenticated("the token was already used"));
        }
        let certificate = Some(self.certify(&request.csr_der));
        Ok(Response::new(EnrolResponse { node_id: "node-1".into(), certificate }))
    }
}

#[tonic::async_trait]
impl AgentService for Service {
    type SessionStream = Answers<ControllerMessage>;
    type InferenceStream = Answers<InferenceDown>;
    type ReadArtifactStream = Answers<ArtifactChunk>;

    async fn renew(&self, request: Request<RenewRequest>) -> Result<Response<RenewResponse>, Status> {
        self.admit(&request)?;
        if *self.0.refuse_renewal.lock().unwrap() {
            return Err(Status::unavailable("not now"));
        }
        let certificate = Some(self.certify(&request.into_inner().csr_der));
        self.0.renewals.send_modify(|count| *count += 1);
        Ok(Response::new(RenewResponse { certificate }))
    }

    async fn session(
        &self,
        request: Request<Streaming<AgentMessage>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        self.0.certificates.lock().unwrap().push(self.admit(&request)?);
        let state = Arc::clone(&self.0);
        let mut up = request.into_inner();
        tokio::spawn(async move {
            while let Ok(Some(message)) = up.message().await {
                state.heard.send_modify(|heard| heard.extend(message.message));
            }
        });
        let welcome = Welcome {
            node_id: "node-1".into(),
            fleet_id: "test".into(),
            heartbeat_interval_ms: 200,
            controller_id: self.0.id.clone(),
        };
        let standing = self.0.standing_order.lock().unwrap().clone().map(Down::Desired);
        let first = std::iter::once(Down::Welcome(welcome)).chain(standing).map(Ok);
        let later = follow(self.0.orders.subscribe());
        self.0.sessions.send_modify(|count| *count += 1);
        let down = stream::iter(first).chain(later);
        let wrap = |down: Result<Down, Status>| down.map(|down| ControllerMessage { message: Some(down) });
        Ok(Response::new(Box::pin(down.map(wrap))))
    }

    async fn inference(
        &self,
        request: Request<Streaming<InferenceUp>>,
    ) -> Result<Response<Self::InferenceStream>, Status> {
        self.admit(&request)?;
        let state = Arc::clone(&self.0);
        let mut up = request.into_inner();
        let down = follow(self.0.requests.subscribe()).map(Ok);
        tokio::spawn(async move {
            while let Ok(Some(message)) = up.message().await {
                match message.request_id.is_empty() {
                    true => state.tunnels.send_modify(|count| *count += 1),
                    false => state.events.send_modify(|events| events.push(message)),
                }
            }
        });
        Ok(Response::new(Box::pin(down)))
    }

    async fn read_artifact(
        &self,
        request: Request<ReadArtifactRequest>,
    ) -> Result<Response<Self::ReadArtifactStream>, Status> {
        self.admit(&request)?;
        let ReadArtifactRequest { model_digest, file, offset_bytes, length_bytes } = request.into_inner();
        self.0.reads.lock().unwrap().push((file.clone(), offset_bytes, length_bytes));
        let models = self.0.models.lock().unwrap();
        let model = models.get(&model_digest).ok_or(Status::not_found("no such artifact"))?;
        let (_, bytes) =
            model.files.iter().find(|(name, _)| *name == file).ok_or(Status::not_found("no such file"))?;
        let (start, length) = (offset_bytes as usize, length_bytes as usize);
        let range = bytes.get(start..start + length).ok_or(Status::out_of_range("beyond the file"))?.to_vec();
        let fault = self.0.faults.lock().unwrap().pop_front();
        let chunks = stream::iter(chunks(range, fault));
        match fault {
            Some(Fault::Stalled) => Ok(Response::new(Box::pin(chunks.chain(stream::pending())))),
            _ => Ok(Response::new(Box::pin(chunks))),
        }
    }

    async fn describe_artifact(
        &self,
        request: Request<DescribeArtifactRequest>,
    ) -> Result<Response<DescribeArtifactResponse>, Status> {
        self.admit(&request)?;
        let digest = request.into_inner().model_digest;
        let models = self.0.models.lock().unwrap();
        let model = models.get(&digest).ok_or(Status::not_found("no such artifact"))?;
        Ok(Response::new(model.description.clone()))
    }
}

fn follow<T: Clone + Send + 'static>(receiver: broadcast::Receiver<T>) -> impl Stream<Item = T> {
    stream::unfold(receiver, |mut receiver| async { receiver.recv().await.ok().map(|item| (item, receiver)) })
}

fn chunks(mut range: Vec<u8>, fault: Option<Fault>) -> Vec<Result<ArtifactChunk, Status>> {
    match fault {
        Some(Fault::Truncated | Fault::Broken | Fault::Stalled) => range.truncate(range.len() / 3),
        Some(Fault::WrongByte) => range[0] ^= 1,
        Some(Fault::TooMany) => range.push(0),
        Some(Fault::Sound) | None => {}
    }
    let mut chunks: Vec<_> =
        range.chunks(CHUNK_BYTES).map(|data| Ok(ArtifactChunk { data: data.to_vec() })).collect();
    if fault == Some(Fault::Broken) {
        chunks.push(Err(Status::unavailable("connection reset")));
    }
    chunks
}

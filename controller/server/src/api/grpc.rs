//! `cloister.admin.v1` in front of the operations: translation, and nothing else.

mod convert;
mod status;

use std::net::SocketAddr;
use std::pin::Pin;

use cloister_api::{JoinTokenRequest, NewKeyRequest, TrustSignerRequest};
use cloister_proto::admin::v1::admin_service_server::AdminService;
use cloister_proto::admin::v1::*;
use futures_util::{Stream, StreamExt as _};
use tonic::{Request, Response, Status};

use super::auth::{self, Caller};
use super::operations::{audit, deployments, keys, models, nodes, replicas, signers};
use super::{ApiError, ApiState, access};
use crate::listen::Peer;
use convert::IntoWire;

type Answer<T> = Result<Response<T>, Status>;

pub(super) struct Admin {
    api: ApiState,
}

impl Admin {
    pub(super) fn new(api: ApiState) -> Self {
        Self { api }
    }

    /// Takes a request apart once its caller is known to be allowed to make it.
    async fn admit<T>(&self, method: &str, request: Request<T>) -> Result<(Caller, T), Status> {
        let Some(action) = access::grpc(method) else {
            return Err(Status::permission_denied(auth::UNDECLARED));
        };
        let authorization = request.metadata().get("authorization").map(|value| value.as_bytes().to_vec());
        let address: Option<SocketAddr> = request.extensions().get::<Peer>().map(|peer| peer.address);
        let caller = auth::admit(&self.api, authorization.as_deref(), address, action).await?;
        Ok((caller, request.into_inner()))
    }
}

fn answer<T: IntoWire>(result: Result<T, ApiError>) -> Answer<T::Wire> {
    Ok(Response::new(result?.into_wire()))
}

#[tonic::async_trait]
impl AdminService for Admin {
    async fn list_models(&self, request: Request<ListModelsRequest>) -> Answer<ListModelsResponse> {
        self.admit("ListModels", request).await?;
        answer(models::list(&self.api).await)
    }

    async fn get_model(&self, request: Request<GetModelRequest>) -> Answer<Model> {
        let (_, GetModelRequest { model }) = self.admit("GetModel", request).await?;
        answer(models::get(&self.api, &model).await.map(|detail| detail.model))
    }

    async fn remove_model(&self, request: Request<RemoveModelRequest>) -> Answer<Changed> {
        let (caller, RemoveModelRequest { model }) = self.admit("RemoveModel", request).await?;
        answer(models::remove(&self.api, &caller, &model).await)
    }

    async fn list_signers(&self, request: Request<ListSignersRequest>) -> Answer<ListSignersResponse> {
        self.admit("ListSigners", request).await?;
        answer(signers::list(&self.api).await)
    }

    async fn trust_signer(
        &self,
        request: Request<cloister_proto::admin::v1::TrustSignerRequest>,
    ) -> Answer<Signer> {
        let (caller, request) = self.admit("TrustSigner", request).await?;
        let request = TrustSignerRequest { name: request.name, public_key_pem: request.public_key_pem };
        answer(signers::trust(&self.api, &caller, request).await)
    }

    async fn revoke_signer(&self, request: Request<RevokeSignerRequest>) -> Answer<Changed> {
        let (caller, RevokeSignerRequest { key_id }) = self.admit("RevokeSigner", request).await?;
        answer(signers::revoke(&self.api, &caller, &key_id).await)
    }

    async fn deploy(&self, request: Request<DeployRequest>) -> Answer<Deployment> {
        let (caller, request) = self.admit("Deploy", request).await?;
        let (name, request) = convert::deploy(request);
        answer(deployments::put(&self.api, &caller, &name, request, None).await)
    }

    async fn undeploy(&self, request: Request<UndeployRequest>) -> Answer<Changed> {
        let (caller, UndeployRequest { name }) = self.admit("Undeploy", request).await?;
        answer(deployments::remove(&self.api, &caller, &name).await)
    }

    async fn list_deployments(
        &self,
        request: Request<ListDeploymentsRequest>,
    ) -> Answer<ListDeploymentsResponse> {
        let (caller, _) = self.admit("ListDeployments", request).await?;
        answer(deployments::list(&self.api, &caller).await)
    }

    async fn list_replicas(&self, request: Request<ListReplicasRequest>) -> Answer<ListReplicasResponse> {
        let (caller, ListReplicasRequest { deployment }) = self.admit("ListReplicas", request).await?;
        let deployment = Some(deployment).filter(|name| !name.is_empty());
        answer(replicas::list(&self.api, &caller, deployment.as_deref()).await)
    }

    async fn explain_replica(&self, request: Request<ExplainReplicaRequest>) -> Answer<Explanation> {
        let (caller, ExplainReplicaRequest { replica_id }) = self.admit("ExplainReplica", request).await?;
        answer(replicas::explain(&self.api, &caller, &replica_id).await)
    }

    async fn list_nodes(&self, request: Request<ListNodesRequest>) -> Answer<ListNodesResponse> {
        self.admit("ListNodes", request).await?;
        answer(nodes::list(&self.api).await)
    }

    async fn create_join_token(
        &self,
        request: Request<CreateJoinTokenRequest>,
    ) -> Answer<CreateJoinTokenResponse> {
        let (caller, CreateJoinTokenRequest { valid_for_s }) = self.admit("CreateJoinToken", request).await?;
        answer(nodes::create_join_token(&self.api, &caller, &JoinTokenRequest { valid_for_s }).await)
    }

    async fn revoke_node(&self, request: Request<RevokeNodeRequest>) -> Answer<Changed> {
        let (caller, RevokeNodeRequest { node }) = self.admit("RevokeNode", request).await?;
        answer(nodes::revoke(&self.api, &caller, &node).await)
    }

    async fn create_key(&self, request: Request<CreateKeyRequest>) -> Answer<CreateKeyResponse> {
        let (caller, request) = self.admit("CreateKey", request).await?;
        let CreateKeyRequest { name, role, models, valid_for_s, tenant } = request;
        let tenant = Some(tenant).filter(|tenant| !tenant.is_empty());
        let request = NewKeyRequest { name, role: convert::role(&role)?, models, valid_for_s, tenant };
        answer(keys::create(&self.api, &caller, request).await)
    }

    async fn list_keys(&self, request: Request<ListKeysRequest>) -> Answer<ListKeysResponse> {
        let (caller, _) = self.admit("ListKeys", request).await?;
        answer(keys::list(&self.api, &caller).await)
    }

    async fn revoke_key(&self, request: Request<RevokeKeyRequest>) -> Answer<Changed> {
        let (caller, RevokeKeyRequest { id }) = self.admit("RevokeKey", request).await?;
        answer(keys::revoke(&self.api, &caller, &id).await)
    }

    async fn list_records(&self, request: Request<ListRecordsRequest>) -> Answer<ListRecordsResponse> {
        let (caller, request) = self.admit("ListRecords", request).await?;
        let selection = audit::Selection {
            limit: request.limit,
            before_seq: Some(request.before_seq).filter(|seq| *seq > 0),
            filter: audit::Filter {
                kind: Some(request.kind),
                subject: Some(request.subject),
                ..audit::Filter::default()
            },
        };
        answer(audit::list(&self.api, &caller, selection).await)
    }

    async fn get_record(&self, request: Request<GetRecordRequest>) -> Answer<Record> {
        let (caller, GetRecordRequest { id }) = self.admit("GetRecord", request).await?;
        answer(audit::get(&self.api, &caller, &id).await)
    }

    type ExportEvidenceStream = Pin<Box<dyn Stream<Item = Result<EvidenceChunk, Status>> + Send>>;

    async fn export_evidence(
        &self,
        request: Request<ExportEvidenceRequest>,
    ) -> Answer<Self::ExportEvidenceStream> {
        let (caller, ExportEvidenceRequest { record_ids }) = self.admit("ExportEvidence", request).await?;
        let file = audit::export(&self.api, &caller, record_ids).await?;
        let chunks = file.map(|chunk| match chunk {
            Ok(data) => Ok(EvidenceChunk { data: data.to_vec() }),
            Err(error) => Err(Status::from(error)),
        });
        Ok(Response::new(Box::pin(chunks)))
    }
}

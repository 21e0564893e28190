//! The gRPC adapter: the same operations, and gRPC's own status codes.

use cloister_api::{ProblemKind, paths};
use cloister_proto::admin::v1::admin_service_server::AdminService as _;
use cloister_proto::admin::v1::*;
use futures_util::TryStreamExt as _;
use serde_json::json;
use tonic::{Code, Request};

use super::{ADMIN, Fleet, INFERENCE, Signer};
use crate::api::ApiError;
use crate::api::grpc::Admin;

fn with_key<T>(secret: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {secret}").parse().unwrap());
    request
}

#[tokio::test]
async fn grpc_and_rest_speak_of_one_fleet() {
    let fleet = Fleet::start().await;
    let admin = Admin::new(fleet.api.clone());
    let signer = Signer::new("acme");
    let trust = TrustSignerRequest { name: "acme".into(), public_key_pem: signer.key.public_pem.clone() };
    let trusted = admin.trust_signer(with_key(ADMIN, trust)).await.unwrap().into_inner();
    assert_eq!(trusted.key_id, signer.key.key_id);
    fleet.import(&signer, "tiny").await;

    let deploy =
        DeployRequest { name: "chat".into(), model: "tiny".into(), replicas: 2, ..Default::default() };
    let deployed = admin.deploy(with_key(ADMIN, deploy)).await.unwrap().into_inner();

    let seen = fleet.get(&paths::deployment("chat")).await;
    assert_eq!(seen["replicas"], 2);
    assert_eq!(seen["model_digest"], json!(deployed.model_digest));
    let models = admin.list_models(with_key(ADMIN, ListModelsRequest {})).await.unwrap().into_inner();
    assert!(models.models[0].trusted);
    let file = admin.export_evidence(with_key(ADMIN, ExportEvidenceRequest::default())).await.unwrap();
    let chunks: Vec<EvidenceChunk> = file.into_inner().try_collect().await.unwrap();
    assert!(chunks.iter().map(|chunk| chunk.data.len()).sum::<usize>() > 500);
}

#[tokio::test]
async fn each_failure_has_the_code_that_grpc_defines_for_it() {
    let fleet = Fleet::start().await;
    let admin = Admin::new(fleet.api.clone());
    let code = admin.list_models(Request::new(ListModelsRequest {})).await.unwrap_err().code();
    assert_eq!(code, Code::Unauthenticated);
    let code = admin.list_models(with_key(INFERENCE, ListModelsRequest {})).await.unwrap_err().code();
    assert_eq!(code, Code::PermissionDenied);
    let missing = GetModelRequest { model: "nope".into() };
    assert_eq!(admin.get_model(with_key(ADMIN, missing)).await.unwrap_err().code(), Code::NotFound);
    let wrong = CreateKeyRequest { name: "k".into(), role: "root".into(), ..Default::default() };
    let status = admin.create_key(with_key(ADMIN, wrong)).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("role"), "{}", status.message());
    let last = RevokeKeyRequest { id: "key-admin".into() };
    assert_eq!(admin.revoke_key(with_key(ADMIN, last)).await.unwrap_err().code(), Code::FailedPrecondition);
}

#[test]
fn no_problem_is_reported_as_success_or_as_unknown() {
    for kind in ProblemKind::ALL {
        let status = tonic::Status::from(ApiError::new(kind, "why"));
        assert!(!matches!(status.code(), Code::Ok | Code::Unknown), "{kind:?}");
        assert_eq!(status.message(), "why");
    }
}

//! A tiny signed model in the store, and a deployment of it.

use cloister_evidence::record::Kind;
use cloister_store::{Change, Deployment, Model, ModelFile, Signer, TrustPolicy, TrustRule, TrustRuleSigner};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::fixture::Fixture;

pub(super) fn digest() -> String {
    format!("sha256:{}", "ab".repeat(32))
}

/// A model whose signer is trusted for every name.
pub(super) async fn import(fixture: &Fixture) -> Vec<u8> {
    let signer = Signer {
        key_id: "signer".to_owned(),
        name: "release".to_owned(),
        public_key_pem: "PEM of release".to_owned(),
        trusted_at: Timestamp::now(),
        revoked_at: None,
    };
    fixture.change(Kind::SignerTrusted, vec![Change::AddSigner(signer)]).await;
    keep(fixture).await
}

/// A trust policy that admits the signer of the model for such names.
pub(super) fn policy(models: &str, revision: u64) -> Change {
    let signer = TrustRuleSigner {
        name: "release".to_owned(),
        key_id: "signer".to_owned(),
        public_key_pem: "PEM of release".to_owned(),
    };
    let rule = TrustRule { models: vec![models.to_owned()], signers: vec![signer] };
    let updated_at = Timestamp::now();
    Change::PutTrustPolicy(TrustPolicy { name: "p".to_owned(), rules: vec![rule], revision, updated_at })
}

/// Puts a real GGUF file where an import would have put it. Returns its bytes.
pub(super) async fn keep(fixture: &Fixture) -> Vec<u8> {
    let bytes = runtime_formats::testing::TinyLlama::default().gguf();
    let folder = fixture.data().join("models").join("ab".repeat(32));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("tiny.gguf"), &bytes).unwrap();
    let file = ModelFile {
        name: "tiny.gguf".to_owned(),
        sha256: hex::encode(Sha256::digest(&bytes)),
        size_bytes: bytes.len() as u64,
    };
    let model = Model {
        digest: digest(),
        name: "tiny".to_owned(),
        bundle: b"bundle".to_vec(),
        signer_key_id: "signer".to_owned(),
        size_bytes: file.size_bytes,
        files: vec![file],
        facts: serde_json::json!({}),
        imported_at: Timestamp::now(),
        approval: cloister_store::Approval::Approved,
        approved_by: None,
        approved_at: None,
        retirement: None,
    };
    fixture.change(Kind::ModelImported, vec![Change::AddModel(model)]).await;
    bytes
}

pub(super) fn deployment(replicas: u32) -> Deployment {
    Deployment {
        id: "d1".to_owned(),
        name: "notes".to_owned(),
        model_digest: digest(),
        replicas,
        context_length: 128,
        max_sequences: 2,
        kv_tokens: 256,
        node_selector: Default::default(),
        jurisdiction: "DE".to_owned(),
        revision: 1,
        tenant: None,
        restarts: 0,
        created_at: Timestamp::UNIX_EPOCH,
    }
}

pub(super) async fn deploy(fixture: &Fixture, deployment: Deployment) {
    let kind = if deployment.revision == 1 { Kind::DeploymentCreated } else { Kind::DeploymentChanged };
    fixture.change(kind, vec![Change::PutDeployment(deployment)]).await;
}

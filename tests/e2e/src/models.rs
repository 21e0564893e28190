//! Models to test with: the small real one, and how a model is signed and imported over the API.

use std::path::{Path, PathBuf};

use cloister_provenance::{SigningKey, digest_file, keygen, sign};
use reqwest::Method;
use runtime_formats::testing::TinyLlama;
use serde_json::{Value, json};

use crate::Client;

const REAL_MODEL: &str = ".cloister/models/SmolLM2-135M-Instruct.Q4_1.gguf";

/// SmolLM2-135M-Instruct, Q4_1.
pub fn real_model() -> PathBuf {
    let path = match std::env::var_os("CLOISTER_TEST_MODEL") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(REAL_MODEL),
    };
    assert!(path.is_file(), "{} is missing: run `make model`", path.display());
    path
}

/// A signing key and what it signed.
pub struct Signer {
    key: SigningKey,
    pub public_pem: String,
    pub key_id: String,
}

impl Default for Signer {
    fn default() -> Self {
        let generated = keygen().expect("a key");
        let key = SigningKey::from_pem(&generated.private_pem).expect("our own key");
        Self { key, public_pem: generated.public_pem, key_id: generated.key_id }
    }
}

impl Signer {
    /// The signature bundle of a single file, and the model's digest.
    pub fn sign(&self, file: &Path) -> (Vec<u8>, String) {
        let entry = digest_file(file, &mut |_| {}).expect("the file can be read");
        let bundle = sign(vec![entry], &self.key, "test").expect("it can be signed");
        (bundle.bytes, bundle.model_digest)
    }

    pub async fn trust(&self, admin: &Client) {
        let name = format!("tests-{}", &self.key_id[..8]);
        let body = json!({"name": name, "public_key_pem": self.public_pem});
        admin.post("/api/v1/signers", &body).await.ok();
    }
}

/// Uploads files as (name, bytes) and imports them; gives the API's answer to the import.
pub async fn import(admin: &Client, name: &str, files: &[(&str, Vec<u8>)]) -> crate::client::Answer {
    let listed: Vec<Value> =
        files.iter().map(|(name, bytes)| json!({"name": name, "size_bytes": bytes.len()})).collect();
    let upload = admin.post("/api/v1/uploads", &json!({"files": listed})).await;
    if !upload.status.is_success() {
        return upload;
    }
    let id = upload.body["id"].as_str().expect("an upload has an id").to_string();
    for (name, bytes) in files {
        let path = format!("/api/v1/uploads/{id}/files/{name}?offset=0");
        let sent = admin.send(admin.request(Method::PUT, &path).body(bytes.clone())).await;
        if !sent.status.is_success() {
            return sent;
        }
    }
    admin.post("/api/v1/models", &json!({"name": name, "upload_id": id})).await
}

/// Signs, trusts and imports the real model; gives its digest.
pub async fn import_real_model(admin: &Client, name: &str) -> String {
    let signer = Signer::default();
    signer.trust(admin).await;
    let file = real_model();
    let (bundle, digest) = signer.sign(&file);
    let bytes = std::fs::read(&file).expect("the model can be read");
    let listed = file.file_name().and_then(|n| n.to_str()).expect("a name");
    import(admin, name, &[("model.sig", bundle), (listed, bytes)]).await.ok();
    digest
}

/// A random-weight model of a few hundred kilobytes, signed, trusted and imported.
pub async fn import_tiny_model(admin: &Client, name: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("tiny.gguf");
    let bytes = TinyLlama::default().gguf();
    std::fs::write(&file, &bytes).expect("written");
    let signer = Signer::default();
    signer.trust(admin).await;
    let (bundle, _) = signer.sign(&file);
    import(admin, name, &[("model.sig", bundle), ("tiny.gguf", bytes)]).await.ok();
}

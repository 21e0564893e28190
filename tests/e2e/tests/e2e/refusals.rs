//! Models that must not run: refused at import, and again by the agent, each with its reason.

use cloister_e2e::models::{Signer, import, import_real_model, real_model};
use cloister_e2e::{Client, Fleet, FleetOptions, until};
use runtime_formats::testing::TinyLlama;
use serde_json::json;

use crate::story::question;

/// A small valid model file.
fn tiny() -> Vec<u8> {
    TinyLlama::default().gguf()
}

struct Signed {
    signer: Signer,
    bundle: Vec<u8>,
    bytes: Vec<u8>,
}

/// A tiny model signed as `tiny.gguf`.
fn signed(bytes: Vec<u8>) -> Signed {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tiny.gguf");
    std::fs::write(&file, &bytes).unwrap();
    let signer = Signer::default();
    let (bundle, _) = signer.sign(&file);
    Signed { signer, bundle, bytes }
}

async fn refused(admin: &Client, files: &[(&str, Vec<u8>)], words: &[&str]) {
    let answer = import(admin, "tiny", files).await;
    assert!(answer.status.is_client_error(), "{}: {}", answer.status, answer.body);
    let detail = answer.body["detail"].as_str().unwrap_or_default().to_lowercase();
    for word in words {
        assert!(detail.contains(word), "{word:?} is not in {detail:?}");
    }
}

#[tokio::test]
async fn what_is_not_verified_is_not_imported() {
    let fleet = Fleet::start(FleetOptions::default()).await;
    let admin = &fleet.admin;
    let Signed { signer, bundle, bytes } = signed(tiny());
    let files =
        |bundle: &[u8], bytes: &[u8]| vec![("model.sig", bundle.to_vec()), ("tiny.gguf", bytes.to_vec())];

    refused(admin, &files(&bundle, &bytes), &["trusted"]).await;
    signer.trust(admin).await;
    let mut tampered = bytes.clone();
    *tampered.last_mut().unwrap() ^= 1;
    refused(admin, &files(&bundle, &tampered), &["tiny.gguf"]).await;
    let mut unlisted = files(&bundle, &bytes);
    unlisted.push(("stray.bin", vec![1]));
    refused(admin, &unlisted, &["stray.bin"]).await;
    refused(admin, &files(b"not a signature", &bytes), &["signature"]).await;
    refused(admin, &[("tiny.gguf", bytes.clone())], &["signature bundle"]).await;
    for name in ["../escape.gguf", "a/b.gguf", ".hidden"] {
        let answer = import(admin, "tiny", &[("model.sig", bundle.clone()), (name, bytes.clone())]).await;
        assert!(answer.status.is_client_error(), "{name}: {}", answer.status);
    }
    let models = admin.get("/api/v1/models").await.ok();
    assert_eq!(models["models"], json!([]));
    assert!(!fleet.records("model.refused").await.is_empty());

    let imported = import(admin, "tiny", &files(&bundle, &bytes)).await.ok();
    assert_eq!(imported["architecture"], "llama");
}

#[tokio::test]
async fn a_malformed_gguf_is_refused_even_when_it_is_signed() {
    let fleet = Fleet::start(FleetOptions::default()).await;
    let good = tiny();
    let wrong_magic = [b"GGML", &good[4..]].concat();
    let huge_count = [&good[..8], &u64::MAX.to_le_bytes()[..], &good[16..]].concat();
    for (bytes, word) in
        [(good[..good.len() / 2].to_vec(), "gguf"), (wrong_magic, "gguf"), (huge_count, "gguf")]
    {
        let Signed { signer, bundle, bytes } = signed(bytes);
        signer.trust(&fleet.admin).await;
        refused(&fleet.admin, &[("model.sig", bundle), ("tiny.gguf", bytes)], &[word]).await;
    }
}

#[tokio::test]
async fn the_agent_refuses_bytes_that_changed_after_the_import() {
    let mut fleet = Fleet::start(FleetOptions::default()).await;
    let _agent = fleet.agent(&[]).await;
    let digest = import_real_model(&fleet.admin, "smollm2").await;
    let hex = digest.strip_prefix("sha256:").unwrap();
    let name = real_model().file_name().unwrap().to_owned();
    let kept = fleet.controller_folder().join("models").join(hex).join(name);
    let mut bytes = std::fs::read(&kept).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    make_writable(&kept);
    std::fs::write(&kept, bytes).unwrap();

    fleet
        .admin
        .put("/api/v1/deployments/ward", &json!({"model": "smollm2", "context_length": 1024}))
        .await
        .ok();
    let replica = until("the refusal", async || {
        fleet.replicas("ward").await.into_iter().find(|r| r["phase"] == "refused")
    })
    .await;
    let error = replica["error"].as_str().unwrap();
    assert!(error.contains("Q4_1.gguf"), "{error}");
    let answer = fleet.admin.post("/v1/chat/completions", &question("hello", 4)).await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    until("the refusal on record", async || {
        fleet.records("model.refused").await.into_iter().find(|r| r["actor"]["kind"] == "node")
    })
    .await;
}

#[tokio::test]
async fn an_agent_with_pins_of_its_own_trusts_no_other_signer() {
    let mut fleet = Fleet::start(FleetOptions::default()).await;
    let pin = fleet.folder.path().join("other.pub.pem");
    std::fs::write(&pin, Signer::default().public_pem).unwrap();
    let _agent = fleet.agent(&["--trusted-signer", pin.to_str().unwrap()]).await;
    import_real_model(&fleet.admin, "smollm2").await;
    fleet
        .admin
        .put("/api/v1/deployments/ward", &json!({"model": "smollm2", "context_length": 1024}))
        .await
        .ok();
    let replica = until("the refusal", async || {
        fleet.replicas("ward").await.into_iter().find(|r| r["phase"] == "refused")
    })
    .await;
    assert!(replica["error"].as_str().unwrap().contains("trusted"), "{replica}");
}

#[tokio::test]
async fn revoking_a_signer_takes_its_models_out_of_service() {
    let mut fleet = Fleet::start(FleetOptions::default()).await;
    let _agent = fleet.agent(&[]).await;
    import_real_model(&fleet.admin, "smollm2").await;
    fleet.deploy("ward", &json!({"model": "smollm2", "context_length": 1024})).await;
    let signers = fleet.admin.get("/api/v1/signers").await.ok();
    let key_id = signers["signers"][0]["key_id"].as_str().unwrap().to_string();
    fleet.admin.delete(&format!("/api/v1/signers/{key_id}")).await.ok();
    until("no ready replica", async || {
        let deployment = fleet.admin.get("/api/v1/deployments/ward").await.ok();
        (deployment["ready_replicas"] == 0).then_some(())
    })
    .await;
    let answer = fleet.admin.post("/v1/chat/completions", &question("hello", 4)).await;
    assert_eq!(answer.status, 503, "{}", answer.body);
}

/// A full disk in the middle of an import: the reason is said and nothing is lost.
#[tokio::test]
async fn a_full_disk_during_import_loses_nothing() {
    let options = FleetOptions { uploads_disk_bytes: Some(48 << 20), ..FleetOptions::default() };
    let fleet = Fleet::start(options).await;
    let signer = Signer::default();
    signer.trust(&fleet.admin).await;
    let (bundle, _) = signer.sign(&real_model());
    let bytes = std::fs::read(real_model()).unwrap();
    let name = real_model().file_name().unwrap().to_str().unwrap().to_string();
    let answer = import(&fleet.admin, "smollm2", &[("model.sig", bundle), (&name, bytes)]).await;
    assert_eq!(answer.status, 507, "{}", answer.body);
    assert!(fleet.admin.get("/readyz").await.status.is_success());
    assert_eq!(fleet.admin.get("/api/v1/models").await.ok()["models"], json!([]));
}

fn make_writable(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

//! Models on their way in: what is let in, what is refused and why, and that nothing is left behind.

use axum::body::Body;
use bytes::Bytes;
use cloister_api::{ProblemKind, paths};
use http::{Method, Request, StatusCode, header};
use runtime_formats::gguf::Value as Metadata;
use runtime_formats::testing::TinyLlama;
use serde_json::{Value, json};

use super::{ADMIN, Fleet, LICENSE, QUOTA_BYTES, SignedModel, Signer, kind, read};

async fn import(fleet: &Fleet, upload_id: &str, name: &str) -> (StatusCode, Value) {
    fleet.call(Method::POST, paths::MODELS, Some(json!({"name": name, "upload_id": upload_id}))).await
}

#[tokio::test]
async fn a_signed_model_is_verified_kept_listed_and_recorded() {
    let fleet = Fleet::start().await;
    let signer = Signer::new("acme");
    fleet.trust(&signer).await;

    let model = fleet.import(&signer, "tiny").await;

    assert_eq!(model["architecture"], "llama");
    assert_eq!(model["quantization"], "Q4_1");
    assert_eq!(model["context_length"], 512);
    assert_eq!(model["license"], "apache-2.0");
    assert_eq!(model["signer_name"], "acme");
    assert_eq!(model["trusted"], true);
    assert!(model["facts"]["kv_bytes_per_token"].as_u64().unwrap() > 0);
    assert!(model["checks"].as_array().unwrap().len() >= 6, "{model}");
    let digest = model["digest"].as_str().unwrap();
    let folder = fleet.data.model_dir(digest).unwrap();
    assert_eq!(std::fs::read(folder.join("LICENSE")).unwrap(), LICENSE);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2, "the signed files and no other");
    assert!(fleet.listing("uploads").is_empty());
    let (kind, leaf) = fleet.recorded(1).await.remove(0);
    assert_eq!(kind, "model.imported");
    assert_eq!(leaf["subject"]["id"], digest);
    assert_eq!(leaf["actor"]["id"], "key-admin");
    assert_eq!(model["record_id"], leaf["id"]);
    for handle in ["tiny", digest] {
        assert_eq!(fleet.get(&paths::model(handle)).await["digest"], digest);
    }
}

#[tokio::test]
async fn the_same_model_again_is_answered_and_not_imported_twice() {
    let fleet = Fleet::start().await;
    let signer = Signer::new("acme");
    fleet.trust(&signer).await;
    let first = fleet.import(&signer, "tiny").await;
    let again = SignedModel::new(&signer);

    let (status, body) = import(&fleet, &fleet.upload(&again.files()).await, "tiny").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(body["digest"], first["digest"]);

    let (status, body) = import(&fleet, &fleet.upload(&again.files()).await, "other").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(body["detail"].as_str().unwrap().contains("tiny"), "{body}");

    let other = SignedModel::of(&signer, TinyLlama { seed: 2, ..TinyLlama::default() }.gguf());
    let (status, body) = import(&fleet, &fleet.upload(&other.files()).await, "tiny").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(body["field"], "name", "{body}");
    assert_eq!(fleet.listing("models").len(), 1);
}

/// What it is, signature bundle, weights, class on record, words of the reason.
type Defect<'a> = (&'a str, &'a [u8], &'a [u8], &'a str, &'a str);

#[tokio::test]
async fn each_defect_is_refused_with_its_reason_and_leaves_nothing_behind() {
    let fleet = Fleet::start().await;
    let (acme, mallory) = (Signer::new("acme"), Signer::new("mallory"));
    fleet.trust(&acme).await;
    let good = SignedModel::new(&acme);
    let gguf = good.gguf.clone();
    let mut altered = gguf.clone();
    *altered.last_mut().unwrap() ^= 1;
    let mut forged = good.bundle.clone();
    let signature = String::from_utf8_lossy(&forged).find("\"sig\"").unwrap() + 20;
    forged[signature] = if forged[signature] == b'A' { b'B' } else { b'A' };
    let mut unsigned: Value = serde_json::from_slice(&good.bundle).unwrap();
    unsigned["dsseEnvelope"]["signatures"] = json!([]);
    let changed = |key: &str, value: Metadata| {
        let mut writer = TinyLlama::default().writer();
        writer.set(key, value);
        writer.finish()
    };
    let re_signed = |gguf: &[u8]| (acme.sign(&[("tiny.gguf", gguf), ("LICENSE", LICENSE)]), gguf.to_vec());
    let truncated = re_signed(&gguf[..gguf.len() / 2]);
    let header_only = re_signed(&gguf[..20]);
    let no_gguf = re_signed(b"PK\x03\x04 not a model at all, but long enough");
    let alien = re_signed(&changed("general.architecture", Metadata::String("mamba".into())));
    let zero = re_signed(&changed("llama.embedding_length", Metadata::U32(0)));
    let huge = re_signed(&changed("llama.block_count", Metadata::U32(u32::MAX)));
    let unknown_type = re_signed(&with_unknown_tensor_type(&gguf));
    let unsigned = unsigned.to_string().into_bytes();
    let linked = with_symlinks_allowed(&good.bundle);
    let cases: [Defect<'_>; 13] = [
        ("no signature", &unsigned, &gguf, "signature_bundle_invalid", "unsigned"),
        ("not a bundle", b"{}", &gguf, "signature_bundle_invalid", ""),
        (
            "wrong signer",
            &SignedModel::new(&mallory).bundle,
            &gguf,
            "signer_not_trusted",
            "not a trusted signer",
        ),
        ("forged signature", &forged, &gguf, "signature", ""),
        ("payload altered after signing", &linked, &gguf, "signature_invalid", "does not match"),
        ("one byte altered", &good.bundle, &altered, "file_altered", "was altered"),
        ("truncated weights", &truncated.0, &truncated.1, "weights_invalid", "tiny.gguf"),
        ("truncated header", &header_only.0, &header_only.1, "weights_invalid", "tiny.gguf"),
        ("no GGUF", &no_gguf.0, &no_gguf.1, "weights_invalid", "not a GGUF file"),
        ("unknown architecture", &alien.0, &alien.1, "weights_invalid", "mamba"),
        ("zero dimension", &zero.0, &zero.1, "weights_invalid", "llama.embedding_length"),
        ("overflowing size", &huge.0, &huge.1, "weights_invalid", "llama.block_count"),
        ("unknown tensor type", &unknown_type.0, &unknown_type.1, "weights_invalid", "type"),
    ];
    for (case, bundle, gguf, class, why) in cases {
        let id = fleet.upload(&[("model.sig", bundle), ("tiny.gguf", gguf), ("LICENSE", LICENSE)]).await;
        assert_refused(&fleet, &id, case, class, why).await;
    }
}

async fn assert_refused(fleet: &Fleet, upload_id: &str, case: &str, class: &str, why: &str) {
    let body = json!({"name": "tiny", "upload_id": upload_id});
    let problem = fleet.problem(Method::POST, paths::MODELS, Some(body)).await;
    assert_eq!(kind(&problem), ProblemKind::ModelRefused, "{case}: {}", problem.detail);
    assert!(problem.detail.contains(why), "{case}: {}", problem.detail);
    let (kind, leaf) = fleet.recorded(1).await.remove(0);
    assert_eq!(kind, "model.refused", "{case}");
    assert!(leaf["reason"].as_str().unwrap().starts_with(class), "{case}: {leaf}");
    assert_eq!(leaf["outcome"], "failure", "{case}");
    assert_eq!(problem.record_id.as_deref(), leaf["id"].as_str(), "{case}");
    assert!(fleet.listing("uploads").is_empty(), "{case}");
    assert!(fleet.listing("models").is_empty(), "{case}");
    assert!(fleet.api.store().models().await.unwrap().is_empty(), "{case}");
}

#[tokio::test]
async fn files_that_the_signature_does_not_list_or_that_are_missing_are_refused() {
    let fleet = Fleet::start().await;
    let acme = Signer::new("acme");
    fleet.trust(&acme).await;
    let good = SignedModel::new(&acme);
    let [sig, gguf, license] = good.files();

    let id = fleet.upload(&[sig, gguf, license, ("run.py", b"import os")]).await;
    assert_refused(&fleet, &id, "unlisted", "file_unlisted", "run.py").await;

    let id = fleet.upload(&[sig, gguf]).await;
    assert_refused(&fleet, &id, "missing", "file_missing", "LICENSE").await;

    let other = acme.sign(&[("a.gguf", gguf.1), ("b.gguf", gguf.1)]);
    let id = fleet.upload(&[("model.sig", &other), ("a.gguf", gguf.1), ("b.gguf", gguf.1)]).await;
    assert_refused(&fleet, &id, "two weights files", "weights_file", "merge").await;

    let other = acme.sign(&[license]);
    let id = fleet.upload(&[("model.sig", &other), license]).await;
    assert_refused(&fleet, &id, "no weights", "weights_file", ".gguf").await;
}

#[tokio::test]
async fn an_upload_goes_on_where_it_stopped() {
    let fleet = Fleet::start().await;
    let signer = Signer::new("acme");
    fleet.trust(&signer).await;
    let model = SignedModel::new(&signer);
    let (id, half) = (begin(&fleet, &model).await, model.gguf.len() / 2);
    let [sig, gguf, license] = model.files();
    for (name, bytes) in [sig, license] {
        fleet.put_bytes(&paths::upload_file(&id, name, 0), bytes).await;
    }

    // The connection breaks after the first half.
    let first = [Ok(Bytes::copy_from_slice(&gguf.1[..half])), Err(std::io::Error::other("connection lost"))];
    let request = Request::put(paths::upload_file(&id, gguf.0, 0))
        .header(header::AUTHORIZATION, format!("Bearer {ADMIN}"));
    let body = Body::from_stream(futures_util::stream::iter(first));
    let (status, _) = read(fleet.send(request.body(body).unwrap()).await).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let stands = received(&fleet, &id, gguf.0).await;
    assert_eq!(stands, half as u64);

    // Neither a guess nor an early import is let through.
    for wrong in [0, stands - 1, stands + 1, u64::MAX] {
        let problem = fleet.problem(Method::PUT, &paths::upload_file(&id, gguf.0, wrong), None).await;
        assert_eq!(kind(&problem), ProblemKind::WrongOffset);
        assert_eq!(problem.expected_offset_bytes, Some(stands));
    }
    let (status, body) = import(&fleet, &id, "tiny").await;
    assert_eq!(status, StatusCode::CONFLICT, "{body}");

    // Nor more than was announced.
    let (status, _) = fleet.put_bytes(&paths::upload_file(&id, gguf.0, stands), &vec![0; gguf.1.len()]).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let stands = received(&fleet, &id, gguf.0).await;

    let (status, _) = fleet.put_bytes(&paths::upload_file(&id, gguf.0, stands), &gguf.1[half..]).await;
    assert_eq!(status, StatusCode::OK);
    let (status, body) = import(&fleet, &id, "tiny").await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
}

#[tokio::test]
async fn an_upload_survives_a_restart_of_the_controller_and_is_still_hashed_whole() {
    let fleet = Fleet::start().await;
    let signer = Signer::new("acme");
    fleet.trust(&signer).await;
    let model = SignedModel::new(&signer);
    let (id, half) = (begin(&fleet, &model).await, model.gguf.len() / 2);
    let [sig, gguf, license] = model.files();
    for (name, bytes) in [sig, license, (gguf.0, &gguf.1[..half])] {
        fleet.put_bytes(&paths::upload_file(&id, name, 0), bytes).await;
    }

    let fleet = fleet.restart().await;

    assert_eq!(received(&fleet, &id, gguf.0).await, half as u64);
    fleet.put_bytes(&paths::upload_file(&id, gguf.0, half as u64), &gguf.1[half..]).await;
    let (status, body) = import(&fleet, &id, "tiny").await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
}

#[tokio::test]
async fn space_is_refused_before_the_first_byte_and_given_back_after() {
    let fleet = Fleet::start().await;
    let announce = |size: u64| json!({"files": [{"name": "model.sig", "size_bytes": 1}, {"name": "a.gguf", "size_bytes": size}]});
    let (status, first) = fleet.call(Method::POST, paths::UPLOADS, Some(announce(QUOTA_BYTES / 2))).await;
    assert_eq!(status, StatusCode::CREATED);

    let problem = fleet.problem(Method::POST, paths::UPLOADS, Some(announce(QUOTA_BYTES / 2))).await;
    assert_eq!(kind(&problem), ProblemKind::NoSpace);
    assert_eq!(problem.needed_bytes, Some(QUOTA_BYTES / 2 + 1));
    assert_eq!(problem.available_bytes, Some(QUOTA_BYTES / 2 - 1));
    assert_eq!(fleet.listing("uploads").len(), 1);

    let (status, _) = fleet.call(Method::DELETE, &paths::upload(first["id"].as_str().unwrap()), None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, _) = fleet.call(Method::POST, paths::UPLOADS, Some(announce(QUOTA_BYTES / 2))).await;
    assert_eq!(status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_model_goes_with_its_files_but_not_while_it_is_deployed() {
    let fleet = Fleet::start().await;
    let signer = Signer::new("acme");
    fleet.trust(&signer).await;
    fleet.import(&signer, "tiny").await;
    let (status, body) =
        fleet.call(Method::PUT, &paths::deployment("chat"), Some(json!({"model": "tiny"}))).await;
    assert_eq!(status, StatusCode::OK, "{body}");

    let problem = fleet.problem(Method::DELETE, &paths::model("tiny"), None).await;
    assert_eq!(kind(&problem), ProblemKind::InUse);
    assert_eq!(problem.deployments, ["chat"]);
    assert_eq!(fleet.listing("models").len(), 1);

    fleet.call(Method::DELETE, &paths::deployment("chat"), None).await;
    let (status, _) = fleet.call(Method::DELETE, &paths::model("tiny"), None).await;
    assert_eq!(status, StatusCode::OK);
    assert!(fleet.listing("models").is_empty());
    assert_eq!(fleet.recorded(1).await[0].0, "model.removed");
}

async fn begin(fleet: &Fleet, model: &SignedModel) -> String {
    let files = model.files().map(|(name, bytes)| json!({"name": name, "size_bytes": bytes.len()}));
    let (_, upload) = fleet.call(Method::POST, paths::UPLOADS, Some(json!({"files": files}))).await;
    upload["id"].as_str().unwrap().to_owned()
}

async fn received(fleet: &Fleet, id: &str, name: &str) -> u64 {
    let upload = fleet.get(&paths::upload(id)).await;
    let file = upload["files"].as_array().unwrap().iter().find(|file| file["name"] == name).unwrap().clone();
    file["received_bytes"].as_u64().unwrap()
}

/// The last tensor's type becomes one that does not exist.
fn with_unknown_tensor_type(gguf: &[u8]) -> Vec<u8> {
    let name = b"blk.0.attn_q.weight";
    let at = gguf.windows(name.len()).position(|window| window == name).unwrap() + name.len();
    // After the name: number of dimensions (u32), two dimensions (u64 each), type (u32).
    let mut gguf = gguf.to_vec();
    gguf[at + 20..at + 24].copy_from_slice(&99_u32.to_le_bytes());
    gguf
}

/// The signed payload, changed to allow symbolic links, under the old signature.
fn with_symlinks_allowed(bundle: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::STANDARD;
    let mut bundle: Value = serde_json::from_slice(bundle).unwrap();
    let payload = engine.decode(bundle["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap();
    let mut payload: Value = serde_json::from_slice(&payload).unwrap();
    payload["predicate"]["serialization"]["allow_symlinks"] = json!(true);
    bundle["dsseEnvelope"]["payload"] = engine.encode(payload.to_string()).into();
    bundle.to_string().into_bytes()
}

//! What callers get wrong, per route: always a problem document that names the field.

use axum::body::Body;
use cloister_api::limits::JSON_BODY_MAX_BYTES;
use cloister_api::{ProblemKind, paths};
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

use super::{ADMIN, Fleet, Signer, kind, read};

#[tokio::test]
async fn each_bad_value_is_refused_by_name() {
    let fleet = Fleet::start().await;
    let signer = Signer::new("acme");
    fleet.trust(&signer).await;
    fleet.import(&signer, "tiny").await;
    let deployment = |field: &str, value: Value| {
        let mut body = json!({"model": "tiny"});
        body[field] = value;
        (Method::PUT, paths::deployment("d"), body, field.to_owned())
    };
    let key = |field: &str, value: Value| {
        let mut body = json!({"name": "k", "role": "inference"});
        body[field] = value;
        (Method::POST, paths::KEYS.to_owned(), body, field.to_owned())
    };
    let upload =
        |files: Value| (Method::POST, paths::UPLOADS.to_owned(), json!({"files": files}), "files".to_owned());
    let file = |name: &str, size_bytes: u64| json!({"name": name, "size_bytes": size_bytes});
    let sig = file("model.sig", 9);
    let many_labels: Value =
        (0..65).map(|n| (format!("k{n}"), json!("v"))).collect::<serde_json::Map<_, _>>().into();
    let cases = [
        deployment("replicas", json!(1025)),
        deployment("replicas", json!(-1)),
        deployment("replicas", json!(1.5)),
        deployment("replicas", json!("3")),
        deployment("replicas", json!(18_446_744_073_709_551_615_u64)),
        deployment("max_sequences", json!(257)),
        deployment("context_length", json!(513)),
        deployment("context_length", json!(4_294_967_296_u64)),
        deployment("jurisdiction", json!("Hesse")),
        deployment("node_selector", json!({"a b": "c"})),
        deployment("node_selector", many_labels),
        deployment("model", json!(null)),
        deployment("surprise", json!(1)),
        key("name", json!("")),
        key("name", json!("A Name")),
        key("name", json!("x".repeat(64))),
        key("role", json!("root")),
        key("models", json!(["../x"])),
        key("models", json!(vec!["m"; 257])),
        key("valid_for_s", json!(u64::MAX)),
        (
            Method::POST,
            paths::KEYS.into(),
            json!({"name": "k", "role": "admin", "models": ["m"]}),
            "models".into(),
        ),
        (Method::POST, paths::JOIN_TOKENS.into(), json!({"valid_for_s": 59}), "valid_for_s".into()),
        (Method::POST, paths::JOIN_TOKENS.into(), json!({"valid_for_s": 604_801}), "valid_for_s".into()),
        (
            Method::POST,
            paths::SIGNERS.into(),
            json!({"name": "s", "public_key_pem": "nope"}),
            "public_key_pem".into(),
        ),
        (
            Method::POST,
            paths::SIGNERS.into(),
            json!({"name": "s", "public_key_pem": "x".repeat(9_000)}),
            "public_key_pem".into(),
        ),
        (
            Method::POST,
            paths::SIGNERS.into(),
            json!({"name": "S", "public_key_pem": signer.key.public_pem}),
            "name".into(),
        ),
        (Method::POST, paths::MODELS.into(), json!({"name": "../../etc", "upload_id": "x"}), "name".into()),
        (Method::GET, format!("{}?limit=1001", paths::RECORDS), Value::Null, "limit".into()),
        (Method::GET, format!("{}?limit=-1", paths::RECORDS), Value::Null, "query".into()),
        (Method::GET, format!("{}?before_seq=x", paths::RECORDS), Value::Null, "query".into()),
        (Method::GET, paths::evidence(&vec!["x".to_owned(); 1001]), Value::Null, "ids".into()),
        (Method::GET, "/api/v1/models/%ff".into(), Value::Null, "path".into()),
        upload(json!([])),
        upload(json!([sig])),
        upload(json!([file("a.gguf", 9), file("b.gguf", 9)])),
        upload(json!([sig, file("b.sig", 9)])),
        upload(json!([sig, file("a.gguf", 0)])),
        upload(json!([sig, file("a.gguf", 9), file("a.gguf", 9)])),
        upload(json!([sig, file("a", 9), file("a/b", 9)])),
        upload(json!([sig, file("a.gguf", u64::MAX)])),
        upload(json!([file("model.sig", 2 << 20), file("a.gguf", 9)])),
        upload(json!([sig, file("", 9)])),
        upload(json!([sig, file("../a.gguf", 9)])),
        upload(json!([sig, file("/etc/passwd", 9)])),
        upload(json!([sig, file("a\\b", 9)])),
        upload(json!([sig, file("a\u{0}b", 9)])),
        upload(json!([sig, file(&"x".repeat(300), 9)])),
        upload(Value::Array((0..65).map(|n| file(&format!("f{n}"), 1)).collect())),
    ];
    for (method, path, body, field) in cases {
        let shown = format!("{method} {path} {body:.200}");
        let problem = fleet.problem(method, &path, Some(body).filter(|body| !body.is_null())).await;
        assert_eq!(kind(&problem), ProblemKind::Invalid, "{shown}: {}", problem.detail);
        assert_eq!(problem.field.as_deref(), Some(field.as_str()), "{shown}: {}", problem.detail);
    }
    assert_eq!(fleet.get(paths::DEPLOYMENTS).await["deployments"], json!([]));
    assert!(fleet.listing("uploads").is_empty());
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_not_there() {
    let fleet = Fleet::start().await;
    let cases = [
        (Method::GET, paths::model("nope")),
        (Method::DELETE, paths::model("nope")),
        (Method::DELETE, paths::signer("nope")),
        (Method::GET, paths::deployment("nope")),
        (Method::DELETE, paths::deployment("nope")),
        (Method::GET, paths::replicas(Some("nope"))),
        (Method::GET, paths::replica_explanation("nope")),
        (Method::POST, paths::node_revocation("nope")),
        (Method::GET, paths::node_preview("nope", cloister_api::NodeChange::Drain, false)),
        (Method::DELETE, paths::key("nope")),
        (Method::GET, paths::record("nope")),
        (Method::GET, paths::record_evidence("nope")),
        (Method::GET, paths::evidence(&["nope".into()])),
        (Method::GET, paths::upload("nope")),
        (Method::DELETE, paths::upload("nope")),
        (Method::PUT, paths::upload_file("nope", "x", 0)),
    ];
    for (method, path) in cases {
        let problem = fleet.problem(method.clone(), &path, None).await;
        assert_eq!(kind(&problem), ProblemKind::NotFound, "{method} {path}");
        assert!(problem.detail.contains("nope"), "{}", problem.detail);
    }
}

#[tokio::test]
async fn bodies_of_the_wrong_kind_or_size_are_refused() {
    let fleet = Fleet::start().await;
    let huge = format!(r#"{{"name":"{}"}}"#, "x".repeat(JSON_BODY_MAX_BYTES * 10));
    let cases: [(&str, Vec<u8>, StatusCode); 6] = [
        ("text/plain", b"{}".to_vec(), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("", b"{}".to_vec(), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("application/json", b"\xff\xfe{}".to_vec(), StatusCode::BAD_REQUEST),
        ("application/json", b"{\"name\":\"\xff\",\"role\":\"admin\"}".to_vec(), StatusCode::BAD_REQUEST),
        ("application/json", b"null".to_vec(), StatusCode::BAD_REQUEST),
        ("application/json; charset=utf-8", huge.into_bytes(), StatusCode::PAYLOAD_TOO_LARGE),
    ];
    for (media_type, body, expected) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let request = Request::post(paths::KEYS)
            .header(header::AUTHORIZATION, format!("Bearer {ADMIN}"))
            .header(header::CONTENT_TYPE, media_type);
        let response = fleet.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json", "{shown}");
        let (status, body) = read(response).await;
        assert_eq!(status, expected, "{shown}: {body}");
    }
}

#[tokio::test]
async fn a_place_beyond_every_log_has_all_records_before_it() {
    let fleet = Fleet::start().await;
    for place in [i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
        let page = fleet.get(&format!("{}?before_seq={place}", paths::RECORDS)).await;
        assert!(!page["records"].as_array().unwrap().is_empty(), "{place}");
    }
}

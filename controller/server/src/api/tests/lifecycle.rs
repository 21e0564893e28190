//! Stories of running a fleet: signers, deployments, keys, tokens, and the log of it all.

use cloister_api::{ProblemKind, paths};
use cloister_evidence::checkpoint::LogVerifier;
use http::{Method, Request, StatusCode, header};
use serde_json::json;

use super::{ADMIN, Fleet, Signer, kind, read};

#[tokio::test]
async fn a_revoked_signer_makes_its_models_untrusted_and_undeployable() {
    let fleet = Fleet::start().await;
    let signer = Signer::new("acme");
    fleet.trust(&signer).await;
    let model = fleet.import(&signer, "tiny").await;

    let (status, _) = fleet.call(Method::DELETE, &paths::signer(&signer.key.key_id), None).await;

    assert_eq!(status, StatusCode::OK);
    let (kind_of, leaf) = fleet.recorded(1).await.remove(0);
    assert_eq!(kind_of, "signer.revoked");
    assert_eq!(leaf["change"]["models_no_longer_trusted"], json!([model["digest"]]));
    assert_eq!(fleet.get(paths::MODELS).await["models"][0]["trusted"], false);
    assert!(fleet.get(paths::SIGNERS).await["signers"][0]["revoked_at"].is_string());
    let problem = fleet.problem(Method::PUT, &paths::deployment("d"), Some(json!({"model": "tiny"}))).await;
    assert_eq!(kind(&problem), ProblemKind::Conflict);
    assert!(problem.detail.contains("no longer trusted"), "{}", problem.detail);
    let again = fleet.problem(Method::DELETE, &paths::signer(&signer.key.key_id), None).await;
    assert_eq!(again.status, 409, "{}", again.detail);
}

#[tokio::test]
async fn a_deployment_fills_in_defaults_counts_revisions_and_says_nothing_twice() {
    let fleet = Fleet::start().await;
    let signer = Signer::new("acme");
    fleet.trust(&signer).await;
    fleet.import(&signer, "tiny").await;
    let path = paths::deployment("chat");

    let (_, first) = fleet.call(Method::PUT, &path, Some(json!({"model": "tiny"}))).await;
    assert_eq!(first["revision"], 1, "{first}");
    assert_eq!(first["context_length"], 512);
    assert_eq!(first["max_sequences"], 16);
    assert_eq!(first["kv_tokens"], 1024);
    assert_eq!(fleet.recorded(1).await[0].0, "deployment.created");

    let (_, same) = fleet.call(Method::PUT, &path, Some(json!({"model": "tiny"}))).await;
    assert_eq!(same["revision"], 1);
    assert_eq!(fleet.recorded(1).await[0].0, "deployment.created");

    let (_, more) = fleet.call(Method::PUT, &path, Some(json!({"model": "tiny", "replicas": 3}))).await;
    assert_eq!(more["revision"], 2);
    let (kind_of, leaf) = fleet.recorded(1).await.remove(0);
    assert_eq!(kind_of, "deployment.changed");
    assert_eq!(leaf["change"]["replicas"], 3);
    assert_eq!(more["record_id"], leaf["id"]);

    let (status, _) = fleet.call(Method::DELETE, &path, None).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(fleet.problem(Method::GET, &path, None).await.status, 404);
}

#[tokio::test]
async fn a_change_of_what_somebody_else_changed_meanwhile_is_refused() {
    let fleet = Fleet::start().await;
    let signer = Signer::new("acme");
    fleet.trust(&signer).await;
    fleet.import(&signer, "tiny").await;
    let cases = [
        ("\"1\"", StatusCode::PRECONDITION_FAILED),
        ("\"0\"", StatusCode::OK),
        ("\"0\"", StatusCode::PRECONDITION_FAILED),
        ("\"1\"", StatusCode::OK),
        ("1", StatusCode::BAD_REQUEST),
        ("\"x\"", StatusCode::BAD_REQUEST),
        ("*", StatusCode::BAD_REQUEST),
    ];
    for (n, (if_match, expected)) in cases.into_iter().enumerate() {
        let request = Request::put(paths::deployment("chat"))
            .header(header::AUTHORIZATION, format!("Bearer {ADMIN}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::IF_MATCH, if_match);
        let body = json!({"model": "tiny", "replicas": n}).to_string();
        let (status, body) = read(fleet.send(request.body(body.into()).unwrap()).await).await;
        assert_eq!(status, expected, "{n}: {if_match}: {body}");
    }
}

#[tokio::test]
async fn a_key_works_until_it_is_revoked_and_its_secret_is_shown_once() {
    let fleet = Fleet::start().await;
    let body = json!({"name": "ops", "role": "admin", "valid_for_s": 60});
    let (status, new) = fleet.call(Method::POST, paths::KEYS, Some(body.clone())).await;
    assert_eq!(status, StatusCode::CREATED, "{new}");
    let secret = new["secret"].as_str().unwrap().to_owned();
    assert_eq!(secret.len(), 47);
    assert!(secret.starts_with("clk_"));
    assert!(new["key"]["expires_at"].is_string());
    let use_it = || async {
        let request = Request::get(paths::STATUS).header(header::AUTHORIZATION, format!("Bearer {secret}"));
        fleet.send(request.body(axum::body::Body::empty()).unwrap()).await.status()
    };
    assert_eq!(use_it().await, StatusCode::OK);
    assert!(!fleet.get(paths::KEYS).await.to_string().contains(&secret));
    assert!(!fleet.recorded(1).await[0].1.to_string().contains(&secret));
    let taken = fleet.problem(Method::POST, paths::KEYS, Some(body)).await;
    assert_eq!(kind(&taken), ProblemKind::AlreadyExists);

    let (status, _) = fleet.call(Method::DELETE, &paths::key(new["key"]["id"].as_str().unwrap()), None).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(use_it().await, StatusCode::UNAUTHORIZED);
    assert_eq!(fleet.recorded(2).await[1].0, "key.revoked");
}

#[tokio::test]
async fn the_last_admin_key_cannot_be_revoked() {
    let fleet = Fleet::start().await;
    let problem = fleet.problem(Method::DELETE, &paths::key("key-admin"), None).await;
    assert_eq!(kind(&problem), ProblemKind::Conflict);
    assert_eq!(fleet.get(paths::STATUS).await["fleet"], "test");
}

#[tokio::test]
async fn a_join_token_carries_all_that_an_agent_needs() {
    use base64::Engine as _;
    let fleet = Fleet::start().await;
    let (status, token) = fleet.call(Method::POST, paths::JOIN_TOKENS, Some(json!({}))).await;
    assert_eq!(status, StatusCode::CREATED, "{token}");
    let text = token["token"].as_str().unwrap().strip_prefix("cjt1.").unwrap();
    let parts = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap();
    let parts: serde_json::Value = serde_json::from_slice(&parts).unwrap();
    assert_eq!(parts["url"], "https://127.0.0.1:1");
    assert!(parts["ca"].as_str().unwrap().contains("BEGIN CERTIFICATE"));
    let hash = crate::api::operations::secret_hash(parts["secret"].as_str().unwrap());
    let stored = fleet.api.store().join_token(&hash).await.unwrap().unwrap();
    assert_eq!(stored.used_by, None);
    assert_eq!(fleet.recorded(1).await[0].0, "node.token_created");
}

#[tokio::test]
async fn the_log_is_paged_and_narrowed_without_a_gap() {
    let fleet = Fleet::start().await;
    for n in 0..7 {
        let body = json!({"name": format!("k{n}"), "role": "inference"});
        fleet.call(Method::POST, paths::KEYS, Some(body)).await;
    }
    let mut seen = Vec::new();
    let mut before_seq = None;
    loop {
        let path = paths::records(&paths::RecordQuery { limit: Some(3), before_seq, ..Default::default() });
        let page = fleet.get(&path).await;
        let records = page["records"].as_array().unwrap();
        seen.extend(records.iter().map(|record| record["seq"].as_u64().unwrap()));
        before_seq = page["next_before_seq"].as_u64();
        if before_seq.is_none() {
            break;
        }
    }
    let newest = seen[0];
    assert_eq!(seen, (0..=newest).rev().collect::<Vec<_>>());
    let narrowed = fleet.get(&format!("{}?kind=key.created&limit=1000", paths::RECORDS)).await;
    assert_eq!(narrowed["records"].as_array().unwrap().len(), 11);
    let record = &narrowed["records"][0];
    assert_eq!(&fleet.get(&paths::record(record["id"].as_str().unwrap())).await, record);
}

#[tokio::test]
async fn exported_evidence_verifies_with_nothing_but_the_key_and_the_export_is_on_record() {
    let fleet = Fleet::start().await;
    let (_, new) =
        fleet.call(Method::POST, paths::KEYS, Some(json!({"name": "k", "role": "inference"}))).await;
    let id = new["record_id"].as_str().unwrap().to_owned();
    let key = text(&fleet, paths::AUDIT_KEY).await;
    let verifier = LogVerifier::from_text(key.trim()).unwrap();
    for path in
        [paths::record_evidence(&id), paths::evidence(std::slice::from_ref(&id)), paths::evidence(&[])]
    {
        let file = text(&fleet, &path).await;
        cloister_evidence::verify::verify(file.as_bytes(), &verifier)
            .unwrap_or_else(|e| panic!("{path}: {e}"));
        assert!(file.contains(&id), "{path}");
        assert_eq!(fleet.recorded(1).await[0].0, "audit.exported", "{path}");
    }
    let checkpoint = fleet.get(paths::CHECKPOINT).await;
    verifier.open(checkpoint["checkpoint"].as_str().unwrap()).unwrap();
}

async fn text(fleet: &Fleet, path: &str) -> String {
    let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {ADMIN}"));
    let response = fleet.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    let body = axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn diagnostics_hold_what_helps_and_no_secret() {
    let fleet = Fleet::start().await;
    let request = Request::get(paths::DIAGNOSTICS).header(header::AUTHORIZATION, format!("Bearer {ADMIN}"));
    let response = fleet.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/gzip");
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..]));
    let mut names = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        names.push(entry.path().unwrap().file_name().unwrap().to_str().unwrap().to_owned());
        let value: serde_json::Value = serde_json::from_reader(&mut entry).unwrap();
        assert!(!value.to_string().contains("clk_"), "{value}");
    }
    names.sort();
    let wanted = ["configuration", "deployments", "models", "nodes", "replicas", "status", "version"]
        .map(|n| format!("{n}.json"));
    assert_eq!(names, wanted);
    let configuration = fleet.get(paths::CONFIGURATION).await;
    assert_eq!(configuration["database"]["kind"], "sqlite");
}

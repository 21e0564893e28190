//! Whose signature makes which model acceptable: stated, used at every gate, and taken back.

use cloister_api::{ProblemKind, paths};
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

use super::{ADMIN, Fleet, SignedModel, Signer, kind, read};

fn rules(models: &[&str], signer: &Signer) -> Value {
    json!({"rules": [{"models": models, "signers": [{"name": signer.name, "public_key_pem": signer.key.public_pem}]}]})
}

async fn put(fleet: &Fleet, name: &str, body: Value) -> Value {
    let (status, body) = fleet.call(Method::PUT, &paths::trust_policy(name), Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body
}

async fn import(fleet: &Fleet, signer: &Signer, name: &str) -> (StatusCode, Value) {
    let id = fleet.upload(&SignedModel::new(signer).files()).await;
    fleet.call(Method::POST, paths::MODELS, Some(json!({"name": name, "upload_id": id}))).await
}

async fn if_match(
    fleet: &Fleet,
    method: Method,
    path: &str,
    revision: &str,
    body: Value,
) -> (StatusCode, Value) {
    let request = Request::builder().method(method).uri(path);
    let request = request.header(header::AUTHORIZATION, format!("Bearer {ADMIN}"));
    let request = request.header(header::IF_MATCH, revision).header(header::CONTENT_TYPE, "application/json");
    read(fleet.send(request.body(axum::body::Body::from(body.to_string())).unwrap()).await).await
}

#[tokio::test]
async fn a_policy_admits_its_signer_for_its_names_and_for_no_other() {
    let fleet = Fleet::start().await;
    let vendor = Signer::new("vendor");
    let policy = put(&fleet, "radiology", rules(&["xray-*"], &vendor)).await;
    assert_eq!(policy["rules"][0]["signers"][0]["key_id"], vendor.key.key_id.as_str());
    assert_eq!(fleet.recorded(1).await[0].0, "trust_policy.created");

    let (status, refused) = import(&fleet, &vendor, "notes").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("radiology") && detail.contains("other model names only"), "{detail}");
    let (kind_of, leaf) = fleet.recorded(1).await.remove(0);
    assert_eq!((kind_of.as_str(), &leaf["reason"]), ("model.refused", &json!("signer_not_trusted")));

    let (status, model) = import(&fleet, &vendor, "xray-1").await;
    assert_eq!(status, StatusCode::CREATED, "{model}");
    assert_eq!((&model["trusted"], &model["signer_name"]), (&json!(true), &json!("vendor")));
    let signers = fleet.get(paths::SIGNERS).await;
    assert_eq!(signers["signers"][0]["every_name"], false);
    assert_eq!(signers["signers"][0]["policies"], json!(["radiology"]));
}

#[tokio::test]
async fn a_policy_that_is_narrowed_takes_its_models_out_of_use_and_says_which() {
    let fleet = Fleet::start().await;
    let vendor = Signer::new("vendor");
    put(&fleet, "p", rules(&["*"], &vendor)).await;
    let (_, model) = import(&fleet, &vendor, "xray-1").await;

    put(&fleet, "p", rules(&["ct-*"], &vendor)).await;
    let (kind_of, leaf) = fleet.recorded(1).await.remove(0);
    assert_eq!(kind_of, "trust_policy.changed");
    assert_eq!(leaf["change"]["models_no_longer_trusted"], json!([model["digest"]]));
    assert_eq!(fleet.get(&paths::model("xray-1")).await["trusted"], false);
    let problem = fleet.problem(Method::PUT, &paths::deployment("d"), Some(json!({"model": "xray-1"}))).await;
    assert_eq!(kind(&problem), ProblemKind::Conflict);
    assert!(problem.detail.contains("other model names only"), "{}", problem.detail);

    put(&fleet, "q", rules(&["xray-?"], &vendor)).await;
    assert_eq!(fleet.get(&paths::model("xray-1")).await["trusted"], true);
    let (status, _) = fleet.call(Method::DELETE, &paths::trust_policy("q"), None).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(fleet.get(&paths::model("xray-1")).await["trusted"], false);
    assert_eq!(fleet.recorded(1).await[0].0, "trust_policy.removed");
}

#[tokio::test]
async fn a_revoked_key_is_out_whatever_policies_say() {
    let fleet = Fleet::start().await;
    let vendor = Signer::new("vendor");
    put(&fleet, "p", rules(&["*"], &vendor)).await;
    import(&fleet, &vendor, "xray-1").await;

    let (status, body) = fleet.call(Method::DELETE, &paths::signer(&vendor.key.key_id), None).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(fleet.get(&paths::model("xray-1")).await["trusted"], false);
    put(&fleet, "p2", rules(&["*"], &vendor)).await;
    let (status, refused) = import(&fleet, &vendor, "other").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused["detail"].as_str().unwrap().contains("was revoked"), "{refused}");

    fleet.trust(&vendor).await;
    assert_eq!(fleet.get(&paths::model("xray-1")).await["trusted"], true);
}

#[tokio::test]
async fn a_policy_is_changed_only_as_it_was_seen_and_says_nothing_twice() {
    let fleet = Fleet::start().await;
    let (a, b) = (Signer::new("a"), Signer::new("b"));
    let path = paths::trust_policy("p");
    let (status, _) = if_match(&fleet, Method::PUT, &path, "\"1\"", rules(&["*"], &a)).await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED, "there is none yet");
    let (status, first) = if_match(&fleet, Method::PUT, &path, "\"0\"", rules(&["*"], &a)).await;
    assert_eq!((status, &first["revision"]), (StatusCode::OK, &json!(1)), "{first}");
    let same = put(&fleet, "p", json!({"rules": first["rules"]})).await;
    assert_eq!(
        (&same["revision"], &same["record_id"]),
        (&json!(1), &Value::Null),
        "an answer can be sent back"
    );
    let (status, stale) = if_match(&fleet, Method::PUT, &path, "\"0\"", rules(&["*"], &b)).await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED, "{stale}");
    let (status, _) = if_match(&fleet, Method::PUT, &path, "\"1\"", rules(&["*"], &b)).await;
    assert_eq!(status, StatusCode::OK);
    let (status, _) = if_match(&fleet, Method::DELETE, &path, "\"1\"", Value::Null).await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED);
    let (status, _) = if_match(&fleet, Method::DELETE, &path, "\"2\"", Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(fleet.problem(Method::GET, &path, None).await.status, 404);
}

#[tokio::test]
async fn what_is_wrong_with_a_policy_is_named_with_its_place() {
    let fleet = Fleet::start().await;
    let good = Signer::new("good");
    let rule = |models: Value, signers: Value| json!({"rules": [{"models": ["*"], "signers": [signer(&good)]}, {"models": models, "signers": signers}]});
    fn signer(of: &Signer) -> Value {
        json!({"name": of.name, "public_key_pem": of.key.public_pem})
    }
    let with = |key: &str, value: &str| {
        let mut changed = signer(&good);
        changed[key] = value.into();
        json!([changed])
    };
    for (body, field) in [
        (json!({"rules": []}), "rules"),
        (rule(json!([]), json!([signer(&good)])), "rules[1].models"),
        (rule(json!(["*"]), json!([])), "rules[1].signers"),
        (rule(json!(["a", "B*"]), json!([signer(&good)])), "rules[1].models[1]"),
        (rule(json!(["*"]), with("public_key_pem", "no key")), "rules[1].signers[0].public_key_pem"),
        (rule(json!(["*"]), with("name", "Not A Name")), "rules[1].signers[0].name"),
        (rule(json!(["*"]), with("key_id", "abc")), "rules[1].signers[0].key_id"),
    ] {
        let problem = fleet.problem(Method::PUT, &paths::trust_policy("p"), Some(body)).await;
        assert_eq!(problem.field.as_deref(), Some(field), "{}", problem.detail);
    }
    assert_eq!(fleet.get(paths::TRUST_POLICIES).await["policies"], json!([]));
}

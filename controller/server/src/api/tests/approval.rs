//! Approving models and retiring them.

use cloister_api::{ProblemKind, paths};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::session::let_in;
use super::{Fleet, SignedModel, Signer, kind};

/// Imports a model with an upload of the administrator's, as somebody who is signed in.
async fn import_as(fleet: &Fleet, signer: &Signer, browser: &super::session::Browser, name: &str) -> Value {
    let upload_id = fleet.upload(&SignedModel::new(signer).files()).await;
    let body = json!({"name": name, "upload_id": upload_id});
    let (status, model) = browser.call(fleet, Method::POST, paths::MODELS, Some(body)).await;
    assert_eq!(status, StatusCode::CREATED, "{model}");
    model
}

#[tokio::test]
async fn what_an_operator_imports_waits_until_an_approver_approves_it() {
    let fleet = Fleet::start().await;
    let signer = Signer::new("acme");
    fleet.trust(&signer).await;
    let operator = let_in(&fleet, "ops", "operator").await;
    let approver = let_in(&fleet, "weber", "model-approver").await;

    let model = import_as(&fleet, &signer, &operator, "tiny").await;
    assert_eq!((&model["approval"], &model["approved_by"]), (&json!("waiting"), &Value::Null));
    assert_eq!(fleet.recorded(1).await[0].1["change"]["approval"], "waiting");
    let deploy = Some(json!({"model": "tiny"}));
    let (status, problem) =
        operator.call(&fleet, Method::PUT, &paths::deployment("ward"), deploy.clone()).await;
    assert_eq!((status, &problem["field"]), (StatusCode::CONFLICT, &json!("model")), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("waits for approval"), "{problem}");
    let (status, _) = operator.call(&fleet, Method::POST, &paths::model_approval("tiny"), None).await;
    assert_eq!(status, StatusCode::FORBIDDEN);

    let (status, approved) = approver.call(&fleet, Method::POST, &paths::model_approval("tiny"), None).await;
    assert_eq!((status, &approved["approval"]), (StatusCode::OK, &json!("approved")), "{approved}");
    assert_eq!(approved["approved_by"], "weber");
    let (kind_of, leaf) = fleet.recorded(1).await.remove(0);
    assert_eq!((kind_of.as_str(), &leaf["change"]["was"]), ("model.approved", &json!("waiting")));
    assert_eq!(approved["record_id"], leaf["id"]);
    let (_, again) = approver.call(&fleet, Method::POST, &paths::model_approval("tiny"), None).await;
    assert_eq!(again["record_id"], Value::Null, "it changed nothing");
    let (status, _) = operator.call(&fleet, Method::PUT, &paths::deployment("ward"), deploy).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn who_may_approve_has_it_approved_with_the_import() {
    let fleet = Fleet::start().await;
    let signer = Signer::new("acme");
    fleet.trust(&signer).await;
    let approver = let_in(&fleet, "weber", "model-approver").await;
    let model = import_as(&fleet, &signer, &approver, "tiny").await;
    assert_eq!((&model["approval"], &model["approved_by"]), (&json!("approved"), &json!("weber")));
    let (kind_of, leaf) = fleet.recorded(1).await.remove(0);
    assert_eq!((kind_of.as_str(), &leaf["change"]["approval"]), ("model.imported", &json!("approved")));
    let (status, _) = fleet.call(Method::DELETE, &paths::model("tiny"), None).await;
    assert_eq!(status, StatusCode::OK);
    let by_key = fleet.import(&signer, "tiny").await;
    assert_eq!((&by_key["approval"], &by_key["approved_by"]), (&json!("approved"), &json!("admin")));
}

#[tokio::test]
async fn a_retired_model_goes_on_where_it_is_deployed_and_is_chosen_nowhere() {
    let fleet = Fleet::start().await;
    let signer = Signer::new("acme");
    fleet.trust(&signer).await;
    fleet.import(&signer, "tiny").await;
    let ward = paths::deployment("ward");
    fleet.call(Method::PUT, &ward, Some(json!({"model": "tiny", "replicas": 2}))).await;

    let retire = paths::model_retirement("tiny");
    let because = "replaced by smollm3";
    let (status, retired) = fleet.call(Method::POST, &retire, Some(json!({"because": because}))).await;
    assert_eq!((status, &retired["approval"]), (StatusCode::OK, &json!("retired")), "{retired}");
    assert_eq!((&retired["retired_by"], &retired["deployments"]), (&json!("admin"), &json!(["ward"])));
    let (kind_of, leaf) = fleet.recorded(1).await.remove(0);
    assert_eq!(kind_of, "model.retired");
    assert!(!leaf.to_string().contains("smollm3"), "no text in the log: {leaf}");
    assert_eq!(leaf["change"]["because_sha256"].as_str().map(str::len), Some(64));

    for (path, body) in [
        (paths::deployment("other"), json!({"model": "tiny"})),
        (ward.clone(), json!({"model": "tiny", "replicas": 3})),
        (ward.clone(), json!({"model": "tiny", "replicas": 2, "max_sequences": 2})),
    ] {
        let problem = fleet.problem(Method::PUT, &path, Some(body)).await;
        assert_eq!(kind(&problem), ProblemKind::Conflict);
        assert!(
            problem.detail.contains("retired by admin") && problem.detail.contains(because),
            "{problem:?}"
        );
    }
    let (status, same) = fleet.call(Method::PUT, &ward, Some(json!({"model": "tiny", "replicas": 2}))).await;
    assert_eq!((status, &same["revision"]), (StatusCode::OK, &json!(1)));
    let (status, fewer) = fleet.call(Method::PUT, &ward, Some(json!({"model": "tiny", "replicas": 1}))).await;
    assert_eq!((status, &fewer["replicas"]), (StatusCode::OK, &json!(1)));
    let (status, again) = fleet.call(Method::POST, &paths::deployment_restart("ward"), None).await;
    assert_eq!(
        (status, &again["restarts"]),
        (StatusCode::OK, &json!(1)),
        "a restart chooses nothing: {again}"
    );
    let path = paths::deployment_return("ward");
    let back = fleet.problem(Method::POST, &path, Some(json!({"revision": 1}))).await;
    assert!(back.detail.contains("retired by admin"), "a return chooses the model anew: {back:?}");

    let (_, back) = fleet.call(Method::POST, &paths::model_approval("tiny"), None).await;
    assert_eq!((&back["approval"], &back["retired_by"]), (&json!("approved"), &Value::Null));
    let (status, _) = fleet.call(Method::PUT, &ward, Some(json!({"model": "tiny", "replicas": 3}))).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_reason_is_one_short_line() {
    let fleet = Fleet::start().await;
    let signer = Signer::new("acme");
    fleet.trust(&signer).await;
    fleet.import(&signer, "tiny").await;
    let retire = paths::model_retirement("tiny");
    for because in ["x".repeat(201), "two\nlines".to_owned()] {
        let problem = fleet.problem(Method::POST, &retire, Some(json!({"because": because}))).await;
        assert_eq!((kind(&problem), problem.field.as_deref()), (ProblemKind::Invalid, Some("because")));
    }
    let (status, retired) = fleet.call(Method::POST, &retire, Some(json!({"because": "  "}))).await;
    assert_eq!((status, &retired["retired_because"]), (StatusCode::OK, &Value::Null));
    let missing = fleet.problem(Method::POST, &paths::model_retirement("nothing"), Some(json!({}))).await;
    assert_eq!(missing.status, 404);
}

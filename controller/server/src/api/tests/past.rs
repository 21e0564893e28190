//! What a deployment was, going back to it, and starting it anew.

use cloister_api::{ProblemKind, paths};
use http::{Method, Request, StatusCode, header};
use runtime_formats::testing::TinyLlama;
use serde_json::{Value, json};

use super::{ADMIN, Fleet, SignedModel, Signer, kind, read};

/// A fleet with the deployment `chat`, created and then scaled to three.
async fn changed_twice() -> (Fleet, Signer) {
    let fleet = Fleet::start().await;
    let signer = Signer::new("acme");
    fleet.trust(&signer).await;
    fleet.import(&signer, "tiny").await;
    for replicas in [1, 3] {
        put(&fleet, json!({"model": "tiny", "replicas": replicas})).await;
    }
    (fleet, signer)
}

async fn put(fleet: &Fleet, body: Value) -> Value {
    let (status, answer) = fleet.call(Method::PUT, &paths::deployment("chat"), Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

async fn return_to(fleet: &Fleet, revision: u64) -> (StatusCode, Value) {
    let body = json!({"revision": revision});
    fleet.call(Method::POST, &paths::deployment_return("chat"), Some(body)).await
}

async fn revisions(fleet: &Fleet) -> Vec<Value> {
    fleet.get(&paths::deployment_revisions("chat")).await["revisions"].as_array().unwrap().clone()
}

#[tokio::test]
async fn every_change_is_kept_with_who_made_it_and_the_record_of_it() {
    let (fleet, _) = changed_twice().await;
    let kept = revisions(&fleet).await;
    let told: Vec<_> = kept.iter().map(|r| (r["revision"].as_u64(), r["replicas"].as_u64())).collect();
    assert_eq!(told, [(Some(2), Some(3)), (Some(1), Some(1))]);
    assert_eq!((&kept[0]["actor_kind"], &kept[0]["actor_name"]), (&json!("api_key"), &json!("admin")));
    assert_eq!(kept[0]["model_name"], "tiny");
    let (_, leaf) = fleet.recorded(1).await.remove(0);
    assert_eq!(kept[0]["record_id"], leaf["id"]);
    put(&fleet, json!({"model": "tiny", "replicas": 3})).await;
    assert_eq!(revisions(&fleet).await.len(), 2, "what changes nothing is no revision");
}

#[tokio::test]
async fn a_return_is_a_new_revision_with_the_old_intent_and_a_record_that_says_so() {
    let (fleet, _) = changed_twice().await;
    let (status, now) = return_to(&fleet, 1).await;
    assert_eq!(status, StatusCode::OK, "{now}");
    assert_eq!((&now["revision"], &now["replicas"]), (&json!(3), &json!(1)));
    let (kind_of, leaf) = fleet.recorded(1).await.remove(0);
    assert_eq!((kind_of.as_str(), &leaf["change"]["returned_to"]), ("deployment.changed", &json!("1")));
    assert_eq!(now["record_id"], leaf["id"]);
    let kept = revisions(&fleet).await;
    assert_eq!((&kept[0]["revision"], &kept[0]["returned_to"]), (&json!(3), &json!(1)));
    let (_, same) = return_to(&fleet, 3).await;
    assert_eq!(same["revision"], 3, "to return to what is changes nothing: {same}");
}

#[tokio::test]
async fn a_return_to_what_is_not_kept_or_not_allowed_any_more_is_refused() {
    let (fleet, signer) = changed_twice().await;
    let path = paths::deployment_return("chat");
    let unknown = fleet.problem(Method::POST, &path, Some(json!({"revision": 9}))).await;
    assert_eq!(kind(&unknown), ProblemKind::NotFound);

    let other = Signer::new("other");
    fleet.trust(&other).await;
    let wider = TinyLlama { context_length: 1024, ..TinyLlama::default() }.gguf();
    let model = SignedModel::of(&other, wider);
    let id = fleet.upload(&model.files()).await;
    let body = json!({"name": "wider", "upload_id": id});
    let (status, imported) = fleet.call(Method::POST, paths::MODELS, Some(body)).await;
    assert_eq!(status, StatusCode::CREATED, "{imported}");
    put(&fleet, json!({"model": "wider"})).await;

    let (status, _) = fleet.call(Method::POST, &paths::model_retirement("tiny"), Some(json!({}))).await;
    assert_eq!(status, StatusCode::OK);
    let retired = fleet.problem(Method::POST, &path, Some(json!({"revision": 1}))).await;
    assert_eq!(kind(&retired), ProblemKind::Conflict);
    assert!(retired.detail.contains("retired by admin"), "{}", retired.detail);

    fleet.call(Method::DELETE, &paths::signer(&signer.key.key_id), None).await;
    let distrusted = fleet.problem(Method::POST, &path, Some(json!({"revision": 1}))).await;
    assert_eq!(kind(&distrusted), ProblemKind::Conflict);
    assert!(distrusted.detail.contains("no longer trusted"), "{}", distrusted.detail);
    let (status, _) = fleet.call(Method::DELETE, &paths::model("tiny"), None).await;
    assert_eq!(status, StatusCode::OK);
    let removed = fleet.problem(Method::POST, &path, Some(json!({"revision": 1}))).await;
    assert_eq!(kind(&removed), ProblemKind::Conflict);
    assert!(removed.detail.contains("ran model tiny"), "{}", removed.detail);
    assert_eq!(fleet.get(&paths::deployment("chat")).await["revision"], 3, "nothing was changed");
}

#[tokio::test]
async fn a_restart_counts_up_and_changes_nothing_else() {
    let (fleet, _) = changed_twice().await;
    let before = fleet.get(&paths::deployment("chat")).await;
    let (status, after) = fleet.call(Method::POST, &paths::deployment_restart("chat"), None).await;
    assert_eq!(status, StatusCode::OK, "{after}");
    assert_eq!((&after["revision"], &after["restarts"]), (&json!(3), &json!(1)));
    for field in ["model_digest", "replicas", "context_length", "max_sequences", "jurisdiction"] {
        assert_eq!(before[field], after[field], "{field}");
    }
    assert_eq!(fleet.recorded(1).await[0].1["change"]["restarts"], "1");
    let (_, back) = return_to(&fleet, 1).await;
    assert_eq!((&back["replicas"], &back["restarts"]), (&json!(1), &json!(1)), "a return undoes no restart");
}

#[tokio::test]
async fn neither_is_done_to_what_somebody_else_changed_meanwhile() {
    let (fleet, _) = changed_twice().await;
    let calls =
        [(paths::deployment_return("chat"), r#"{"revision":1}"#), (paths::deployment_restart("chat"), "")];
    for (path, body) in calls {
        for (if_match, expected) in [("\"1\"", 412), ("1", 400)] {
            let request = Request::post(&path)
                .header(header::AUTHORIZATION, format!("Bearer {ADMIN}"))
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::IF_MATCH, if_match);
            let (status, answer) = read(fleet.send(request.body(body.into()).unwrap()).await).await;
            assert_eq!(status.as_u16(), expected, "{path} {if_match}: {answer}");
        }
    }
    assert_eq!(revisions(&fleet).await.len(), 2);
}

#[tokio::test]
async fn pages_and_lines_that_cannot_be_are_named() {
    let (fleet, _) = changed_twice().await;
    let events = paths::deployment_events("chat", 50, None);
    assert_eq!(fleet.get(&events).await["events"], json!([]));
    for (path, field) in [
        (paths::deployment_events("chat", 501, None), "limit"),
        (paths::deployment_events("chat", 1, Some("x'y")), "before"),
        (paths::replica_logs("r1", 501), "lines"),
    ] {
        let problem = fleet.problem(Method::GET, &path, None).await;
        assert_eq!((problem.status, problem.field.as_deref()), (400, Some(field)), "{path}");
    }
    assert_eq!(fleet.problem(Method::GET, &paths::replica_logs("r1", 5), None).await.status, 404);
    assert_eq!(
        fleet.problem(Method::GET, &paths::deployment_events("none", 5, None), None).await.status,
        404
    );
}

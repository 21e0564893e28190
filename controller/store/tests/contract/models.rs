use cloister_store::{Approval, Change, Deployment, Entity, Model, Refusal, Retirement};

use crate::backends::{Database, on_both_databases};
use crate::rows::{at, deployment, model, signer};

on_both_databases!(
    signer_is_trusted_revoked_and_trusted_again,
    model_is_found_by_name_and_by_digest_with_all_its_fields,
    model_needs_a_signer_that_is_trusted,
    model_name_and_digest_are_taken_once,
    model_in_use_stays_and_names_its_users,
    only_an_approved_model_is_deployed,
    a_deployment_of_a_retired_model_goes_on_and_is_only_scaled_down_or_restarted,
    a_model_that_is_approved_again_is_as_it_was,
);

async fn signer_is_trusted_revoked_and_trusted_again(db: Database) {
    db.must(Change::AddSigner(signer())).await;
    assert_eq!(db.store.signers().await.unwrap(), [signer()]);
    let again = db.commit(vec![Change::AddSigner(signer())]).await;
    assert!(matches!(again, Err(Refusal::AlreadyExists { entity: Entity::Signer, .. })));

    let revoke = Change::RevokeSigner { key_id: signer().key_id, at: at(9) };
    db.must(revoke.clone()).await;
    let stored = db.store.signer(&signer().key_id).await.unwrap().unwrap();
    assert_eq!(stored.revoked_at, Some(at(9)));
    assert!(matches!(db.commit(vec![revoke]).await, Err(Refusal::NotFound { .. })));

    db.must(Change::AddSigner(signer())).await;
    assert_eq!(db.store.signers().await.unwrap(), [signer()]);
}

async fn model_is_found_by_name_and_by_digest_with_all_its_fields(db: Database) {
    db.must(Change::AddSigner(signer())).await;
    db.must(Change::AddModel(model("smollm2"))).await;
    for name in ["smollm2", "sha256:smollm2"] {
        assert_eq!(db.store.model(name).await.unwrap(), Some(model("smollm2")), "{name}");
    }
    assert_eq!(db.store.model("other").await.unwrap(), None);
    assert_eq!(db.store.models().await.unwrap(), [model("smollm2")]);
}

async fn model_needs_a_signer_that_is_trusted(db: Database) {
    let unknown = db.commit(vec![Change::AddModel(model("smollm2"))]).await;
    assert!(matches!(unknown, Err(Refusal::NotFound { entity: Entity::Signer, .. })), "{unknown:?}");
    db.must(Change::AddSigner(signer())).await;
    db.must(Change::RevokeSigner { key_id: signer().key_id, at: at(9) }).await;
    let revoked = db.commit(vec![Change::AddModel(model("smollm2"))]).await;
    assert!(matches!(revoked, Err(Refusal::Revoked { entity: Entity::Signer, .. })), "{revoked:?}");
}

async fn model_name_and_digest_are_taken_once(db: Database) {
    db.must(Change::AddSigner(signer())).await;
    db.must(Change::AddModel(model("smollm2"))).await;
    let mut same_name = model("smollm2");
    same_name.digest = "sha256:other".to_owned();
    let mut same_digest = model("smollm2");
    same_digest.name = "other".to_owned();
    for taken in [same_name, same_digest] {
        let refused = db.commit(vec![Change::AddModel(taken)]).await;
        assert!(matches!(refused, Err(Refusal::AlreadyExists { entity: Entity::Model, .. })));
    }
}

async fn model_in_use_stays_and_names_its_users(db: Database) {
    db.must(Change::AddSigner(signer())).await;
    db.must(Change::AddModel(model("smollm2"))).await;
    db.must(Change::PutDeployment(deployment("notes", "smollm2"))).await;
    let remove = Change::RemoveModel { digest: "sha256:smollm2".to_owned() };
    let refused = db.commit(vec![remove.clone()]).await.unwrap_err();
    assert!(refused.to_string().contains("deployment notes"), "{refused}");
    db.must(Change::RemoveDeployment { id: "id-of-notes".to_owned() }).await;
    db.must(remove).await;
    assert_eq!(db.store.models().await.unwrap(), []);
}

fn waiting(name: &str) -> Model {
    Model { approval: Approval::Waiting, approved_by: None, approved_at: None, ..model(name) }
}

fn approve(name: &str) -> Change {
    Change::ApproveModel { digest: format!("sha256:{name}"), by: "weber".to_owned(), at: at(5) }
}

fn retire(name: &str) -> Change {
    let retirement =
        Retirement { by: "weber".to_owned(), at: at(6), because: Some("there is a better one".to_owned()) };
    Change::RetireModel { digest: format!("sha256:{name}"), retirement }
}

async fn only_an_approved_model_is_deployed(db: Database) {
    db.must(Change::AddSigner(signer())).await;
    db.must(Change::AddModel(waiting("smollm2"))).await;
    assert_eq!(db.store.model("smollm2").await.unwrap(), Some(waiting("smollm2")));
    let put = Change::PutDeployment(deployment("notes", "smollm2"));
    let refused = db.commit(vec![put.clone()]).await;
    assert!(matches!(refused, Err(Refusal::ModelState { state: Approval::Waiting, .. })), "{refused:?}");
    db.must(approve("smollm2")).await;
    let approved = db.store.model("smollm2").await.unwrap().unwrap();
    assert_eq!((approved.approved_by.as_deref(), approved.approved_at), (Some("weber"), Some(at(5))));
    let again = db.commit(vec![approve("smollm2")]).await;
    assert!(matches!(again, Err(Refusal::ModelState { state: Approval::Approved, .. })), "{again:?}");
    db.must(put).await;
}

async fn a_deployment_of_a_retired_model_goes_on_and_is_only_scaled_down_or_restarted(db: Database) {
    db.must(Change::AddSigner(signer())).await;
    db.must(Change::AddModel(model("smollm2"))).await;
    db.must(Change::AddModel(model("smollm3"))).await;
    let notes = deployment("notes", "smollm2");
    db.must(Change::PutDeployment(notes.clone())).await;
    db.must(retire("smollm2")).await;
    assert_eq!(db.store.deployments().await.unwrap(), std::slice::from_ref(&notes));

    let next = Deployment { revision: 2, ..notes.clone() };
    let more = Deployment { replicas: notes.replicas + 1, ..next.clone() };
    let longer = Deployment { context_length: 4_096, ..next.clone() };
    let elsewhere = Deployment { jurisdiction: String::new(), replicas: 0, ..next.clone() };
    let new = deployment("ward", "smollm2");
    for chosen in [more, longer, elsewhere, new] {
        let refused = db.commit(vec![Change::PutDeployment(chosen)]).await;
        assert!(matches!(refused, Err(Refusal::ModelState { state: Approval::Retired, .. })), "{refused:?}");
    }
    let fewer = Deployment { replicas: 1, ..next };
    db.must(Change::PutDeployment(fewer.clone())).await;
    let again = Deployment { revision: 3, restarts: fewer.restarts + 1, ..fewer };
    db.must(Change::PutDeployment(again.clone())).await;
    let other = Deployment { model_digest: "sha256:smollm3".to_owned(), revision: 4, ..again };
    db.must(Change::PutDeployment(other)).await;
}

async fn a_model_that_is_approved_again_is_as_it_was(db: Database) {
    db.must(Change::AddSigner(signer())).await;
    db.must(Change::AddModel(model("smollm2"))).await;
    db.must(retire("smollm2")).await;
    let retired = db.store.model("smollm2").await.unwrap().unwrap();
    let retirement = retired.retirement.unwrap();
    assert_eq!((retirement.by.as_str(), retirement.at), ("weber", at(6)));
    assert_eq!(retirement.because.as_deref(), Some("there is a better one"));
    assert!(db.commit(vec![retire("smollm2")]).await.is_err());
    db.must(approve("smollm2")).await;
    let back = db.store.model("smollm2").await.unwrap().unwrap();
    assert_eq!((back.approval, back.retirement), (Approval::Approved, None));
    db.must(Change::PutDeployment(deployment("notes", "smollm2"))).await;
    let missing = db.commit(vec![approve("nothing")]).await;
    assert!(matches!(missing, Err(Refusal::NotFound { entity: Entity::Model, .. })), "{missing:?}");
}

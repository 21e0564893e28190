use cloister_store::{Change, Entity, Refusal};

use crate::backends::{Database, on_both_databases};
use crate::rows::{at, deployment, model, signer};

on_both_databases!(
    signer_is_trusted_revoked_and_trusted_again,
    model_is_found_by_name_and_by_digest_with_all_its_fields,
    model_needs_a_signer_that_is_trusted,
    model_name_and_digest_are_taken_once,
    model_in_use_stays_and_names_its_users,
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

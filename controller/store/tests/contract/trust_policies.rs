use cloister_store::{Change, Entity, Refusal, TrustPolicy, TrustRule, TrustRuleSigner};

use crate::backends::{Database, on_both_databases};
use crate::rows::{at, model, signer};

on_both_databases!(
    policy_is_made_changed_one_revision_at_a_time_and_removed,
    key_that_a_policy_names_may_have_models_and_is_not_trusted_by_itself,
    key_of_a_policy_is_revoked_and_may_be_trusted_for_every_name,
    policy_never_brings_a_revoked_signer_back,
);

fn policy(revision: u64) -> TrustPolicy {
    let by = TrustRuleSigner {
        name: "vendor".to_owned(),
        key_id: signer().key_id,
        public_key_pem: signer().public_key_pem,
    };
    let rule = TrustRule { models: vec!["smollm2*".to_owned()], signers: vec![by] };
    TrustPolicy { name: "radiology".to_owned(), rules: vec![rule], revision, updated_at: at(4) }
}

fn revoke() -> Change {
    Change::RevokeSigner { key_id: signer().key_id, at: at(9) }
}

async fn policy_is_made_changed_one_revision_at_a_time_and_removed(db: Database) {
    db.must(Change::PutTrustPolicy(policy(1))).await;
    assert_eq!(db.store.trust_policies().await.unwrap(), [policy(1)]);
    for wrong in [0, 1, 3] {
        let refused = db.commit(vec![Change::PutTrustPolicy(policy(wrong))]).await;
        assert!(
            matches!(refused, Err(Refusal::Stale { entity: Entity::TrustPolicy, current: 1, .. })),
            "{wrong}: {refused:?}"
        );
    }
    let mut wider = policy(2);
    wider.rules[0].models.push("*".to_owned());
    db.must(Change::PutTrustPolicy(wider.clone())).await;
    assert_eq!(db.store.trust_policy("radiology").await.unwrap(), Some(wider));
    let remove = |revision| Change::RemoveTrustPolicy { name: "radiology".to_owned(), revision };
    assert!(matches!(db.commit(vec![remove(Some(1))]).await, Err(Refusal::Stale { current: 2, .. })));
    db.must(remove(Some(2))).await;
    assert_eq!(db.store.trust_policies().await.unwrap(), []);
    assert!(matches!(db.commit(vec![remove(None)]).await, Err(Refusal::NotFound { .. })));
}

async fn key_that_a_policy_names_may_have_models_and_is_not_trusted_by_itself(db: Database) {
    db.must(Change::PutTrustPolicy(policy(1))).await;
    assert_eq!(db.store.signers().await.unwrap(), []);
    assert_eq!(db.store.signer(&signer().key_id).await.unwrap(), None);
    assert!(db.store.knows_key(&signer().key_id).await.unwrap());
    db.must(Change::AddModel(model("smollm2"))).await;
    db.must(Change::RemoveTrustPolicy { name: "radiology".to_owned(), revision: None }).await;
    assert_eq!(db.store.models().await.unwrap(), [model("smollm2")], "the model stays");
}

async fn key_of_a_policy_is_revoked_and_may_be_trusted_for_every_name(db: Database) {
    db.must(Change::PutTrustPolicy(policy(1))).await;
    db.must(revoke()).await;
    let stored = db.store.signer(&signer().key_id).await.unwrap().unwrap();
    assert_eq!(stored.revoked_at, Some(at(9)));
    let refused = db.commit(vec![Change::AddModel(model("smollm2"))]).await;
    assert!(matches!(refused, Err(Refusal::Revoked { .. })), "{refused:?}");

    db.must(Change::AddSigner(signer())).await;
    assert_eq!(db.store.signers().await.unwrap(), [signer()]);
}

async fn policy_never_brings_a_revoked_signer_back(db: Database) {
    db.must(Change::AddSigner(signer())).await;
    db.must(revoke()).await;
    db.must(Change::PutTrustPolicy(policy(1))).await;
    let stored = db.store.signer(&signer().key_id).await.unwrap().unwrap();
    assert_eq!(stored.revoked_at, Some(at(9)));
    let refused = db.commit(vec![Change::AddModel(model("smollm2"))]).await;
    assert!(matches!(refused, Err(Refusal::Revoked { .. })), "{refused:?}");
}

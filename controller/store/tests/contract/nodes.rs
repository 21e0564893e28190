use std::collections::BTreeMap;

use cloister_store::{Change, Entity, NodeState, Refusal, Scheduling};

use crate::backends::{Database, on_both_databases};
use crate::rows::{at, join_token, node};

on_both_databases!(
    node_is_found_by_id_and_by_name,
    name_of_a_revoked_node_is_free_again,
    certificate_and_locality_of_a_revoked_node_cannot_change,
    node_that_enrols_again_keeps_its_id_and_generation,
    scheduling_of_a_node_is_kept_and_that_of_a_revoked_one_cannot_change,
    generation_only_grows,
    join_token_enrols_one_node_once,
    join_token_that_expired_enrols_nobody,
    refused_token_undoes_the_node_that_came_with_it,
);

async fn node_is_found_by_id_and_by_name(db: Database) {
    db.must(Change::AddNode(node("n1", "gpu-01"))).await;
    for key in ["n1", "gpu-01"] {
        assert_eq!(db.store.node(key).await.unwrap(), Some(node("n1", "gpu-01")), "{key}");
    }
    let taken = db.commit(vec![Change::AddNode(node("n2", "gpu-01"))]).await;
    assert!(matches!(taken, Err(Refusal::AlreadyExists { entity: Entity::Node, .. })));
}

async fn name_of_a_revoked_node_is_free_again(db: Database) {
    db.must(Change::AddNode(node("n1", "gpu-01"))).await;
    db.must(Change::RevokeNode { node_id: "n1".to_owned(), at: at(9) }).await;
    db.must(Change::AddNode(node("n2", "gpu-01"))).await;
    assert_eq!(db.store.node("gpu-01").await.unwrap().unwrap().id, "n2");
    let revoked = db.store.node("n1").await.unwrap().unwrap();
    assert_eq!((revoked.state, revoked.revoked_at), (NodeState::Revoked, Some(at(9))));
    assert_eq!(db.store.nodes().await.unwrap().len(), 2);
}

async fn certificate_and_locality_of_a_revoked_node_cannot_change(db: Database) {
    let certificate = || Change::SetNodeCertificate {
        node_id: "n1".to_owned(),
        serial: "beef".to_owned(),
        not_after: at(99),
    };
    let locality = || Change::SetNodeLocality {
        node_id: "n1".to_owned(),
        region: "ber".to_owned(),
        jurisdiction: "DE-BE".to_owned(),
        labels: BTreeMap::new(),
    };
    assert!(matches!(db.commit(vec![certificate()]).await, Err(Refusal::NotFound { .. })));
    db.must(Change::AddNode(node("n1", "gpu-01"))).await;
    db.must(certificate()).await;
    db.must(locality()).await;
    let stored = db.store.node("n1").await.unwrap().unwrap();
    assert_eq!((stored.certificate_serial.as_str(), stored.certificate_not_after), ("beef", at(99)));
    assert_eq!((stored.region.as_str(), stored.jurisdiction.as_str()), ("ber", "DE-BE"));
    assert_eq!(stored.labels, BTreeMap::new());
    db.must(Change::RevokeNode { node_id: "n1".to_owned(), at: at(9) }).await;
    for change in [certificate(), locality(), Change::RevokeNode { node_id: "n1".to_owned(), at: at(9) }] {
        let refused = db.commit(vec![change]).await;
        assert!(matches!(refused, Err(Refusal::Revoked { entity: Entity::Node, .. })), "{refused:?}");
    }
}

async fn node_that_enrols_again_keeps_its_id_and_generation(db: Database) {
    let again = |at_s| Change::EnrolNodeAgain {
        node_id: "n1".to_owned(),
        serial: "beef".to_owned(),
        not_after: at(99),
        region: "ber".to_owned(),
        jurisdiction: "DE-BE".to_owned(),
        labels: BTreeMap::from([("rack".to_owned(), "b7".to_owned())]),
        at: at(at_s),
    };
    assert!(matches!(db.commit(vec![again(5)]).await, Err(Refusal::NotFound { .. })));
    db.must(Change::AddNode(node("n1", "gpu-01"))).await;
    db.must(Change::SetNodeGeneration { node_id: "n1".to_owned(), generation: 7 }).await;
    db.must(again(5)).await;
    let stored = db.store.node("gpu-01").await.unwrap().unwrap();
    assert_eq!((stored.id.as_str(), stored.generation, stored.enrolled_at), ("n1", 7, at(5)));
    assert_eq!((stored.certificate_serial.as_str(), stored.certificate_not_after), ("beef", at(99)));
    assert_eq!((stored.jurisdiction.as_str(), stored.labels["rack"].as_str()), ("DE-BE", "b7"));
    db.must(Change::RevokeNode { node_id: "n1".to_owned(), at: at(9) }).await;
    let refused = db.commit(vec![again(10)]).await;
    assert!(matches!(refused, Err(Refusal::Revoked { entity: Entity::Node, .. })), "{refused:?}");
}

async fn scheduling_of_a_node_is_kept_and_that_of_a_revoked_one_cannot_change(db: Database) {
    let set = |scheduling| Change::SetNodeScheduling { node_id: "n1".to_owned(), scheduling };
    assert!(matches!(db.commit(vec![set(Scheduling::Open)]).await, Err(Refusal::NotFound { .. })));
    db.must(Change::AddNode(node("n1", "gpu-01"))).await;
    let all = [
        Scheduling::Open,
        Scheduling::Draining { force: false },
        Scheduling::Draining { force: true },
        Scheduling::Cordoned,
    ];
    for scheduling in all {
        db.must(set(scheduling)).await;
        assert_eq!(db.store.node("n1").await.unwrap().unwrap().scheduling, scheduling);
    }
    db.must(Change::EnrolNodeAgain {
        node_id: "n1".to_owned(),
        serial: "beef".to_owned(),
        not_after: at(99),
        region: String::new(),
        jurisdiction: String::new(),
        labels: BTreeMap::new(),
        at: at(5),
    })
    .await;
    let stored = db.store.node("n1").await.unwrap().unwrap();
    assert_eq!(
        stored.scheduling,
        Scheduling::Cordoned,
        "it is the same machine, and was cordoned by somebody"
    );
    db.must(Change::RevokeNode { node_id: "n1".to_owned(), at: at(9) }).await;
    let refused = db.commit(vec![set(Scheduling::Open)]).await;
    assert!(matches!(refused, Err(Refusal::Revoked { entity: Entity::Node, .. })), "{refused:?}");
}

async fn generation_only_grows(db: Database) {
    db.must(Change::AddNode(node("n1", "gpu-01"))).await;
    let set = |generation| Change::SetNodeGeneration { node_id: "n1".to_owned(), generation };
    db.must(set(7)).await;
    for old in [0, 6, 7] {
        let refused = db.commit(vec![set(old)]).await;
        assert!(matches!(refused, Err(Refusal::Stale { current: 7, .. })), "{old}: {refused:?}");
    }
    db.must(set(8)).await;
    assert_eq!(db.store.node("n1").await.unwrap().unwrap().generation, 8);
}

fn enrol(node_id: &str, second: i64) -> Vec<Change> {
    let used = Change::UseJoinToken { secret_hash: [7; 32], node_id: node_id.to_owned(), at: at(second) };
    vec![Change::AddNode(node(node_id, node_id)), used]
}

async fn join_token_enrols_one_node_once(db: Database) {
    db.must(Change::AddJoinToken(join_token(7))).await;
    db.commit(enrol("n1", 10)).await.unwrap();
    let again = db.commit(enrol("n2", 11)).await;
    assert!(matches!(again, Err(Refusal::AlreadyUsed { entity: Entity::JoinToken, .. })), "{again:?}");
    let token = db.store.join_token(&[7; 32]).await.unwrap().unwrap();
    assert_eq!(token.used_by.as_deref(), Some("n1"));
    assert_eq!(db.store.join_token(&[8; 32]).await.unwrap(), None);
}

async fn join_token_that_expired_enrols_nobody(db: Database) {
    db.must(Change::AddJoinToken(join_token(7))).await;
    let late = db.commit(enrol("n1", 64)).await;
    assert!(matches!(late, Err(Refusal::Expired { .. })), "{late:?}");
    db.commit(enrol("n1", 63)).await.unwrap();
}

async fn refused_token_undoes_the_node_that_came_with_it(db: Database) {
    let unknown = db.commit(enrol("n1", 10)).await;
    assert!(matches!(unknown, Err(Refusal::NotFound { entity: Entity::JoinToken, .. })), "{unknown:?}");
    assert_eq!(db.store.nodes().await.unwrap(), []);
}

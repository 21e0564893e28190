use cloister_store::{Change, Entity, Refusal};

use crate::backends::{Database, on_both_databases};
use crate::rows::{deployment, model, node, replica, signer};

on_both_databases!(
    deployment_is_created_and_changed_one_revision_at_a_time,
    deployment_needs_its_model_and_a_free_name,
    replica_is_placed_moved_and_removed,
    replica_goes_only_to_a_node_that_is_enrolled,
    replica_outlives_its_deployment,
    number_that_no_database_holds_is_refused,
);

async fn with_model(db: &Database) {
    db.must(Change::AddSigner(signer())).await;
    db.must(Change::AddModel(model("smollm2"))).await;
}

async fn deployment_is_created_and_changed_one_revision_at_a_time(db: Database) {
    with_model(&db).await;
    let mut wanted = deployment("notes", "smollm2");
    db.must(Change::PutDeployment(wanted.clone())).await;
    assert_eq!(db.store.deployment("notes").await.unwrap(), Some(wanted.clone()));
    wanted.replicas = 5;
    for wrong in [0, 1, 3] {
        wanted.revision = wrong;
        let refused = db.commit(vec![Change::PutDeployment(wanted.clone())]).await;
        assert!(matches!(refused, Err(Refusal::Stale { current: 1, .. })), "{wrong}: {refused:?}");
    }
    wanted.revision = 2;
    db.must(Change::PutDeployment(wanted.clone())).await;
    assert_eq!(db.store.deployments().await.unwrap(), [wanted]);
}

async fn deployment_needs_its_model_and_a_free_name(db: Database) {
    with_model(&db).await;
    let unknown = db.commit(vec![Change::PutDeployment(deployment("notes", "other"))]).await;
    assert!(matches!(unknown, Err(Refusal::NotFound { entity: Entity::Model, .. })));
    db.must(Change::PutDeployment(deployment("notes", "smollm2"))).await;
    let mut taken = deployment("notes", "smollm2");
    taken.id = "another".to_owned();
    let taken = db.commit(vec![Change::PutDeployment(taken)]).await;
    assert!(matches!(taken, Err(Refusal::AlreadyExists { entity: Entity::Deployment, .. })));
}

async fn replica_is_placed_moved_and_removed(db: Database) {
    db.must(Change::AddNode(node("n1", "gpu-01"))).await;
    db.must(Change::AddNode(node("n2", "gpu-02"))).await;
    for node_id in [None, Some("n1"), Some("n2")] {
        db.must(Change::PutReplica(replica("r1", node_id))).await;
        assert_eq!(db.store.replica("r1").await.unwrap(), Some(replica("r1", node_id)));
    }
    let remove = Change::RemoveReplica { id: "r1".to_owned() };
    db.must(remove.clone()).await;
    assert_eq!(db.store.replicas().await.unwrap(), []);
    assert!(matches!(db.commit(vec![remove]).await, Err(Refusal::NotFound { .. })));
}

async fn replica_goes_only_to_a_node_that_is_enrolled(db: Database) {
    let place = || vec![Change::PutReplica(replica("r1", Some("n1")))];
    let absent = db.commit(place()).await;
    assert!(matches!(absent, Err(Refusal::NotFound { entity: Entity::Node, .. })));
    db.must(Change::AddNode(node("n1", "gpu-01"))).await;
    db.must(Change::RevokeNode { node_id: "n1".to_owned(), at: crate::rows::at(9) }).await;
    assert!(matches!(db.commit(place()).await, Err(Refusal::NotFound { entity: Entity::Node, .. })));
}

async fn replica_outlives_its_deployment(db: Database) {
    with_model(&db).await;
    db.must(Change::PutDeployment(deployment("notes", "smollm2"))).await;
    db.must(Change::PutReplica(replica("r1", None))).await;
    db.must(Change::RemoveDeployment { id: "id-of-notes".to_owned() }).await;
    assert_eq!(db.store.deployments().await.unwrap(), []);
    assert_eq!(db.store.replicas().await.unwrap(), [replica("r1", None)]);
}

async fn number_that_no_database_holds_is_refused(db: Database) {
    let mut huge = replica("r1", None);
    huge.memory_bytes = u64::MAX;
    let refused = db.commit(vec![Change::PutReplica(huge)]).await;
    assert!(matches!(refused, Err(Refusal::Invalid { entity: Entity::Replica, .. })), "{refused:?}");
}

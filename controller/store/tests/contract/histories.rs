use cloister_store::limits::{EVENTS_KEPT_FOR, MAX_EVENTS_KEPT, MAX_REVISIONS_KEPT};
use cloister_store::{Change, Deployment, ReplicaEvent};

use crate::backends::{Database, on_both_databases};
use crate::rows::{at, deployment, event, model, revision, signer};

on_both_databases!(
    revision_is_kept_with_the_change_it_tells_of,
    revisions_beyond_the_limit_are_the_oldest,
    past_of_a_removed_deployment_goes_with_it,
    events_are_read_page_by_page_newest_first,
    what_is_told_again_is_no_event,
    events_that_are_many_or_old_are_dropped,
    what_no_honest_agent_tells_is_not_kept,
);

async fn deployed(db: &Database) -> Deployment {
    db.must(Change::AddSigner(signer())).await;
    db.must(Change::AddModel(model("smollm2"))).await;
    let first = deployment("notes", "smollm2");
    db.must(Change::PutDeployment(first.clone())).await;
    first
}

async fn revision_is_kept_with_the_change_it_tells_of(db: Database) {
    let first = deployed(&db).await;
    assert_eq!(db.store.deployment_revisions(&first).await.unwrap(), []);
    let second = Deployment { revision: 2, replicas: 5, restarts: 8, ..first.clone() };
    let both = vec![Change::PutDeployment(second.clone()), Change::KeepRevision(revision(&second))];
    db.commit(both.clone()).await.unwrap();
    assert_eq!(db.store.deployment_revisions(&first).await.unwrap(), [revision(&second)]);
    db.commit(both).await.unwrap_err();
    assert_eq!(db.store.deployment_revisions(&first).await.unwrap().len(), 1);
}

async fn revisions_beyond_the_limit_are_the_oldest(db: Database) {
    let mut now = deployed(&db).await;
    let mut changes = vec![Change::KeepRevision(revision(&now))];
    for next in 2..=MAX_REVISIONS_KEPT + 3 {
        now.revision = next;
        changes.push(Change::PutDeployment(now.clone()));
        changes.push(Change::KeepRevision(revision(&now)));
    }
    db.commit(changes).await.unwrap();
    let kept = db.store.deployment_revisions(&now).await.unwrap();
    let numbers: Vec<u64> = kept.iter().map(|kept| kept.intent.revision).collect();
    assert_eq!(numbers.len() as u64, MAX_REVISIONS_KEPT);
    assert_eq!((numbers[0], numbers[numbers.len() - 1]), (MAX_REVISIONS_KEPT + 3, 4));
}

async fn past_of_a_removed_deployment_goes_with_it(db: Database) {
    let first = deployed(&db).await;
    db.must(Change::KeepRevision(revision(&first))).await;
    db.store.keep_events(&[event(1)]).await.unwrap();
    db.must(Change::RemoveDeployment { id: first.id.clone() }).await;
    assert_eq!(db.store.replica_events(&first.id, None, 10).await.unwrap(), []);
    // Put back under the same id, which nobody does, to see that nothing of its past is left.
    db.must(Change::PutDeployment(first.clone())).await;
    assert_eq!(db.store.deployment_revisions(&first).await.unwrap(), []);
}

async fn events_are_read_page_by_page_newest_first(db: Database) {
    let all: Vec<ReplicaEvent> = (1..=5).map(event).collect();
    db.store.keep_events(&all).await.unwrap();
    let first = db.store.replica_events("id-of-notes", None, 2).await.unwrap();
    assert_eq!(first, [event(5), event(4)]);
    let second = db.store.replica_events("id-of-notes", Some(&first[1].id), 2).await.unwrap();
    assert_eq!(second, [event(3), event(2)]);
    assert_eq!(db.store.replica_events("id-of-chat", None, 2).await.unwrap(), []);
}

async fn what_is_told_again_is_no_event(db: Database) {
    let again = ReplicaEvent { id: event(2).id, at: at(2), ..event(1) };
    let elsewhere = ReplicaEvent { id: event(3).id, replica_id: "r2".to_owned(), ..event(1) };
    db.store.keep_events(&[event(1), again, elsewhere.clone()]).await.unwrap();
    db.store.keep_events(&[event(1)]).await.unwrap();
    assert_eq!(db.store.replica_events("id-of-notes", None, 10).await.unwrap(), [elsewhere, event(1)]);
}

async fn events_that_are_many_or_old_are_dropped(db: Database) {
    let many: Vec<ReplicaEvent> = (1..=MAX_EVENTS_KEPT + 2).map(event).collect();
    db.store.keep_events(&many).await.unwrap();
    let kept = db.store.replica_events("id-of-notes", None, u32::MAX).await.unwrap();
    assert_eq!(i64::try_from(kept.len()).unwrap(), MAX_EVENTS_KEPT);
    assert_eq!(kept.last(), Some(&event(3)));
    let week = i64::try_from(EVENTS_KEPT_FOR.as_secs()).unwrap();
    assert_eq!(db.store.drop_old_events(at(week + 5)).await.unwrap(), 2);
    assert_eq!(db.store.drop_old_events(at(week + 5)).await.unwrap(), 0);
}

async fn what_no_honest_agent_tells_is_not_kept(db: Database) {
    let endless = ReplicaEvent { detail: "x".repeat(1 << 20), ..event(1) };
    db.store.keep_events(&[endless, event(2)]).await.unwrap();
    assert_eq!(db.store.replica_events("id-of-notes", None, 10).await.unwrap(), [event(2)]);
}

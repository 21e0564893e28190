//! Several controllers on one database: who lives, what was left open, what changed, who leads.

use std::time::Duration;

use cloister_store::{Backend, Change, ControllerRow, Registration, Store};
use cloister_test_postgres::{Durability, Server};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::backends::{Database, log_rows, on_both_databases, record_id, write_records};
use crate::rows::key;

on_both_databases!(
    controller_is_in_the_register_until_it_leaves,
    requests_of_controllers_that_are_gone_are_abandoned_and_no_others,
);

/// Longer than anything here takes.
const BOUND: Duration = Duration::from_secs(30);
const INTERVAL: Duration = Duration::from_millis(100);

fn registration(id: &str) -> Registration {
    Registration {
        id: id.to_owned(),
        address: Some(format!("{id}.agents.svc:7082")),
        version: "0.1.0".to_owned(),
    }
}

fn ids(rows: &[ControllerRow], living: bool) -> Vec<&str> {
    rows.iter().filter(|row| row.living == living).map(|row| row.id.as_str()).collect()
}

async fn controller_is_in_the_register_until_it_leaves(db: Database) {
    let store = &db.store;
    store.register_controller(&registration("a")).await.unwrap();
    let first = store.controllers().await.unwrap().remove(0);
    assert_eq!(first.address.as_deref(), Some("a.agents.svc:7082"));
    assert_eq!((first.id.as_str(), first.version.as_str(), first.living), ("a", "0.1.0", true));
    assert!(first.started_at <= first.seen_at);

    store.controller_seen(&registration("a")).await.unwrap();
    let again = store.controllers().await.unwrap().remove(0);
    assert_eq!(again.started_at, first.started_at);
    assert!(again.seen_at >= first.seen_at);

    store.deregister_controller("a").await.unwrap();
    assert_eq!(store.controllers().await.unwrap(), []);
}

async fn requests_of_controllers_that_are_gone_are_abandoned_and_no_others(db: Database) {
    db.store.register_controller(&registration("living")).await.unwrap();
    for (seq, writer) in [(0, "living"), (1, "gone"), (2, "own"), (3, "")] {
        let mut append = db.store.ledger_append().await.unwrap();
        let mut rows = log_rows(seq, 1);
        rows.writer = writer.to_owned();
        rows.opened = vec![(record_id(seq), seq)];
        append.write(rows).await.unwrap();
        append.commit().await.unwrap();
    }
    assert!(db.store.has_abandoned("own", BOUND).await.unwrap());
    let mut append = db.store.ledger_append().await.unwrap();
    let abandoned = append.abandoned("own", BOUND, 10).await.unwrap();
    assert_eq!(abandoned.iter().map(|request| request.seq).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(append.abandoned("own", BOUND, 1).await.unwrap().len(), 1);

    // Its clock is the database's: seen a moment ago is not within no time at all.
    let abandoned = append.abandoned("own", Duration::ZERO, 10).await.unwrap();
    assert_eq!(abandoned.iter().map(|request| request.seq).collect::<Vec<_>>(), [0, 1, 3]);
    append.controller_seen(&registration("gone")).await.unwrap();
    let abandoned = append.abandoned("own", BOUND, 10).await.unwrap();
    assert_eq!(abandoned.iter().map(|request| request.seq).collect::<Vec<_>>(), [3]);
}

#[tokio::test]
async fn controller_that_was_not_seen_does_not_live() {
    let db = Database::postgres().await;
    for id in ["a", "b"] {
        db.store.register_controller(&registration(id)).await.unwrap();
    }
    assert_eq!(ids(&db.store.controllers().await.unwrap(), true), ["a", "b"]);
    let long_ago = db.store.controllers_seen_within(Duration::ZERO).await.unwrap();
    assert_eq!(ids(&long_ago, false), ["a", "b"]);
}

#[tokio::test]
async fn sqlite_has_one_controller_and_it_lives_and_leads() {
    let db = Database::sqlite().await;
    assert_eq!(db.store.backend(), Backend::Sqlite);
    db.store.register_controller(&registration("before")).await.unwrap();
    db.store.register_controller(&registration("now")).await.unwrap();
    let rows = db.store.controllers_seen_within(Duration::ZERO).await.unwrap();
    assert_eq!(ids(&rows, true), ["now"]);
    let (leading, task) = db.store.leadership(INTERVAL);
    assert!(*leading.borrow());
    let mut changes = db.store.changes();
    db.must(Change::AddKey(key("k1", 1))).await;
    assert!(!changes.has_changed().unwrap());
    task.stop().await;
    let waited = timeout(INTERVAL, changes.changed()).await;
    assert!(waited.is_err(), "{waited:?}");
}

/// Waits for a signal.
async fn heard(changes: &mut watch::Receiver<u64>) {
    timeout(BOUND, changes.changed()).await.expect("the change was heard").unwrap();
}

async fn change(store: &Store, writer: &str, change: Option<Change>) {
    let mut append = store.ledger_append().await.unwrap();
    append.apply(&Vec::from_iter(change)).await.unwrap().unwrap();
    let mut rows = log_rows(append.head_size(), 1);
    rows.writer = writer.to_owned();
    append.write(rows).await.unwrap();
    append.commit().await.unwrap();
}

#[tokio::test]
async fn changes_of_one_controller_are_heard_by_the_others_alone() {
    let db = Database::postgres().await;
    let other = Store::open(&db.url).await.unwrap();
    db.store.register_controller(&registration("a")).await.unwrap();
    other.register_controller(&registration("b")).await.unwrap();
    let (mut ours, mut theirs) = (db.store.changes(), other.changes());
    // Connected: what was before is not known.
    heard(&mut ours).await;
    heard(&mut theirs).await;

    // A record alone is no change of state; neither is what was rolled back.
    change(&db.store, "a", None).await;
    let mut append = db.store.ledger_append().await.unwrap();
    append.apply(&[Change::AddKey(key("k0", 9))]).await.unwrap().unwrap();
    append.write(log_rows(1, 1)).await.unwrap();
    drop(append);
    change(&db.store, "a", Some(Change::AddKey(key("k1", 1)))).await;
    heard(&mut theirs).await;
    assert_eq!(*theirs.borrow_and_update(), 2, "what changed no state was told too");
    assert!(other.key("k1").await.unwrap().is_some());
    let told = timeout(3 * INTERVAL, ours.changed()).await;
    assert!(told.is_err(), "its own change was told to a controller");

    change(&other, "b", Some(Change::AddKey(key("k2", 2)))).await;
    heard(&mut ours).await;
    assert_eq!(*theirs.borrow(), 2);
}

/// Waits until the leader is `candidate`.
async fn leads(candidate: &mut watch::Receiver<bool>) {
    timeout(BOUND, candidate.wait_for(|leads| *leads)).await.expect("it leads in time").unwrap();
}

#[tokio::test]
async fn leadership_goes_to_another_when_the_leader_stops() {
    let db = Database::postgres().await;
    let other = Store::open(&db.url).await.unwrap();
    let (mut first, first_task) = db.store.leadership(INTERVAL);
    leads(&mut first).await;
    let (mut second, second_task) = other.leadership(INTERVAL);
    let waited = timeout(5 * INTERVAL, second.wait_for(|leads| *leads)).await;
    assert!(waited.is_err(), "two lead at once");
    drop(waited);
    first_task.stop().await;
    assert!(!*first.borrow());
    leads(&mut second).await;
    second_task.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarted_database_ends_leadership_at_once_and_is_heard_again() {
    let start = || {
        let server = Server::start(Durability::Fast).unwrap();
        let url = server.create_database().unwrap();
        (server, url)
    };
    let (mut server, url) = tokio::task::spawn_blocking(start).await.unwrap();
    let store = Store::open(&url).await.unwrap();
    // Too long an interval to notice it by asking.
    let (mut leading, task) = store.leadership(BOUND);
    leads(&mut leading).await;
    let mut changes = store.changes();
    heard(&mut changes).await;
    let server = tokio::task::spawn_blocking(move || {
        server.stop();
        server
    });
    let mut server = server.await.unwrap();
    timeout(BOUND / 3, leading.wait_for(|leads| !*leads)).await.expect("it lost its lock at once").unwrap();
    let server = tokio::task::spawn_blocking(move || {
        server.resume().unwrap();
        server
    });
    let server = server.await.unwrap();
    heard(&mut changes).await;
    drop((task, server));
}

#[tokio::test]
async fn writer_that_hangs_lets_the_others_write_in_time() {
    let db = Database::postgres().await;
    let other = Store::open(&db.url).await.unwrap();
    let hangs = db.store.ledger_append().await.unwrap();
    write_records(other.ledger_append().await.unwrap(), 1).await;
    drop(hangs);
}

//! Several controllers on one PostgreSQL: one log, written by all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cloister_evidence::record::{Kind, Record};
use cloister_ledger::{LedgerError, LedgerHandle, Selection};
use cloister_store::{Change, Key, KeyRole, Refusal};
use cloister_test_postgres::{Durability, Server};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::crash::killed_after;
use crate::drafts;
use crate::grouping::checkpoints_fit_each_other;
use crate::rig::{Rig, Running};
use crate::writing::write_pairs;

/// Longer than anything here takes.
const BOUND: Duration = Duration::from_secs(180);

fn key(id: &str) -> Key {
    let mut secret_hash = [0; 32];
    id.bytes().zip(&mut secret_hash).for_each(|(byte, hash)| *hash = byte);
    Key {
        id: id.to_owned(),
        name: "ward-3".to_owned(),
        secret_hash,
        role: KeyRole::Inference,
        models: Vec::new(),
        tenant: None,
        last_used_at: None,
        created_at: Timestamp::from_second(1_790_000_000).unwrap(),
        expires_at: None,
        revoked_at: None,
    }
}

async fn add_key(ledger: &LedgerHandle, id: &str) -> Result<(), LedgerError> {
    let draft = drafts::about_key(Kind::KeyCreated, id);
    ledger.change(vec![Change::AddKey(key(id))], draft).await.map(drop)
}

async fn controllers(rig: &Rig, count: usize) -> Vec<Running> {
    let mut running = Vec::new();
    for _ in 0..count {
        running.push(rig.start().await);
    }
    running
}

/// All write at the same time: inferences, and keys with ids of their own.
async fn all_write(controllers: &[Running], keys: usize) {
    let mut tasks = JoinSet::new();
    for (number, running) in controllers.iter().enumerate() {
        let ledger = running.ledger.clone();
        tasks.spawn(async move { drop(write_pairs(&ledger, 6, 12).await) });
        let ledger = running.ledger.clone();
        tasks.spawn(async move {
            for key in 0..keys {
                add_key(&ledger, &format!("{number}-{key}")).await.unwrap();
            }
        });
    }
    timeout(BOUND, tasks.join_all()).await.expect("all have written in time");
}

/// How often the records of the log change from one controller to another.
fn changes_of_writer(rows: &[cloister_store::RecordRow]) -> (usize, BTreeSet<String>) {
    let boots: Vec<String> = rows.iter().map(|row| Record::parse(&row.leaf).unwrap().boot).collect();
    let changes = boots.windows(2).filter(|pair| pair[0] != pair[1]).count();
    (changes, boots.into_iter().collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_and_four_controllers_write_one_log_without_gaps() {
    for count in [2, 4] {
        let rig = Rig::postgres().await;
        let controllers = controllers(&rig, count).await;
        all_write(&controllers, 8).await;
        let rows = controllers[0].rows().await;
        assert_eq!(rows.len(), count * (1 + 6 * 12 * 2 + 8));
        assert!(rows.iter().map(|row| row.seq).eq(0..rows.len() as u64), "the log has gaps");
        let (changes, boots) = changes_of_writer(&rows);
        assert!(changes > 4 * count, "they wrote one after the other: {changes} changes of writer");
        let ids: BTreeSet<_> = controllers.iter().map(|c| c.ledger.controller_id().to_owned()).collect();
        assert_eq!(boots, ids);
        assert!(checkpoints_fit_each_other(&controllers[1]).await > 4 * count);
        assert_eq!(controllers[0].store.keys().await.unwrap().len(), count * 8);
        for running in &controllers {
            // By whichever controller it is exported and whichever wrote the record.
            assert_eq!(running.verify(Selection::Log).await.records, rows.len() as u64);
            let chosen = rows.iter().step_by(41).map(|row| row.id.clone()).collect();
            running.verify(Selection::Records(chosen)).await;
            let newest = running.ledger.newest_checkpoint().await.unwrap();
            assert_eq!(newest.tree_size(), rows.len() as u64);
        }
        for running in controllers {
            running.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn controllers_start_at_once_on_an_empty_database_and_while_others_write() {
    let rig = Rig::postgres().await;
    rig.key().await;
    let (first, second, third) = tokio::join!(rig.start(), rig.start(), rig.start());
    let ledger = first.ledger.clone();
    let mut size = second.ledger.checkpoints();
    let (started, stop) = watch::channel(false);
    let writing = tokio::spawn(async move {
        let mut written = 0;
        while !*stop.borrow() {
            written += write_pairs(&ledger, 4, 1).await.len() as u64;
        }
        written
    });
    timeout(BOUND, size.wait_for(|head| head.tree_size() > 50)).await.expect("it follows").unwrap();
    let fourth = rig.start().await;
    write_pairs(&fourth.ledger, 2, 2).await;
    started.send(true).unwrap();
    let written = timeout(BOUND, writing).await.expect("it ends in time").unwrap();
    assert_eq!(first.store.controllers().await.unwrap().len(), 4);
    let records = 4 + written + 2 * 2 * 2;
    let all = [first, second, third, fourth];
    for running in &all {
        assert_eq!(running.ledger.newest_checkpoint().await.unwrap().tree_size(), records);
        assert_eq!(running.verify(Selection::Log).await.records, records);
    }
    for running in all {
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_controller_changed_the_other_is_held_to_and_told_of() {
    let rig = Rig::postgres().await;
    let (first, second) = (rig.start().await, rig.start().await);
    let mut changes = second.store.changes();
    timeout(BOUND, changes.changed()).await.expect("the feed is connected").unwrap();
    add_key(&first.ledger, "key-7").await.unwrap();
    timeout(BOUND, changes.changed()).await.expect("the change is heard").unwrap();

    // A controller that writes nothing learns of the head all the same.
    let size = first.ledger.checkpoint().tree_size();
    let mut heads = second.ledger.checkpoints();
    timeout(BOUND, heads.wait_for(|head| head.tree_size() >= size)).await.expect("it follows").unwrap();

    let twice = add_key(&second.ledger, "key-7").await;
    assert!(matches!(twice, Err(LedgerError::Refused(Refusal::AlreadyExists { .. }))), "{twice:?}");

    first.stop().await;
    second.stop().await;
}

async fn open(ledger: &LedgerHandle) -> String {
    let id = ledger.new_record_id();
    ledger.record(id.clone(), drafts::requested()).await.unwrap();
    id
}

async fn reason(running: &Running, request: &str) -> Option<String> {
    let row = running.store.closing_record(request).await.unwrap().unwrap();
    Record::parse(&row.leaf).unwrap().draft.reason
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_of_a_killed_controller_are_closed_by_a_survivor_and_those_of_the_living_are_not() {
    let rig = Rig::postgres().await;
    let survivors = controllers(&rig, 2).await;
    let (url, key) = (rig.url().to_owned(), rig.key_path());
    let acknowledged = tokio::task::spawn_blocking(move || killed_after(&url, &key, 60)).await.unwrap();
    // Opened before the dead are found out, and older than the bound by then.
    let kept = [open(&survivors[0].ledger).await, open(&survivors[1].ledger).await];
    let left = survivors[0].store.open_requests().await.unwrap();
    assert!(left.len() > kept.len(), "the process died with no request open");

    let own: BTreeSet<&str> = survivors.iter().map(|running| running.ledger.controller_id()).collect();
    let deadline = Instant::now() + BOUND;
    let mut heads = survivors[0].ledger.checkpoints();
    loop {
        heads.mark_unchanged();
        let open = survivors[0].store.open_requests().await.unwrap();
        if open.iter().all(|request| own.contains(request.writer.as_str())) {
            break;
        }
        timeout(deadline - Instant::now(), heads.changed()).await.expect("they are closed in time").unwrap();
    }
    for request in left.iter().filter(|request| !own.contains(request.writer.as_str())) {
        assert_eq!(reason(&survivors[0], &request.request_id).await.as_deref(), Some("controller_gone"));
    }
    let still_open: BTreeSet<_> =
        survivors[0].store.open_requests().await.unwrap().into_iter().map(|open| open.request_id).collect();
    assert_eq!(still_open, BTreeSet::from(kept.clone()));
    for (running, request) in survivors.iter().zip(&kept) {
        let ledger = &running.ledger;
        ledger.record(ledger.new_record_id(), drafts::completed(request)).await.unwrap();
    }

    let rows = survivors[1].rows().await;
    let mut closings: BTreeMap<&str, usize> = BTreeMap::new();
    rows.iter().filter_map(|row| row.intent.as_deref()).for_each(|id| *closings.entry(id).or_default() += 1);
    assert!(closings.values().all(|count| *count == 1), "a request was closed twice");
    assert!(acknowledged.iter().all(|id| rows.iter().any(|row| row.id == *id)));
    assert_eq!(survivors[0].verify(Selection::Log).await.records, rows.len() as u64);
    for running in survivors {
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn controller_whose_request_was_closed_by_another_cannot_complete_it() {
    let rig = Rig::postgres().await;
    let (first, second) = (rig.start().await, rig.start().await);
    let request = open(&first.ledger).await;
    // As after a partition: for the others it was gone, and it does not know.
    second.ledger.record(second.ledger.new_record_id(), drafts::completed(&request)).await.unwrap();
    let completed = first.ledger.record(first.ledger.new_record_id(), drafts::completed(&request)).await;
    assert!(matches!(completed, Err(LedgerError::Refused(Refusal::NotOpen { .. }))), "{completed:?}");
    // It goes on all the same, and even if it was forgotten it registers again.
    write_pairs(&first.ledger, 2, 2).await;
    first.store.deregister_controller(first.ledger.controller_id()).await.unwrap();
    let deadline = Instant::now() + BOUND;
    while first.store.controllers().await.unwrap().len() < 2 {
        assert!(Instant::now() < deadline, "it did not register again");
        tokio::task::yield_now().await;
    }
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn controller_that_stops_leaves_the_register_and_its_requests_to_the_others() {
    let rig = Rig::postgres().await;
    let (first, second) = (rig.start().await, rig.start().await);
    assert_eq!(second.store.controllers().await.unwrap().len(), 2);
    let request = open(&first.ledger).await;
    let stopped = Instant::now();
    first.stop().await;
    let rows = second.store.controllers().await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].id.as_str(), rows[0].living), (second.ledger.controller_id(), true));
    second.closes_what_others_left_open().await;
    assert!(stopped.elapsed() < BOUND);
    assert_eq!(reason(&second, &request).await.as_deref(), Some("controller_gone"));
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn database_that_restarts_under_two_controllers_has_one_whole_log_afterwards() {
    let start = || Server::start(Durability::Fast).unwrap();
    let mut server = tokio::task::spawn_blocking(start).await.unwrap();
    let rig = Rig::on(server.create_database().unwrap());
    let controllers = controllers(&rig, 2).await;
    let mut writers = JoinSet::new();
    for running in &controllers {
        let ledger = running.ledger.clone();
        // Writes on through the restart; what is refused is not there, what is not is.
        writers.spawn(async move {
            let (mut written, mut refused) = (Vec::new(), 0);
            let deadline = Instant::now() + BOUND;
            while refused == 0 || written.last().is_none_or(|(_, after)| *after < refused) {
                assert!(Instant::now() < deadline, "{refused} refused, {} written", written.len());
                let id = ledger.new_record_id();
                match ledger.record(id.clone(), drafts::requested()).await {
                    Ok(_) => written.push((id, refused)),
                    Err(LedgerError::Unavailable { .. }) => refused += 1,
                    Err(other) => panic!("{other}"),
                }
            }
            written
        });
    }
    controllers[0].ledger.checkpoints().wait_for(|head| head.tree_size() > 20).await.unwrap();
    let server = tokio::task::spawn_blocking(move || {
        server.stop();
        server.resume().unwrap();
        server
    });
    let server = server.await.unwrap();
    let written = timeout(BOUND, writers.join_all()).await.unwrap().concat();

    let rows = controllers[0].rows().await;
    let ids: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    assert!(written.iter().all(|(id, _)| ids.contains(id.as_str())), "an acknowledged record is lost");
    assert!(rows.iter().map(|row| row.seq).eq(0..rows.len() as u64), "the log has gaps");
    assert!(checkpoints_fit_each_other(&controllers[1]).await > 10);
    assert_eq!(controllers[1].verify(Selection::Log).await.records, rows.len() as u64);
    for running in controllers {
        running.stop().await;
    }
    drop(server);
}

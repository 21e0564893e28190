//! A database that cannot be written to: nobody is told that a record is durable when it is not, and
//! writing goes on by itself when the database is back.

use std::time::Duration;

use cloister_ledger::{LedgerError, LedgerHandle, RecordRef, Selection};
use cloister_test_postgres::{Durability, Server};
use tokio::time::{Instant, timeout};

use crate::drafts;
use crate::rig::{Rig, Running};

/// Longer than any single commit may take.
const BOUND: Duration = Duration::from_secs(30);

async fn request(ledger: &LedgerHandle) -> Result<RecordRef, LedgerError> {
    timeout(BOUND, ledger.record(ledger.new_record_id(), drafts::requested()))
        .await
        .expect("an answer in time")
}

/// The first record that is written, however many are refused before it.
async fn first_written(ledger: &LedgerHandle) -> RecordRef {
    let deadline = Instant::now() + BOUND;
    loop {
        match request(ledger).await {
            Ok(written) => return written,
            Err(error) => assert!(Instant::now() < deadline, "still not writable: {error}"),
        }
    }
}

/// Without anybody writing: a controller that is not ready is sent nothing.
async fn becomes_writable(ledger: &LedgerHandle) {
    let deadline = Instant::now() + BOUND;
    while !ledger.stats().writable {
        assert!(Instant::now() < deadline, "it never noticed that the database is back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn becomes_closed(running: &Running, request_id: &str) {
    let deadline = Instant::now() + BOUND;
    while running.store.open_requests().await.unwrap().iter().any(|open| open.request_id == request_id) {
        assert!(Instant::now() < deadline, "the request stayed open");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_that_stops_and_comes_back() {
    let start = || Server::start(Durability::Fast).unwrap();
    let mut server = tokio::task::spawn_blocking(start).await.unwrap();
    let rig = Rig::on(server.create_database().unwrap());
    let running = rig.start().await;
    let before = request(&running.ledger).await.unwrap();

    let mut server = tokio::task::spawn_blocking(move || {
        server.stop();
        server
    })
    .await
    .unwrap();
    for _ in 0..2 {
        let refused = request(&running.ledger).await;
        assert!(matches!(refused, Err(LedgerError::Unavailable { .. })), "{refused:?}");
    }
    let closing = drafts::completed(&before.id);
    let refused = running.ledger.record(running.ledger.new_record_id(), closing).await;
    assert!(matches!(refused, Err(LedgerError::Unavailable { .. })), "{refused:?}");
    assert!(!running.ledger.stats().writable);

    let server = tokio::task::spawn_blocking(move || {
        server.resume().unwrap();
        server
    })
    .await
    .unwrap();
    becomes_writable(&running.ledger).await;
    // Its caller was told that it is over. Nobody else has to come for the log to say so, too.
    becomes_closed(&running, &before.id).await;
    let after = first_written(&running.ledger).await;
    assert_eq!(after.seq, before.seq + 2, "a refused record took a place in the log");
    assert!(running.ledger.stats().writable);
    running.verify(Selection::Log).await;
    running.stop().await;
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_that_is_held_by_another_writer() {
    let rig = Rig::sqlite().await;
    let running = rig.start().await;
    let held = running.store.ledger_append().await.unwrap();
    let refused = request(&running.ledger).await;
    assert!(matches!(refused, Err(LedgerError::Unavailable { .. })), "{refused:?}");
    drop(held);
    assert_eq!(first_written(&running.ledger).await.seq, 1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_that_is_full() {
    let rig = Rig::sqlite().await;
    let small = format!("{}?max_page_count=120", rig.url());
    let running = Running::open(&small, rig.key().await).await.unwrap();
    let mut written = Vec::new();
    let refused = loop {
        match request(&running.ledger).await {
            Ok(record) => written.push(record),
            Err(error) => break error,
        }
        assert!(written.len() < 10_000, "the database never became full");
    };
    assert!(matches!(refused, LedgerError::Unavailable { .. }), "{refused}");
    assert!(refused.to_string().contains("full"), "{refused}");
    drop(running.ledger);
    // A request's pages found no room; that the controller stopped is one small record, and may find some.
    let stopped = u64::from(running.task.stop().await.is_ok());
    running.store.close().await;
    drop(running.store);

    let (report, rows) = rig.verified().await;
    assert!(written.iter().all(|record| rows[record.seq as usize].id == record.id));
    // Both starts, the stop if it was written, and each request with its closing record.
    assert_eq!(report.records, 2 + stopped + 2 * written.len() as u64);
}

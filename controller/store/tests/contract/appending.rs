use std::time::Duration;

use cloister_store::{Change, SaltRow, Store};
use tokio::time::timeout;

use crate::backends::{Database, log_rows, on_both_databases, record, record_id, write_records};
use crate::rows::key;

on_both_databases!(
    refused_changes_leave_the_others_of_the_transaction_alone,
    transaction_that_is_dropped_leaves_nothing,
    second_writer_waits_and_sees_the_moved_head,
    open_requests_come_and_go_with_their_records,
    salts_are_kept_beside_the_log,
    many_rows_go_in_at_once,
);

async fn refused_changes_leave_the_others_of_the_transaction_alone(db: Database) {
    let mut append = db.store.ledger_append().await.unwrap();
    append.apply(&[Change::AddKey(key("k1", 1))]).await.unwrap().unwrap();
    let half = [Change::AddKey(key("k2", 2)), Change::AddKey(key("k1", 3))];
    append.apply(&half).await.unwrap().unwrap_err();
    append.apply(&[Change::AddKey(key("k3", 3))]).await.unwrap().unwrap();
    write_records(append, 2).await;
    let ids: Vec<String> = db.store.keys().await.unwrap().into_iter().map(|key| key.id).collect();
    assert_eq!(ids, ["k1", "k3"]);
}

async fn transaction_that_is_dropped_leaves_nothing(db: Database) {
    let mut append = db.store.ledger_append().await.unwrap();
    append.apply(&[Change::AddKey(key("k1", 1))]).await.unwrap().unwrap();
    append.write(log_rows(0, 3)).await.unwrap();
    drop(append);
    // The next writer also shows that the lock is free again.
    let append = db.store.ledger_append().await.unwrap();
    assert_eq!(append.head_size(), 0);
    drop(append);
    assert_eq!(db.store.keys().await.unwrap(), []);
    assert_eq!(db.store.head().await.unwrap().size, 0);
}

async fn second_writer_waits_and_sees_the_moved_head(db: Database) {
    let first = db.store.ledger_append().await.unwrap();
    assert_eq!((first.head_size(), first.writer()), (0, ""));
    let second_store = second_handle(&db).await;
    let mut second = tokio::spawn(async move {
        let append = second_store.ledger_append().await.unwrap();
        (append.head_size(), append.writer().to_owned())
    });
    let waited = timeout(Duration::from_millis(200), &mut second).await;
    assert!(waited.is_err(), "the head was not locked");
    write_records(first, 4).await;
    assert_eq!(second.await.unwrap(), (4, "writer-4".to_owned()));
}

/// Another connection pool where the database allows one: SQLite has one writer process.
async fn second_handle(db: &Database) -> Store {
    if db.url.starts_with("postgres") { Store::open(&db.url).await.unwrap() } else { db.store.clone() }
}

async fn open_requests_come_and_go_with_their_records(db: Database) {
    let mut append = db.store.ledger_append().await.unwrap();
    let mut rows = log_rows(0, 3);
    rows.opened = (0..3).map(|seq| (record_id(seq), seq)).collect();
    append.write(rows).await.unwrap();
    append.commit().await.unwrap();
    let open = db.store.open_requests().await.unwrap();
    assert_eq!(open.iter().map(|request| request.seq).collect::<Vec<_>>(), [0, 1, 2]);

    let mut append = db.store.ledger_append().await.unwrap();
    let asked = [record_id(1), record_id(7)];
    let found = append.open_among(&asked.each_ref().map(String::as_str)).await.unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [record_id(1)]);
    let mut rows = log_rows(3, 1);
    rows.closed = vec![record_id(0), record_id(2)];
    append.write(rows).await.unwrap();
    append.commit().await.unwrap();
    assert_eq!(db.store.open_requests().await.unwrap()[0].request_id, record_id(1));
}

async fn salts_are_kept_beside_the_log(db: Database) {
    let salt =
        |name: &str, byte| SaltRow { record_id: record_id(0), name: name.to_owned(), salt: [byte; 32] };
    let mut append = db.store.ledger_append().await.unwrap();
    let mut rows = log_rows(0, 1);
    rows.salts = vec![salt("prompt", 1), salt("output", 2)];
    append.write(rows).await.unwrap();
    append.commit().await.unwrap();
    assert_eq!(db.store.salts(&record_id(0)).await.unwrap(), [salt("output", 2), salt("prompt", 1)]);
    assert_eq!(db.store.salts(&record_id(1)).await.unwrap(), []);
}

async fn many_rows_go_in_at_once(db: Database) {
    let append = db.store.ledger_append().await.unwrap();
    write_records(append, 1_024).await;
    let page = db.store.records_between(1_000, u64::try_from(i64::MAX).unwrap()).await.unwrap();
    assert_eq!(page, (1_000..1_024).map(record).collect::<Vec<_>>());
    let mut append = db.store.ledger_append().await.unwrap();
    let ids: Vec<String> = (1_000..1_300).map(record_id).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    assert_eq!(append.recorded(&ids).await.unwrap().len(), 24);
}

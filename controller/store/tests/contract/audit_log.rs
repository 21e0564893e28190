use cloister_store::{CheckpointRow, RecordFilter, RecordQuery, TileRow};

use crate::backends::{Database, log_rows, on_both_databases, record, record_id, write_records};

on_both_databases!(
    records_are_found_newest_first_by_page_kind_and_subject,
    record_and_its_closing_record_are_found_by_id,
    head_and_checkpoints_tell_where_the_log_ends,
    tiles_and_leaf_hashes_come_back_in_order,
    written_records_cannot_be_changed_or_removed,
);

async fn with_records(db: &Database, count: u64) {
    write_records(db.store.ledger_append().await.unwrap(), count).await;
}

async fn seqs(db: &Database, query: RecordQuery) -> Vec<u64> {
    db.store.records(&query).await.unwrap().iter().map(|row| row.seq).collect()
}

async fn records_are_found_newest_first_by_page_kind_and_subject(db: Database) {
    with_records(&db, 12).await;
    let all = RecordQuery { limit: 50, ..RecordQuery::default() };
    assert_eq!(seqs(&db, all.clone()).await, (0..12).rev().collect::<Vec<_>>());
    assert_eq!(seqs(&db, RecordQuery { limit: 2, before_seq: Some(5), ..all.clone() }).await, [4, 3]);
    let kind = RecordFilter { kind: Some("key.revoked".to_owned()), ..RecordFilter::default() };
    let subject = RecordFilter { subject_id: Some("key-3".to_owned()), ..RecordFilter::default() };
    let both = RecordFilter { subject_id: subject.subject_id.clone(), ..kind.clone() };
    let closing = RecordFilter { intent: Some(record_id(4)), ..RecordFilter::default() };
    for (filter, found) in
        [(kind, vec![11, 9, 7, 5, 3, 1]), (subject, vec![9, 6, 3, 0]), (both, vec![9, 3]), (closing, vec![5])]
    {
        assert_eq!(seqs(&db, RecordQuery { filter, ..all.clone() }).await, found);
    }
    assert_eq!(db.store.record_kinds_between(3, 4).await.unwrap(), ["key.revoked"]);
    let mut kinds = db.store.record_kinds_between(3, 99).await.unwrap();
    kinds.sort();
    assert_eq!(kinds, ["key.created", "key.revoked"]);
    assert!(db.store.record_kinds_between(12, 99).await.unwrap().is_empty());
}

async fn record_and_its_closing_record_are_found_by_id(db: Database) {
    with_records(&db, 6).await;
    assert_eq!(db.store.record(&record_id(4)).await.unwrap(), Some(record(4)));
    assert_eq!(db.store.closing_record(&record_id(4)).await.unwrap(), Some(record(5)));
    assert_eq!(db.store.closing_record(&record_id(3)).await.unwrap(), None);
    assert_eq!(db.store.record("nothing").await.unwrap(), None);
}

async fn head_and_checkpoints_tell_where_the_log_ends(db: Database) {
    assert_eq!(db.store.head().await.unwrap().checkpoint, None);
    for count in [3, 4] {
        with_records(&db, count).await;
    }
    let checkpoint = |size: u64| CheckpointRow { size, note: format!("head {size}") };
    let head = db.store.head().await.unwrap();
    assert_eq!((head.size, head.checkpoint), (7, Some(checkpoint(7))));
    assert_eq!(db.store.checkpoint_covering(1).await.unwrap(), Some(checkpoint(3)));
    assert_eq!(db.store.checkpoint_covering(8).await.unwrap(), None);
    assert_eq!(db.store.checkpoints_after(0).await.unwrap(), [checkpoint(3), checkpoint(7)]);
}

async fn tiles_and_leaf_hashes_come_back_in_order(db: Database) {
    let tile = |index: u64| TileRow { level: 1, index, root: [index as u8; 32], hashes: vec![9; 8_192] };
    let mut append = db.store.ledger_append().await.unwrap();
    let mut rows = log_rows(0, 5);
    rows.tiles = (0..3).map(tile).collect();
    append.write(rows).await.unwrap();
    append.commit().await.unwrap();
    assert_eq!(db.store.tile(1, 2).await.unwrap(), Some(tile(2)));
    assert_eq!(db.store.tile(0, 2).await.unwrap(), None);
    assert_eq!(db.store.tile_roots(1, 1, 3).await.unwrap(), [[1; 32], [2; 32]]);
    assert_eq!(db.store.leaf_hashes(2, 4).await.unwrap(), [[2; 32], [3; 32]]);
}

/// With the database's own tool, past this crate: what a careless administrator would type.
async fn written_records_cannot_be_changed_or_removed(db: Database) {
    with_records(&db, 3).await;
    for sql in [
        "UPDATE audit_record SET kind = 'key.created' WHERE seq = 1",
        "DELETE FROM audit_record WHERE seq = 2",
        "DELETE FROM audit_checkpoint",
        "UPDATE audit_checkpoint SET note = ''",
    ] {
        let refused = execute(&db.url, sql).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{sql}: {refused}");
    }
    assert_eq!(db.store.records_between(0, 9).await.unwrap(), (0..3).map(record).collect::<Vec<_>>());
}

async fn execute(url: &str, sql: &'static str) -> Result<(), sqlx::Error> {
    use sqlx::Connection as _;
    if url.starts_with("postgres") {
        let mut connection = sqlx::PgConnection::connect(url).await?;
        sqlx::query(sql).execute(&mut connection).await.map(drop)
    } else {
        let mut connection = sqlx::SqliteConnection::connect(url).await?;
        sqlx::query(sql).execute(&mut connection).await.map(drop)
    }
}

//! What records are found by.

use std::time::Duration;

use cloister_store::{RecordFilter, RecordQuery, Store};
use sqlx::Connection as _;
use tokio_util::sync::CancellationToken;

use crate::rig::{Rig, on_both_databases};
use crate::writing::write_pairs;

on_both_databases!(
    a_record_is_found_as_soon_as_it_is_durable,
    records_from_before_there_was_a_search_are_found_after_a_while,
);

/// Enough for several batches, and to be stopped between two of them.
const PAIRS: usize = 600;

fn by_ward() -> RecordFilter {
    RecordFilter { actor: Some("ward-3".to_owned()), ..RecordFilter::default() }
}

async fn found(store: &Store, filter: RecordFilter) -> usize {
    store.records(&RecordQuery { filter, before_seq: None, limit: 1_000 }).await.unwrap().len()
}

async fn a_record_is_found_as_soon_as_it_is_durable(rig: Rig) {
    let running = rig.start().await;
    write_pairs(&running.ledger, 1, 3).await;
    assert_eq!(found(&running.store, by_ward()).await, 6);
    let by_digest = format!("sha256:{}", "ab".repeat(32));
    for model in ["smollm2", &by_digest] {
        let filter = RecordFilter { model: Some(model.to_owned()), ..by_ward() };
        assert_eq!(found(&running.store, filter).await, 6, "{model}");
    }
    let elsewhere = RecordFilter { model: Some("another".to_owned()), ..by_ward() };
    assert_eq!(found(&running.store, elsewhere).await, 0);
    assert_eq!(running.store.unsearchable_records().await.unwrap(), 0);
    running.stop().await;
}

async fn records_from_before_there_was_a_search_are_found_after_a_while(rig: Rig) {
    let running = rig.start().await;
    write_pairs(&running.ledger, 4, PAIRS / 4).await;
    running.stop().await;
    forget_search(rig.url()).await;

    let running = rig.start().await;
    assert_eq!(found(&running.store, by_ward()).await, 0);
    assert!(running.store.unsearchable_records().await.unwrap() >= 2 * PAIRS as u64);
    let stop = CancellationToken::new();
    let task = tokio::spawn(running.ledger.clone().keep_searchable(stop.clone()));
    let all_found = async {
        while running.store.unsearchable_records().await.unwrap() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all_found).await.expect("it comes to an end");
    stop.cancel();
    task.await.unwrap();
    let oldest = RecordQuery { filter: by_ward(), before_seq: Some(21), limit: 1_000 };
    assert_eq!(running.store.records(&oldest).await.unwrap().len(), 20, "record 0 is of the controller");
    running.stop().await;
}

/// The database as the step of the schema that brings the search leaves it.
async fn forget_search(url: &str) {
    let statements = [
        "DELETE FROM audit_term",
        "DELETE FROM audit_moment",
        "UPDATE audit_indexed SET upto = 0, wanted = (SELECT size FROM audit_head)",
    ];
    if url.starts_with("postgres") {
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        for sql in statements {
            sqlx::query(sql).execute(&mut connection).await.unwrap();
        }
    } else {
        let mut connection = sqlx::SqliteConnection::connect(url).await.unwrap();
        for sql in statements {
            sqlx::query(sql).execute(&mut connection).await.unwrap();
        }
    }
}

//! Someone with the database but without the log key alters it. The next start, and every export,
//! refuses and names the place.

use cloister_evidence::tree::leaf_hash;
use cloister_ledger::{ExportError, LogDamage, Selection, StartError};
use cloister_store::{Store, StoreError};
use sqlx::{Connection as _, SqliteConnection};
use tokio_stream::StreamExt as _;

use crate::rig::{Rig, Running};
use crate::writing::write_pairs;

/// 1 + 2 × 150: one full tile and 45 records past it; stopping adds one more.
const PAIRS: usize = 150;

/// Whether the damage is the one that was done.
type Expected = fn(&LogDamage) -> bool;

struct Case {
    name: &'static str,
    sql: &'static [&'static str],
    expected: Expected,
}

const CASES: &[Case] = &[
    Case {
        name: "bytes of a record in a full tile",
        sql: &[
            "UPDATE audit_record SET leaf = CAST(replace(leaf, 'ward-3', 'ward-4') AS BLOB) WHERE seq = 17",
        ],
        expected: |damage| matches!(damage, LogDamage::LeafAltered { seq: 17 }),
    },
    Case {
        name: "bytes of a record past the last full tile",
        sql: &[
            "UPDATE audit_record SET leaf = CAST(replace(leaf, 'ward-3', 'ward-4') AS BLOB) WHERE seq = 290",
        ],
        expected: |damage| matches!(damage, LogDamage::LeafAltered { seq: 290 }),
    },
    Case {
        name: "a record and its hash replaced by another's",
        sql: &["UPDATE audit_record SET leaf_hash = (SELECT leaf_hash FROM audit_record WHERE seq = 18), \
                leaf = (SELECT leaf FROM audit_record WHERE seq = 18) WHERE seq = 17"],
        expected: |damage| matches!(damage, LogDamage::ColumnAltered { seq: 17, .. }),
    },
    Case {
        name: "a column that hides a record from a search",
        sql: &["UPDATE audit_record SET kind = 'key.created' WHERE seq = 17"],
        expected: |damage| matches!(damage, LogDamage::ColumnAltered { seq: 17, column: "kind" }),
    },
    Case {
        name: "a record removed",
        sql: &["DELETE FROM audit_record WHERE seq = 17"],
        expected: |damage| matches!(damage, LogDamage::Missing { seq: 17 }),
    },
    Case {
        name: "the end of the log cut off",
        sql: &["DELETE FROM audit_record WHERE seq > 297", "UPDATE audit_head SET size = 298"],
        expected: |damage| matches!(damage, LogDamage::NoCheckpoint { size: 298 }),
    },
    Case {
        name: "the newest checkpoint removed",
        sql: &["DELETE FROM audit_checkpoint WHERE size = (SELECT size FROM audit_head)"],
        expected: |damage| matches!(damage, LogDamage::NoCheckpoint { size: 302 }),
    },
    Case {
        name: "the signature's note",
        sql: &["UPDATE audit_checkpoint SET note = replace(note, '302', '303') WHERE size = 302"],
        expected: |damage| matches!(damage, LogDamage::Checkpoint { size: 302, .. }),
    },
    Case {
        name: "hashes of a full tile",
        sql: &["UPDATE audit_tile SET hashes = zeroblob(8192)"],
        expected: |damage| matches!(damage, LogDamage::Tile { level: 0, index: 0 }),
    },
    Case {
        name: "root of a full tile",
        sql: &["UPDATE audit_tile SET root = zeroblob(32)"],
        expected: |damage| matches!(damage, LogDamage::Tile { level: 0, index: 0 }),
    },
    Case {
        name: "hash of a record past the last full tile",
        sql: &["UPDATE audit_record SET leaf_hash = zeroblob(32) WHERE seq = 290"],
        expected: |damage| matches!(damage, LogDamage::LeafAltered { seq: 290 }),
    },
];

/// An administrator's own connection, with the triggers out of the way.
async fn tamper(url: &str, statements: &[&'static str]) {
    let mut connection = SqliteConnection::connect(url).await.unwrap();
    for table in ["record", "tile", "checkpoint"] {
        for event in ["update", "delete"] {
            let sql = format!("DROP TRIGGER IF EXISTS audit_{table}_no_{event}");
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        }
    }
    for sql in statements {
        let touched = sqlx::query(*sql).execute(&mut connection).await.unwrap().rows_affected();
        assert_ne!(touched, 0, "{sql}");
    }
    connection.close().await.unwrap();
}

async fn rig_with_records() -> Rig {
    let rig = Rig::sqlite().await;
    let running = rig.start().await;
    write_pairs(&running.ledger, 30, PAIRS / 30).await;
    running.stop().await;
    rig
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn start_refuses_an_altered_log_and_names_the_place() {
    for case in CASES {
        let rig = rig_with_records().await;
        tamper(rig.url(), case.sql).await;
        let refused = rig.try_start().await.err().unwrap_or_else(|| panic!("{}: started", case.name));
        let StartError::Damaged(damage) = &refused else { panic!("{}: {refused}", case.name) };
        assert!((case.expected)(damage), "{}: {damage}", case.name);
    }
}

/// Bytes and hash fit each other, so that only the tree tells.
async fn rewrite(rig: &Rig, seq: i64) {
    tamper(rig.url(), &[]).await;
    let mut connection = SqliteConnection::connect(rig.url()).await.unwrap();
    let query = sqlx::query_scalar("SELECT leaf FROM audit_record WHERE seq = $1").bind(seq);
    let leaf: Vec<u8> = query.fetch_one(&mut connection).await.unwrap();
    let leaf = String::from_utf8(leaf).unwrap().replace("ward-3", "ward-4").into_bytes();
    sqlx::query("UPDATE audit_record SET leaf = $1, leaf_hash = $2 WHERE seq = $3")
        .bind(&leaf)
        .bind(leaf_hash(&leaf).0.to_vec())
        .bind(seq)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn start_refuses_a_record_that_was_rewritten_with_its_hash() {
    let expected: [(i64, Expected); 2] = [
        (17, |damage| matches!(damage, LogDamage::LeafNotInTree { seq: 17 })),
        (290, |damage| matches!(damage, LogDamage::Root { size: 302, suspect_from: 256 })),
    ];
    for (seq, expected) in expected {
        let rig = rig_with_records().await;
        rewrite(&rig, seq).await;
        let refused = rig.try_start().await.err().unwrap();
        let StartError::Damaged(damage) = &refused else { panic!("{seq}: {refused}") };
        assert!(expected(damage), "{seq}: {damage}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn start_writes_nothing_to_an_altered_log() {
    let rig = rig_with_records().await;
    tamper(rig.url(), CASES[0].sql).await;
    rig.try_start().await.err().unwrap();
    let store = Store::open(rig.url()).await.unwrap();
    assert_eq!(store.head().await.unwrap().size, 302);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn export_refuses_what_was_altered_while_the_controller_ran() {
    let rig = rig_with_records().await;
    let running = rig.start().await;
    let id = running.store.records_between(17, 18).await.unwrap()[0].id.clone();
    tamper(rig.url(), CASES[0].sql).await;
    for selection in [Selection::Log, Selection::Records(vec![id])] {
        let mut stream = running.ledger.export(selection).await.unwrap();
        let mut last = None;
        while let Some(piece) = stream.next().await {
            last = Some(piece);
        }
        let Some(Err(ExportError::Damaged(damage))) = last else { panic!("exported: {last:?}") };
        assert!(matches!(damage, LogDamage::LeafAltered { seq: 17 }), "{damage}");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn start_refuses_the_key_of_another_log() {
    let rig = rig_with_records().await;
    let other = Rig::sqlite().await;
    let refused = Running::open(rig.url(), other.key().await).await.err().unwrap();
    assert!(matches!(refused, StartError::OtherKey(_)), "{refused}");
    assert!(refused.to_string().contains("audit.key"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn second_controller_on_one_sqlite_file_does_not_start() {
    let rig = Rig::sqlite().await;
    let running = rig.start().await;
    let refused = rig.try_start().await.err().unwrap();
    assert!(matches!(refused, StartError::Store(StoreError::LockedByAnother { .. })), "{refused}");
    running.stop().await;
}

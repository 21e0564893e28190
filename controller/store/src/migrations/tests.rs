//! Two versions on one database: the step before the newest stands for the version before.

use cloister_test_postgres::Server;
use tempfile::TempDir;

use super::*;
use crate::sql::Arg;
use crate::{Approval, Change, CheckpointRow, Key, KeyRole, LogRows, RecordRow, Registration, Signer, Store};

/// The newest step that the version before knew.
const BEFORE: i64 = 3;

/// An empty database of each kind.
async fn databases() -> (Vec<String>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite://{}/fleet.db", folder.path().display());
    let postgres = tokio::task::spawn_blocking(|| Server::shared().create_database().unwrap());
    (vec![sqlite, postgres.await.unwrap()], folder)
}

fn key() -> Key {
    Key {
        id: "key-7".to_owned(),
        name: "ward-3".to_owned(),
        secret_hash: [7; 32],
        role: KeyRole::Inference,
        models: Vec::new(),
        tenant: None,
        last_used_at: None,
        created_at: jiff::Timestamp::UNIX_EPOCH,
        expires_at: None,
        revoked_at: None,
    }
}

fn rows(writer: &str, seq: u64) -> LogRows {
    let record = RecordRow {
        seq,
        id: format!("record-{seq}"),
        kind: "inference.requested".to_owned(),
        time: "2026-11-22T00:00:00.000000000Z".to_owned(),
        subject_id: None,
        tenant: None,
        intent: None,
        leaf: vec![7],
        leaf_hash: [7; 32],
    };
    LogRows {
        writer: writer.to_owned(),
        records: vec![record],
        search: Vec::new(),
        tiles: Vec::new(),
        checkpoint: CheckpointRow { size: seq + 1, note: "head".to_owned() },
        opened: Vec::new(),
        closed: Vec::new(),
        salts: Vec::new(),
        used: Vec::new(),
    }
}

/// Opens request `record-<seq>` as the version before does, in its own words: columns that came later it does not know.
async fn write_as_before(store: &Store, seq: i64) {
    let mut append = store.ledger_append().await.unwrap();
    let id = format!("record-{seq}");
    let statements: [(&str, Vec<Arg>); 4] = [
        (
            "UPDATE audit_head SET size = $1, writer = $2 WHERE id = 1",
            vec![(seq + 1).into(), "the version before".into()],
        ),
        (
            "INSERT INTO audit_record (seq, id, kind, time, subject_id, intent, leaf, leaf_hash) \
             VALUES ($1, $2, 'inference.requested', '2026-11-22T00:00:00.000000000Z', NULL, NULL, $3, $4)",
            vec![seq.into(), (&id).into(), vec![7].into(), (&[7; 32]).into()],
        ),
        ("INSERT INTO audit_checkpoint (size, note) VALUES ($1, 'head')", vec![(seq + 1).into()]),
        ("INSERT INTO audit_open (request_id, seq) VALUES ($1, $2)", vec![(&id).into(), seq.into()]),
    ];
    for (sql, args) in statements {
        append.connection().execute(sql, args).await.unwrap();
    }
    append.commit().await.unwrap();
}

#[tokio::test]
async fn what_the_version_before_wrote_is_there_after_the_update() {
    let (urls, _folder) = databases().await;
    for url in urls {
        let before = Store::open_knowing(&url, BEFORE).await.unwrap();
        write_as_before(&before, 0).await;
        before.close().await;
        drop(before);

        let store = Store::open(&url).await.unwrap();
        let open = store.open_requests().await.unwrap();
        assert_eq!((open[0].request_id.as_str(), open[0].writer.as_str()), ("record-0", ""));
        assert!(store.has_abandoned("now", std::time::Duration::from_secs(30)).await.unwrap());
        assert_eq!(store.head().await.unwrap().size, 1);
        store.close().await;
    }
}

#[tokio::test]
async fn the_version_before_works_on_the_schema_of_this_one() {
    let (urls, _folder) = databases().await;
    for url in urls {
        let store = Store::open(&url).await.unwrap();
        let own = Registration { id: "now".to_owned(), address: None, version: "2".to_owned() };
        store.register_controller(&own).await.unwrap();
        let mut append = store.ledger_append().await.unwrap();
        append.apply(&[Change::AddKey(key())]).await.unwrap().unwrap();
        append.write(LogRows { opened: vec![("record-0".to_owned(), 0)], ..rows("now", 0) }).await.unwrap();
        append.commit().await.unwrap();
        store.close().await;
        drop(store);

        let before = Store::open_knowing(&url, BEFORE).await.unwrap();
        assert_eq!(before.keys().await.unwrap(), [key()]);
        assert_eq!(before.open_requests().await.unwrap()[0].writer, "now");
        write_as_before(&before, 1).await;
        before.close().await;
    }
}

#[tokio::test]
async fn a_schema_that_asks_for_more_is_refused_by_name() {
    let (urls, _folder) = databases().await;
    for url in urls {
        let store = Store::open(&url).await.unwrap();
        let mut append = store.ledger_append().await.unwrap();
        let sql = "UPDATE setting SET value = $1 WHERE name = 'schema_compatible_from'";
        let next = (NEWEST + 1).to_string();
        assert_eq!(append.connection().execute(sql, vec![next.into()]).await.unwrap(), 1);
        append.commit().await.unwrap();
        store.close().await;
        drop(store);
        let refused = Store::open(&url).await.unwrap_err();
        let StoreError::SchemaTooNew { needed, known } = refused else { panic!("{refused}") };
        assert_eq!((needed, known), (NEWEST + 1, NEWEST));
    }
}

/// The newest step before models were approved and records searched.
const BEFORE_APPROVAL: i64 = 7;

/// Imports a model as the version before does: without saying that it is approved.
async fn import_as_before(store: &Store, name: &str, seq: i64) {
    let signer = Signer {
        key_id: format!("signer of {name}"),
        name: "release".to_owned(),
        public_key_pem: "PEM".to_owned(),
        trusted_at: jiff::Timestamp::UNIX_EPOCH,
        revoked_at: None,
    };
    let mut append = store.ledger_append().await.unwrap();
    append.apply(&[Change::AddSigner(signer.clone())]).await.unwrap().unwrap();
    let sql = "INSERT INTO model (digest, name, bundle, signer_key_id, files, facts, size_bytes, imported_at) \
               VALUES ($1, $2, $3, $4, '[]', '{}', 7, 42)";
    let args = vec![format!("sha256:{name}").into(), name.into(), vec![7_u8].into(), signer.key_id.into()];
    append.connection().execute(sql, args).await.unwrap();
    append.commit().await.unwrap();
    write_as_before(store, seq).await;
}

#[tokio::test]
async fn models_of_the_version_before_are_approved_and_its_records_wait_for_the_search() {
    let (urls, _folder) = databases().await;
    for url in urls {
        let before = Store::open_knowing(&url, BEFORE_APPROVAL).await.unwrap();
        import_as_before(&before, "old", 0).await;
        before.close().await;
        drop(before);
        let store = Store::open(&url).await.unwrap();
        // While the fleet is updated, a controller of the version before goes on.
        import_as_before(&store, "meanwhile", 1).await;
        for name in ["old", "meanwhile"] {
            let model = store.model(name).await.unwrap().unwrap();
            assert_eq!((model.approval, model.approved_by), (Approval::Approved, None), "{name}");
        }
        let old = store.model("old").await.unwrap().unwrap();
        assert_eq!(old.approved_at, Some(old.imported_at));
        assert_eq!(store.unsearchable_records().await.unwrap(), 1);
        assert_eq!(store.unindexed_records().await.unwrap().unwrap().records.len(), 2);
        store.close().await;
    }
}

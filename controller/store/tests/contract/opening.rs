use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use cloister_store::{Backend, Change, Store, StoreError};

use crate::backends::{Database, on_both_databases};
use crate::rows::key;

on_both_databases!(what_was_committed_is_there_after_opening_again, ping_tells_that_the_database_answers);

async fn what_was_committed_is_there_after_opening_again(db: Database) {
    db.must(Change::AddKey(key("k1", 1))).await;
    db.store.close().await;
    let Database { store, url, _folder: folder } = db;
    drop(store);
    let store = Store::open(&url).await.unwrap();
    assert_eq!(store.keys().await.unwrap(), [key("k1", 1)]);
    drop(folder);
}

async fn ping_tells_that_the_database_answers(db: Database) {
    db.store.ping().await.unwrap();
    db.store.close().await;
    assert!(db.store.ping().await.is_err());
}

#[tokio::test]
async fn second_controller_on_one_sqlite_file_is_refused_by_name() {
    let db = Database::sqlite().await;
    let refused = Store::open(&db.url).await.unwrap_err();
    assert!(matches!(refused, StoreError::LockedByAnother { .. }), "{refused}");
    assert!(refused.to_string().contains("fleet.db"), "{refused}");
}

#[tokio::test]
async fn sqlite_files_are_private() {
    let db = Database::sqlite().await;
    db.must(Change::AddKey(key("k1", 1))).await;
    assert_eq!(db.store.backend(), Backend::Sqlite);
    let path = db.url.strip_prefix("sqlite://").unwrap();
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let file = format!("{path}{suffix}");
        let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{file}");
    }
}

#[tokio::test]
async fn url_that_names_no_database_is_refused_without_repeating_its_password() {
    for url in ["sqlite://relative.db", "mysql://u:sekrit@h/d", "", "postgres://u:sekrit@h:port/d"] {
        let refused = Store::open(url).await.unwrap_err();
        assert!(matches!(refused, StoreError::BadUrl | StoreError::BadPostgresUrl), "{url}: {refused}");
        assert!(!refused.to_string().contains("sekrit"));
    }
}

#[tokio::test]
async fn postgres_that_forgets_commits_is_refused() {
    let db = Database::postgres().await;
    let url = format!("{}&options=-c%20synchronous_commit=off", db.url);
    let refused = Store::open(&url).await.unwrap_err();
    assert!(matches!(refused, StoreError::NotDurable), "{refused}");
}

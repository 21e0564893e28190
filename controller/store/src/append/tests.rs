use crate::Store;

#[tokio::test]
async fn a_transaction_that_sqlite_ended_by_itself_does_not_spoil_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("cloister.db").display());
    let store = Store::open(&url).await.unwrap();
    let mut append = store.ledger_append().await.unwrap();
    // What SQLite does when it finds the disk full.
    append.connection().execute("ROLLBACK", Vec::new()).await.unwrap();
    drop(append);

    let mut append = store.ledger_append().await.unwrap();
    let sql = "INSERT INTO setting (name, value) VALUES ('after', 'it')";
    append.connection().execute(sql, Vec::new()).await.unwrap();
    append.commit().await.unwrap();
    assert_eq!(store.setting("after").await.unwrap().as_deref(), Some("it"));
}

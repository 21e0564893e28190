use cloister_store::{Change, Entity, Key, KeyRole, Refusal};

use crate::backends::{Database, on_both_databases};
use crate::rows::{at, key};

on_both_databases!(
    key_is_found_by_id_and_by_hash_until_and_after_it_is_revoked,
    key_id_and_secret_are_taken_once,
    last_admin_key_stays_whoever_else_revokes_one_at_the_same_moment,
    admin_key_that_is_good_no_more_is_no_last_one,
    setting_is_written_once,
    name_that_is_too_long_is_refused,
);

async fn key_is_found_by_id_and_by_hash_until_and_after_it_is_revoked(db: Database) {
    db.must(Change::AddKey(key("k1", 1))).await;
    assert_eq!(db.store.key("k1").await.unwrap(), Some(key("k1", 1)));
    assert_eq!(db.store.key_by_hash(&[1; 32]).await.unwrap(), Some(key("k1", 1)));
    assert_eq!(db.store.key_by_hash(&[2; 32]).await.unwrap(), None);
    let revoke = Change::RevokeKey { id: "k1".to_owned(), at: at(9) };
    db.must(revoke.clone()).await;
    assert_eq!(db.store.keys().await.unwrap()[0].revoked_at, Some(at(9)));
    assert!(matches!(db.commit(vec![revoke]).await, Err(Refusal::NotFound { .. })));
}

async fn key_id_and_secret_are_taken_once(db: Database) {
    db.must(Change::AddKey(key("k1", 1))).await;
    for taken in [key("k1", 2), key("k2", 1)] {
        let refused = db.commit(vec![Change::AddKey(taken)]).await;
        assert!(matches!(refused, Err(Refusal::AlreadyExists { entity: Entity::Key, .. })));
    }
}

fn admin_key(id: &str, seed: u8) -> Key {
    Key { role: KeyRole::Admin, expires_at: None, ..key(id, seed) }
}

fn revoke(id: &str) -> Change {
    Change::RevokeKey { id: id.to_owned(), at: at(9) }
}

async fn last_admin_key_stays_whoever_else_revokes_one_at_the_same_moment(db: Database) {
    db.must(Change::AddKey(key("k0", 9))).await;
    for (id, seed) in [("a1", 1), ("a2", 2)] {
        db.must(Change::AddKey(admin_key(id, seed))).await;
    }
    let (first, second) = tokio::join!(db.commit(vec![revoke("a1")]), db.commit(vec![revoke("a2")]));
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    assert!(matches!(first.and(second), Err(Refusal::LastAdminKey { .. })));
    let left = db.store.keys().await.unwrap();
    assert_eq!(left.iter().filter(|key| key.role == KeyRole::Admin && key.revoked_at.is_none()).count(), 1);
    // Keys for inference come and go.
    db.must(revoke("k0")).await;
}

async fn admin_key_that_is_good_no_more_is_no_last_one(db: Database) {
    let expired = Key { expires_at: Some(at(9)), ..admin_key("old", 1) };
    db.must(Change::AddKey(expired)).await;
    db.must(Change::AddKey(admin_key("good", 2))).await;
    let refused = db.commit(vec![revoke("good")]).await;
    assert!(matches!(refused, Err(Refusal::LastAdminKey { .. })), "{refused:?}");
    db.must(revoke("old")).await;
    // A successor that comes in the same commit will do.
    let change = vec![Change::AddKey(admin_key("new", 3)), revoke("good")];
    db.commit(change).await.unwrap();
    assert!(db.store.key("good").await.unwrap().unwrap().revoked_at.is_some());
}

async fn setting_is_written_once(db: Database) {
    let set = |value: &str| Change::AddSetting { name: "fleet_id".to_owned(), value: value.to_owned() };
    assert_eq!(db.store.setting("fleet_id").await.unwrap(), None);
    db.must(set("fleet-a")).await;
    let again = db.commit(vec![set("fleet-b")]).await;
    assert!(matches!(again, Err(Refusal::AlreadyExists { entity: Entity::Setting, .. })));
    assert_eq!(db.store.setting("fleet_id").await.unwrap().as_deref(), Some("fleet-a"));
}

async fn name_that_is_too_long_is_refused(db: Database) {
    let mut long = key("k1", 1);
    long.name = "ü".repeat(200);
    let refused = db.commit(vec![Change::AddKey(long)]).await;
    assert!(matches!(refused, Err(Refusal::Invalid { entity: Entity::Key, .. })), "{refused:?}");
}

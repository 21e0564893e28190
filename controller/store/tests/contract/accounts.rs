use cloister_store::{Account, Change, Entity, Identity, LoginLink, Refusal, Session, Vouching};

use crate::backends::{Database, on_both_databases};
use crate::rows::at;

on_both_databases!(
    account_is_read_as_it_was_written_and_its_name_is_taken_once,
    failures_add_up_and_a_sign_in_or_a_new_password_forgives_them,
    login_link_works_once_in_time_and_only_the_newest,
    sessions_are_touched_end_once_and_end_together,
    disabled_account_loses_sessions_links_and_password,
    identity_is_found_by_issuer_and_subject_and_there_once,
    one_of_many_gets_to_ask_the_provider_again,
);

pub(crate) fn account(id: &str, name: &str) -> Account {
    Account {
        id: id.to_owned(),
        name: name.to_owned(),
        roles: vec!["operator".to_owned(), "auditor".to_owned()],
        tenant: None,
        identity: None,
        password_hash: Some("$argon2id$…".to_owned()),
        failed_logins: 0,
        locked_until: None,
        second_factor_at: None,
        created_at: at(1),
        disabled_at: None,
    }
}

fn link(secret: u8, account_id: &str) -> LoginLink {
    let (created_at, expires_at) = (at(10), at(20));
    LoginLink {
        secret_hash: [secret; 32],
        account_id: account_id.to_owned(),
        created_at,
        expires_at,
        used_at: None,
    }
}

pub(crate) fn session(id: &str, secret: u8) -> Session {
    Session {
        id: id.to_owned(),
        secret_hash: [secret; 32],
        account_id: "a1".to_owned(),
        method: "link".to_owned(),
        address: "192.0.2.7".to_owned(),
        client: "Firefox".to_owned(),
        created_at: at(30),
        last_seen_at: at(30),
        expires_at: at(90),
        ended_at: None,
    }
}

fn failed(locked_until: Option<jiff::Timestamp>) -> Change {
    Change::NoteFailedLogin { account_id: "a1".to_owned(), locked_until }
}

async fn account_is_read_as_it_was_written_and_its_name_is_taken_once(db: Database) {
    db.must(Change::AddAccount(account("a1", "meier"))).await;
    assert_eq!(db.store.account("a1").await.unwrap(), Some(account("a1", "meier")));
    assert_eq!(db.store.account_by_name("meier").await.unwrap(), Some(account("a1", "meier")));
    for taken in [account("a1", "other"), account("a2", "meier")] {
        let refused = db.commit(vec![Change::AddAccount(taken)]).await;
        assert!(matches!(refused, Err(Refusal::AlreadyExists { entity: Entity::Account, .. })));
    }
    let roles = vec!["developer".to_owned()];
    db.must(Change::SetAccountRoles { id: "a1".to_owned(), roles: roles.clone() }).await;
    assert_eq!(db.store.accounts().await.unwrap()[0].roles, roles);
}

async fn failures_add_up_and_a_sign_in_or_a_new_password_forgives_them(db: Database) {
    let read = async || db.store.account("a1").await.unwrap().unwrap();
    db.must(Change::AddAccount(account("a1", "meier"))).await;
    db.must(failed(None)).await;
    db.must(failed(Some(at(50)))).await;
    assert_eq!((read().await.failed_logins, read().await.locked_until), (2, Some(at(50))));
    db.must(Change::StartSession(session("s1", 1))).await;
    assert_eq!((read().await.failed_logins, read().await.locked_until), (0, None));
    db.must(failed(Some(at(60)))).await;
    db.must(Change::SetAccountPassword { id: "a1".to_owned(), password_hash: "new".to_owned() }).await;
    let now = read().await;
    assert_eq!((now.failed_logins, now.locked_until, now.password_hash.as_deref()), (0, None, Some("new")));
}

async fn login_link_works_once_in_time_and_only_the_newest(db: Database) {
    let using = async |secret, second| {
        db.commit(vec![Change::UseLoginLink { secret_hash: [secret; 32], at: at(second) }]).await
    };
    db.must(Change::AddAccount(account("a1", "meier"))).await;
    db.must(Change::AddLoginLink(link(1, "a1"))).await;
    db.must(Change::AddLoginLink(link(2, "a1"))).await;
    assert!(matches!(using(1, 12).await, Err(Refusal::AlreadyUsed { .. })), "a newer one voids it");
    assert!(matches!(using(2, 20).await, Err(Refusal::Expired { .. })));
    assert!(using(2, 19).await.is_ok());
    assert!(matches!(using(2, 19).await, Err(Refusal::AlreadyUsed { .. })));
    assert!(matches!(using(3, 19).await, Err(Refusal::NotFound { .. })));
    assert_eq!(db.store.login_link(&[2; 32]).await.unwrap().unwrap().used_at, Some(at(19)));
}

async fn sessions_are_touched_end_once_and_end_together(db: Database) {
    db.must(Change::AddAccount(account("a1", "meier"))).await;
    for (id, secret) in [("s1", 1), ("s2", 2), ("s3", 3)] {
        db.must(Change::StartSession(session(id, secret))).await;
    }
    assert_eq!(db.store.session_by_hash(&[1; 32]).await.unwrap(), Some(session("s1", 1)));
    db.store.touch_session("s1", at(40)).await.unwrap();
    db.store.touch_session("s1", at(35)).await.unwrap();
    assert_eq!(db.store.session_by_hash(&[1; 32]).await.unwrap().unwrap().last_seen_at, at(40));

    let end = Change::EndSession { id: "s1".to_owned(), at: at(41) };
    db.must(end.clone()).await;
    assert!(matches!(db.commit(vec![end]).await, Err(Refusal::NotFound { entity: Entity::Session, .. })));
    assert_eq!(db.store.open_sessions(at(42)).await.unwrap().len(), 2);
    let except = Some("s3".to_owned());
    db.must(Change::EndSessionsOf { account_id: "a1".to_owned(), except, at: at(43) }).await;
    let open = db.store.open_sessions(at(44)).await.unwrap();
    assert_eq!(open.iter().map(|session| session.id.as_str()).collect::<Vec<_>>(), ["s3"]);
    assert!(db.store.open_sessions(at(90)).await.unwrap().is_empty(), "its time is over");
}

async fn disabled_account_loses_sessions_links_and_password(db: Database) {
    db.must(Change::AddAccount(account("a1", "meier"))).await;
    db.must(Change::StartSession(session("s1", 1))).await;
    db.must(Change::AddLoginLink(link(1, "a1"))).await;
    db.must(Change::DisableAccount { id: "a1".to_owned(), at: at(31) }).await;
    assert!(db.store.open_sessions(at(32)).await.unwrap().is_empty());
    assert_eq!(db.store.account("a1").await.unwrap().unwrap().password_hash, None);
    let refused = [
        Change::UseLoginLink { secret_hash: [1; 32], at: at(12) },
        Change::StartSession(session("s2", 2)),
        Change::SetAccountPassword { id: "a1".to_owned(), password_hash: "x".to_owned() },
        Change::DisableAccount { id: "a1".to_owned(), at: at(33) },
    ];
    for change in refused {
        assert!(db.commit(vec![change.clone()]).await.is_err(), "{change:?}");
    }
}

fn vouched(id: &str, name: &str, issuer: &str) -> Account {
    let identity = Identity { issuer: issuer.to_owned(), subject: "anna".to_owned() };
    Account { identity: Some(identity), password_hash: None, ..account(id, name) }
}

async fn identity_is_found_by_issuer_and_subject_and_there_once(db: Database) {
    db.must(Change::AddAccount(account("a1", "meier"))).await;
    db.must(Change::AddAccount(account("a2", "okafor"))).await;
    let anna = vouched("a3", "anna@clinic", "https://idp.clinic.example");
    db.must(Change::AddAccount(anna.clone())).await;
    let of_another = vouched("a4", "anna@partner", "https://idp.partner.example");
    db.must(Change::AddAccount(of_another.clone())).await;
    for known in [anna.clone(), of_another] {
        let found = db.store.account_of(known.identity.as_ref().unwrap()).await.unwrap();
        assert_eq!(found, Some(known));
    }
    let again = Account { id: "a5".to_owned(), name: "anna2".to_owned(), ..anna };
    let refused = db.commit(vec![Change::AddAccount(again)]).await;
    assert!(matches!(refused, Err(Refusal::AlreadyExists { entity: Entity::Account, .. })));
}

async fn one_of_many_gets_to_ask_the_provider_again(db: Database) {
    db.must(Change::AddAccount(account("a1", "meier"))).await;
    db.must(Change::StartSession(session("s1", 1))).await;
    let said = |sealed: &[u8], vouched, recheck| Vouching {
        session_id: "s1".to_owned(),
        sealed_tokens: sealed.to_vec(),
        vouched_at: at(vouched),
        recheck_at: at(recheck),
    };
    let first = said(b"one", 30, 40);
    db.must(Change::AddVouching(first.clone())).await;
    assert_eq!(db.store.vouching("s1").await.unwrap(), Some(first.clone()));
    assert!(db.store.claim_recheck(&first, at(45)).await.unwrap());
    assert!(!db.store.claim_recheck(&first, at(45)).await.unwrap(), "another was faster");
    let renewed = said(b"two", 41, 51);
    db.store.renew_vouching(&renewed).await.unwrap();
    assert_eq!(db.store.vouching("s1").await.unwrap(), Some(renewed));
    assert_eq!(db.store.vouching("s2").await.unwrap(), None);
}

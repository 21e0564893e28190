use cloister_store::{Change, Entity, Refusal, SecondFactor};

use crate::accounts::{account, session};
use crate::backends::{Database, on_both_databases};
use crate::rows::at;

on_both_databases!(
    what_is_offered_counts_once_it_is_confirmed_and_is_then_not_offered_over,
    code_of_a_time_step_is_accepted_once_and_none_before_it,
    recovery_code_works_once,
    second_factor_that_is_removed_leaves_nothing_and_can_be_set_again,
    disabled_account_has_no_second_factor,
);

fn offered(account_id: &str, secret: &[u8]) -> SecondFactor {
    SecondFactor {
        account_id: account_id.to_owned(),
        sealed_secret: secret.to_vec(),
        offered_at: at(10),
        set_at: None,
        last_step: None,
    }
}

fn set(offered: &SecondFactor, step: u64) -> Change {
    let recovery_codes = vec![[1; 32], [2; 32]];
    Change::SetSecondFactor { offered: offered.clone(), step, recovery_codes, at: at(11) }
}

fn use_step(step: u64) -> Change {
    Change::UseSecondFactorStep { account_id: "a1".to_owned(), step }
}

fn use_code(code: u8) -> Change {
    Change::UseRecoveryCode { account_id: "a1".to_owned(), code_hash: [code; 32], at: at(12) }
}

fn remove() -> Change {
    Change::RemoveSecondFactor { account_id: "a1".to_owned() }
}

/// Account `a1` with a second factor whose first code was of step 100.
async fn with_second_factor(db: &Database) {
    db.must(Change::AddAccount(account("a1", "meier"))).await;
    let offered = offered("a1", b"sealed");
    assert!(db.store.offer_second_factor(&offered).await.unwrap());
    db.must(set(&offered, 100)).await;
}

async fn what_is_offered_counts_once_it_is_confirmed_and_is_then_not_offered_over(db: Database) {
    for (id, name) in [("a1", "meier"), ("a2", "okafor")] {
        db.must(Change::AddAccount(account(id, name))).await;
    }
    let (first, second) = (offered("a1", b"one"), offered("a1", b"two"));
    for offered in [&first, &second] {
        assert!(db.store.offer_second_factor(offered).await.unwrap());
    }
    assert_eq!(db.store.second_factor("a1").await.unwrap(), Some(second.clone()));
    assert_eq!(db.store.account("a1").await.unwrap().unwrap().second_factor_at, None, "only offered");
    let refused = db.commit(vec![set(&first, 100)]).await;
    assert!(matches!(refused, Err(Refusal::NotFound { entity: Entity::SecondFactor, .. })), "not the last");
    assert!(db.commit(vec![use_step(100)]).await.is_err(), "it is not asked for yet");
    db.must(set(&second, 100)).await;
    assert!(db.commit(vec![set(&second, 101)]).await.is_err(), "it is set");
    assert!(!db.store.offer_second_factor(&first).await.unwrap(), "the one that is set stays");

    let now = db.store.second_factor("a1").await.unwrap().unwrap();
    assert_eq!(
        (now.sealed_secret.as_slice(), now.set_at, now.last_step),
        (&b"two"[..], Some(at(11)), Some(100))
    );
    let all = db.store.accounts().await.unwrap();
    assert_eq!(all.iter().map(|a| a.second_factor_at).collect::<Vec<_>>(), [Some(at(11)), None]);
    assert_eq!(db.store.account_by_name("meier").await.unwrap().unwrap().second_factor_at, Some(at(11)));
    assert_eq!(db.store.second_factor("a2").await.unwrap(), None);
}

async fn code_of_a_time_step_is_accepted_once_and_none_before_it(db: Database) {
    with_second_factor(&db).await;
    for (step, good) in
        [(100, false), (99, false), (101, true), (101, false), (100, false), (103, true), (102, false)]
    {
        let used = db.commit(vec![use_step(step)]).await;
        assert_eq!(used.is_ok(), good, "{step}: {used:?}");
        if let Err(refused) = used {
            assert!(
                matches!(refused, Refusal::AlreadyUsed { entity: Entity::SecondFactor, .. }),
                "{refused}"
            );
        }
    }
    // A session that does not begin uses no code.
    let changes = vec![use_step(104), Change::StartSession(session("s1", 1))];
    assert!(db.commit([changes.clone(), vec![use_code(9)]].concat()).await.is_err());
    assert!(db.commit(changes).await.is_ok());
}

async fn recovery_code_works_once(db: Database) {
    with_second_factor(&db).await;
    assert_eq!(db.store.recovery_codes_left("a1").await.unwrap().len(), 2);
    db.must(use_code(1)).await;
    for used in [use_code(1), use_code(3)] {
        let refused = db.commit(vec![used]).await;
        assert!(
            matches!(refused, Err(Refusal::AlreadyUsed { entity: Entity::RecoveryCode, .. })),
            "{refused:?}"
        );
    }
    assert_eq!(db.store.recovery_codes_left("a1").await.unwrap(), [[2; 32]]);
}

async fn second_factor_that_is_removed_leaves_nothing_and_can_be_set_again(db: Database) {
    db.must(Change::AddAccount(account("a1", "meier"))).await;
    let first = offered("a1", b"one");
    assert!(db.store.offer_second_factor(&first).await.unwrap());
    let refused = db.commit(vec![remove()]).await;
    assert!(matches!(refused, Err(Refusal::NotFound { entity: Entity::SecondFactor, .. })), "only offered");
    db.must(set(&first, 100)).await;
    db.must(remove()).await;
    assert_eq!(db.store.second_factor("a1").await.unwrap(), None);
    assert!(db.store.recovery_codes_left("a1").await.unwrap().is_empty());
    assert!(db.store.offer_second_factor(&first).await.unwrap());
    db.must(set(&first, 7)).await;
    assert_eq!(db.store.second_factor("a1").await.unwrap().unwrap().last_step, Some(7));
}

async fn disabled_account_has_no_second_factor(db: Database) {
    with_second_factor(&db).await;
    db.must(Change::DisableAccount { id: "a1".to_owned(), at: at(20) }).await;
    assert_eq!(db.store.second_factor("a1").await.unwrap(), None);
    assert!(db.store.recovery_codes_left("a1").await.unwrap().is_empty());
    let late = offered("a1", b"late");
    db.store.offer_second_factor(&late).await.unwrap();
    assert!(db.commit(vec![set(&late, 1)]).await.is_err(), "it can set none");
}

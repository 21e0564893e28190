//! Records and changes: both durable, or neither there.

use cloister_evidence::commitment::Salt;
use cloister_evidence::record::{Kind, Record};
use cloister_ledger::{ExportError, LedgerError, Selection};
use cloister_store::{Change, Key, KeyRole, Refusal};
use jiff::Timestamp;

use crate::drafts;
use crate::rig::{Rig, Running, on_both_databases};

on_both_databases!(
    change_and_its_record_are_both_there,
    refused_change_leaves_neither_record_nor_part_of_itself,
    request_is_closed_once_and_only_after_it_was_opened,
    same_id_is_written_once,
    requests_left_open_are_interrupted_before_the_ledger_starts,
    whole_log_and_chosen_records_can_be_exported,
    record_that_is_not_acceptable_is_refused_alone,
    salts_open_what_the_record_commits_to,
    stopped_ledger_takes_no_more,
);

fn key(id: &str) -> Key {
    Key {
        id: id.to_owned(),
        name: "ward-3".to_owned(),
        secret_hash: [id.len() as u8; 32],
        role: KeyRole::Inference,
        models: Vec::new(),
        tenant: None,
        last_used_at: None,
        created_at: Timestamp::from_second(1_790_000_000).unwrap(),
        expires_at: None,
        revoked_at: None,
    }
}

async fn kinds(running: &Running) -> Vec<String> {
    running.rows().await.into_iter().map(|row| row.kind).collect()
}

async fn change_and_its_record_are_both_there(rig: Rig) {
    let running = rig.start().await;
    let change = Change::AddKey(key("key-7"));
    let written =
        running.ledger.change(vec![change], drafts::about_key(Kind::KeyCreated, "key-7")).await.unwrap();
    assert_eq!(running.store.key("key-7").await.unwrap(), Some(key("key-7")));
    let row = running.store.record(&written.id).await.unwrap().unwrap();
    assert_eq!((row.seq, row.kind.as_str()), (written.seq, "key.created"));
    assert_eq!(row.subject_id.as_deref(), Some("key-7"));
    running.stop().await;
}

async fn refused_change_leaves_neither_record_nor_part_of_itself(rig: Rig) {
    let running = rig.start().await;
    let changes = vec![
        Change::AddKey(key("key-7")),
        Change::RevokeKey { id: "nobody".to_owned(), at: Timestamp::UNIX_EPOCH },
    ];
    let refused = running.ledger.change(changes, drafts::about_key(Kind::KeyCreated, "key-7")).await;
    assert!(matches!(refused, Err(LedgerError::Refused(Refusal::NotFound { .. }))), "{refused:?}");
    assert_eq!(running.store.keys().await.unwrap(), []);
    assert_eq!(kinds(&running).await, ["controller.started"]);
    running.stop().await;
}

async fn request_is_closed_once_and_only_after_it_was_opened(rig: Rig) {
    let running = rig.start().await;
    let ledger = &running.ledger;
    let request = ledger.new_record_id();
    let too_early = ledger.record(ledger.new_record_id(), drafts::completed(&request)).await;
    assert!(matches!(too_early, Err(LedgerError::Refused(Refusal::NotOpen { .. }))));
    ledger.record(request.clone(), drafts::requested()).await.unwrap();
    ledger.record(ledger.new_record_id(), drafts::completed(&request)).await.unwrap();
    let twice = ledger.record(ledger.new_record_id(), drafts::completed(&request)).await;
    assert!(matches!(twice, Err(LedgerError::Refused(Refusal::NotOpen { .. }))));
    assert_eq!(running.store.open_requests().await.unwrap(), []);
    running.stop().await;
}

async fn same_id_is_written_once(rig: Rig) {
    let running = rig.start().await;
    let id = running.ledger.new_record_id();
    running.ledger.record(id.clone(), drafts::requested()).await.unwrap();
    let again = running.ledger.record(id, drafts::requested()).await;
    assert!(matches!(again, Err(LedgerError::Refused(Refusal::AlreadyExists { .. }))));
    running.stop().await;
}

async fn requests_left_open_are_interrupted_before_the_ledger_starts(rig: Rig) {
    let running = rig.start().await;
    let request = running.ledger.new_record_id();
    running.ledger.record(request.clone(), drafts::requested()).await.unwrap();
    running.stop().await;

    let running = rig.start().await;
    let row = running.store.closing_record(&request).await.unwrap().unwrap();
    let record = Record::parse(&row.leaf).unwrap();
    assert_eq!(record.draft.kind, Kind::InferenceInterrupted);
    assert_eq!(record.draft.reason.as_deref(), Some("controller_restarted"));
    assert_eq!(record.draft.inference, drafts::requested().inference);
    assert_eq!(
        kinds(&running).await,
        [
            "controller.started",
            "inference.requested",
            "controller.stopped",
            "controller.started",
            "inference.interrupted"
        ]
    );
    running.stop().await;
}

async fn whole_log_and_chosen_records_can_be_exported(rig: Rig) {
    let running = rig.start().await;
    let request = running.ledger.new_record_id();
    running.ledger.record(request.clone(), drafts::requested()).await.unwrap();
    running.ledger.record(running.ledger.new_record_id(), drafts::completed(&request)).await.unwrap();
    for (selection, records) in [(Selection::Log, 3), (Selection::Records(vec![request]), 2)] {
        assert_eq!(running.verify(selection).await.records, records);
    }
    let unknown = running.ledger.export(Selection::Records(vec!["nothing".to_owned()])).await;
    assert!(matches!(unknown, Err(ExportError::NoRecord { id }) if id == "nothing"));
    running.stop().await;
}

async fn record_that_is_not_acceptable_is_refused_alone(rig: Rig) {
    let running = rig.start().await;
    let ledger = &running.ledger;
    let mut endless = drafts::requested();
    endless.reason = Some("x".repeat(10_000));
    let mut stray_intent = drafts::requested();
    stray_intent.intent = Some(ledger.new_record_id());
    let cases = [
        (ledger.new_record_id(), endless),
        (ledger.new_record_id(), stray_intent),
        ("not-a-ulid".to_owned(), drafts::requested()),
    ];
    for (id, draft) in cases {
        let refused = ledger.record(id, draft).await;
        assert!(matches!(refused, Err(LedgerError::Invalid { .. })), "{refused:?}");
    }
    assert_eq!(kinds(&running).await, ["controller.started"]);
    running.stop().await;
}

async fn salts_open_what_the_record_commits_to(rig: Rig) {
    let running = rig.start().await;
    let id = running.ledger.new_record_id();
    let salts = vec![("prompt", Salt([7; 32])), ("output", Salt([8; 32]))];
    running.ledger.record_with_salt(id.clone(), drafts::requested(), salts).await.unwrap();
    let stored = running.store.salts(&id).await.unwrap();
    let stored: Vec<_> = stored.iter().map(|salt| (salt.name.as_str(), salt.salt)).collect();
    assert_eq!(stored, [("output", [8; 32]), ("prompt", [7; 32])]);
    running.stop().await;
}

async fn stopped_ledger_takes_no_more(rig: Rig) {
    let running = rig.start().await;
    let ledger = running.ledger.clone();
    running.stop().await;
    let late = ledger.record(ledger.new_record_id(), drafts::requested()).await;
    assert!(matches!(late, Err(LedgerError::Closed)), "{late:?}");
}

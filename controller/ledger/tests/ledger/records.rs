//! Records and changes: both durable, or neither there.

use cloister_evidence::record::{Kind, Record};
use cloister_ledger::{LedgerError, Selection};
use cloister_store::{Change, Key, KeyRole, RecordQuery, Refusal};
use jiff::Timestamp;
use tokio_stream::StreamExt as _;

use crate::drafts;
use crate::rig::{Rig, Running};

fn key(id: &str) -> Key {
    Key {
        id: id.to_owned(),
        name: "ward-3".to_owned(),
        secret_hash: [id.len() as u8; 32],
        role: KeyRole::Inference,
        models: Vec::new(),
        created_at: Timestamp::from_second(1_790_000_000).unwrap(),
        expires_at: None,
        revoked_at: None,
    }
}

async fn kinds(running: &Running) -> Vec<String> {
    let query = RecordQuery { limit: 1_000, ..RecordQuery::default() };
    let mut rows = running.store.records(&query).await.unwrap();
    rows.reverse();
    rows.into_iter().map(|row| row.kind).collect()
}

#[tokio::test]
async fn change_and_its_record_are_both_there() {
    let rig = Rig::new();
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

#[tokio::test]
async fn refused_change_leaves_neither_record_nor_part_of_itself() {
    let rig = Rig::new();
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

#[tokio::test]
async fn request_is_closed_once_and_only_after_it_was_opened() {
    let rig = Rig::new();
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

#[tokio::test]
async fn same_id_is_written_once() {
    let rig = Rig::new();
    let running = rig.start().await;
    let id = running.ledger.new_record_id();
    running.ledger.record(id.clone(), drafts::requested()).await.unwrap();
    let again = running.ledger.record(id, drafts::requested()).await;
    assert!(matches!(again, Err(LedgerError::Refused(Refusal::AlreadyExists { .. }))));
    running.stop().await;
}

#[tokio::test]
async fn requests_left_open_are_interrupted_before_the_ledger_starts() {
    let rig = Rig::new();
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

#[tokio::test]
async fn whole_log_and_chosen_records_can_be_exported() {
    let rig = Rig::new();
    let running = rig.start().await;
    let request = running.ledger.new_record_id();
    running.ledger.record(request.clone(), drafts::requested()).await.unwrap();
    running.ledger.record(running.ledger.new_record_id(), drafts::completed(&request)).await.unwrap();
    for (selection, lines) in [(Selection::Log, 7), (Selection::Records(vec![request]), 5)] {
        let stream = running.ledger.export(selection).await.unwrap();
        let pieces: Vec<_> = stream.map(Result::unwrap).collect().await;
        assert_eq!(pieces.concat().iter().filter(|byte| **byte == b'\n').count(), lines);
    }
    running.stop().await;
}

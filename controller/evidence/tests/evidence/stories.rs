//! What a good file shows, and the stories that a holder of the log key could sign but not make true.

use cloister_evidence::{
    file::EvidenceKind,
    record::{Kind, Record},
    tell::tell,
    verify::Failure,
};

use crate::sample::{SampleLog, completed, interrupted, requested, system};

#[test]
fn whole_log_is_accepted_with_counts_and_its_open_inference() {
    let log = SampleLog::first_minute();
    let report = log.verify(&log.log_file()).unwrap();
    assert_eq!((report.kind, report.records, report.tree_size), (EvidenceKind::Log, 9, 9));
    assert_eq!((report.inference_pairs, report.inferences_open, report.inferences_abandoned), (2, 1, 0));
    assert_eq!(report.counts["inference.requested"], 3);
    assert_eq!(report.counts.values().sum::<u64>(), 9);
    assert_eq!(report.origin, "cloister/fleet-sample");
    assert!(report.notes.iter().any(|note| note.contains("running when")), "{:?}", report.notes);
    assert!(report.not_proved.iter().any(|sentence| sentence.contains("witness")));
}

#[test]
fn chosen_records_are_accepted_and_their_limits_are_said() {
    let log = SampleLog::first_minute();
    let report = log.verify(&log.records_file(&[4, 6, 7])).unwrap();
    assert_eq!((report.kind, report.records, report.tree_size), (EvidenceKind::Records, 3, 9));
    assert_eq!((report.inference_pairs, report.closings_without_request), (1, 1));
    assert!(report.not_proved.iter().any(|sentence| sentence.contains("chosen")));
}

#[test]
fn a_log_of_every_size_up_to_seventy_verifies_whole_and_record_by_record() {
    let mut log = SampleLog::empty();
    for size in 1..70 {
        log.push(system(Kind::ControllerStarted));
        assert!(log.verify(&log.log_file()).is_ok(), "size {size}");
        let all: Vec<u64> = (0..size).collect();
        assert!(log.verify(&log.records_file(&all)).is_ok(), "size {size}");
    }
}

#[test]
fn empty_evidence_is_insufficient_not_fine() {
    let empty = SampleLog::empty();
    assert!(matches!(empty.verify(&empty.log_file()), Err(Failure::Insufficient(_))));
    let log = SampleLog::first_minute();
    assert!(matches!(log.verify(&log.records_file(&[])), Err(Failure::Insufficient(_))));
}

/// Appends a request and whatever `lie` makes of it; returns why the log is refused.
fn refusal(lie: impl FnOnce(&mut SampleLog, String)) -> String {
    let mut log = SampleLog::empty();
    log.push(system(Kind::FleetCreated));
    let id = log.push(requested("prompt"));
    lie(&mut log, id);
    log.verify(&log.log_file()).unwrap_err().to_string()
}

/// Appends the record of `draft` after `alter` changed it.
fn push_altered(
    log: &mut SampleLog,
    draft: cloister_evidence::record::Draft,
    alter: impl FnOnce(&mut Record),
) {
    let mut record = log.next_record(draft);
    alter(&mut record);
    log.push_leaf(record.to_leaf().unwrap());
}

#[test]
fn an_answer_from_another_model_than_asked_is_refused() {
    let refused = refusal(|log, id| {
        push_altered(log, completed(&id, "prompt"), |record| {
            record.draft.inference.as_mut().unwrap().model_digest = format!("sha256:{}", "0".repeat(64));
        });
    });
    assert!(
        refused.starts_with(
            "record 2 (line 6): this record and the request it closes differ in the model digest"
        ),
        "{refused}"
    );
}

#[test]
fn an_answer_to_another_prompt_or_with_other_sampling_is_refused() {
    let other_prompt = refusal(|log, id| {
        log.push(completed(&id, "another prompt"));
    });
    assert!(other_prompt.contains("differ in the prompt commitment"), "{other_prompt}");
    let other_sampling = refusal(|log, id| {
        push_altered(log, completed(&id, "prompt"), |record| {
            record.draft.inference.as_mut().unwrap().params.seed = "8".into();
        });
    });
    assert!(other_sampling.contains("differ in sampling parameters"), "{other_sampling}");
}

#[test]
fn an_inference_closed_twice_or_never_asked_is_refused() {
    let twice = refusal(|log, id| {
        log.push(completed(&id, "prompt"));
        log.push(interrupted(&id, "prompt"));
    });
    assert!(twice.starts_with("record 3 (line 8): this record closes a request that is not open"), "{twice}");
    let never = refusal(|log, _| {
        log.push(completed("01JD9Z3V5K8Q2R7M4N6P0T1W9X", "prompt"));
    });
    assert!(never.contains("not open"), "{never}");
}

#[test]
fn a_completion_that_names_no_request_or_no_answer_is_refused() {
    let nameless = refusal(|log, id| {
        push_altered(log, completed(&id, "prompt"), |record| record.draft.intent = None);
    });
    assert!(nameless.contains("does not say which"), "{nameless}");
    let silent = refusal(|log, id| {
        push_altered(log, completed(&id, "prompt"), |record| record.draft.inference = None);
    });
    assert!(silent.contains("says nothing about the answer"), "{silent}");
}

#[test]
fn a_controller_clock_that_runs_backwards_and_a_controller_that_had_stopped_are_refused() {
    let backwards = refusal(|log, _| {
        push_altered(log, system(Kind::ControllerStopped), |record| record.mono_us = 1);
    });
    assert!(backwards.contains("clock runs backwards"), "{backwards}");
    let returning = refusal(|log, _| {
        log.push(system(Kind::ControllerStopped));
        push_altered(log, system(Kind::ControllerStarted), |record| record.boot = "boot-2".into());
        log.push(system(Kind::AuditExported));
    });
    assert!(returning.starts_with("record 4") && returning.contains("had stopped"), "{returning}");
}

#[test]
fn controllers_that_write_at_the_same_time_are_accepted_each_with_its_own_clock() {
    let mut log = SampleLog::empty();
    let id = log.push(requested("prompt"));
    // Started later: its clock is behind the other's all the time.
    for (mono_us, draft) in [(1, system(Kind::ControllerStarted)), (2, completed(&id, "prompt"))] {
        push_altered(&mut log, draft, |record| (record.boot, record.mono_us) = ("boot-2".into(), mono_us));
        log.push(system(Kind::AuditExported));
    }
    let report = log.verify(&log.log_file()).unwrap();
    assert_eq!((report.records, report.inference_pairs), (5, 1));
    assert!(report.checked.iter().any(|checked| checked.starts_with("2 controller processes wrote")));
    assert!(log.verify(&log.records_file(&[0, 1, 2, 3, 4])).is_ok());
    push_altered(&mut log, system(Kind::AuditExported), |record| {
        (record.boot, record.mono_us) = ("boot-2".into(), 1);
    });
    let refused = log.verify(&log.log_file()).unwrap_err().to_string();
    assert!(refused.contains("clock runs backwards"), "{refused}");
}

#[test]
fn records_of_another_log_number_or_shape_are_refused() {
    type Case = (&'static str, fn(&mut Record), &'static str);
    let alterations: [Case; 4] = [
        ("log", |record| record.log = "cloister/other".into(), "belongs to another log"),
        ("seq", |record| record.seq = 7, "another record stands in this place"),
        ("id", |record| record.id = "not-a-ulid".into(), "not a ULID"),
        ("time", |record| record.time = "yesterday".into(), "not an RFC 3339 time"),
    ];
    for (case, alter, reason) in alterations {
        let refused = refusal(|log, _| push_altered(log, system(Kind::ControllerStopped), alter));
        assert!(refused.contains(reason), "{case}: {refused}");
    }
    let prose = refusal(|log, _| log.push_leaf(b"a note to myself".to_vec()));
    assert!(prose.contains("this is not a record"), "{prose}");
}

#[test]
fn an_inference_left_open_by_a_stopped_controller_is_pointed_out() {
    let mut log = SampleLog::empty();
    log.push(requested("prompt"));
    log.push(system(Kind::ControllerStopped));
    log.boot = "boot-2".into();
    log.push(system(Kind::ControllerStarted));
    let report = log.verify(&log.log_file()).unwrap();
    assert_eq!((report.inferences_open, report.inferences_abandoned), (1, 1));
    assert!(report.notes.iter().any(|note| note.contains("another one must close")), "{:?}", report.notes);
}

#[test]
fn a_record_is_told_in_sentences_without_control_characters() {
    let log = SampleLog::first_minute();
    let mut record = Record::parse(&log.leaves[6]).unwrap();
    record.draft.actor.name = Some("evil\u{1b}[2Jname\u{202e}".into());
    let told = tell(&record);
    assert!(
        told.contains(
            "API key \"evil\u{FFFD}[2Jname\u{FFFD}\" (key-ward-3) from 10.20.4.17 got the whole answer"
        ),
        "{told}"
    );
    assert!(told.contains("Model smol (sha256:17f43937"), "{told}");
    assert!(told.contains("Answer: 3 tokens"), "{told}");
    assert!(!told.chars().any(|character| character.is_control() && character != '\n'));
}

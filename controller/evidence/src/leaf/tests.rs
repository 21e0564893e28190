use proptest::prelude::*;

use super::*;
use crate::record::{Actor, ActorKind, Draft, Inference, Kind, Outcome, Params};

fn record() -> Record {
    Record {
        v: RECORD_VERSION,
        log: "cloister/fleet-1".into(),
        seq: 3,
        id: "01JD9Z3V5K8Q2R7M4N6P0T1W9X".into(),
        time: "2026-11-22T13:45:10.131482912Z".into(),
        boot: "b7c1".into(),
        mono_us: 918_273,
        draft: Draft {
            kind: Kind::InferenceRequested,
            outcome: Outcome::Success,
            actor: Actor {
                kind: ActorKind::ApiKey,
                id: "key-1".into(),
                name: Some("Ärzte".into()),
                address: None,
            },
            subject: None,
            tenant: None,
            intent: None,
            inference: Some(Inference {
                operation: "chat".into(),
                params: Params {
                    temperature: 0.7,
                    top_p: 0.95,
                    seed: u64::MAX.to_string(),
                    ..Params::default()
                },
                ..Inference::default()
            }),
            change: None,
            reason: None,
        },
    }
}

fn leaf_text() -> String {
    String::from_utf8(record().to_leaf().unwrap()).unwrap()
}

#[test]
fn leaf_has_sorted_keys_no_spaces_and_reads_back_as_the_same_record() {
    let text = leaf_text();
    assert!(
        text.starts_with(r#"{"actor":{"id":"key-1","kind":"api_key","name":"Ärzte"},"boot":"b7c1","#),
        "{text}"
    );
    assert_eq!(Record::parse(text.as_bytes()).unwrap(), record());
}

#[test]
fn decimals_are_written_as_a_person_wrote_them() {
    assert!(leaf_text().contains(r#""temperature":0.7,"#), "{}", leaf_text());
    assert!(leaf_text().contains(r#""top_p":0.95}"#), "{}", leaf_text());
}

#[test]
fn rewritten_leaves_are_refused() {
    let text = leaf_text();
    let rewritten = [
        ("a space", text.replacen(',', ", ", 1)),
        ("an unknown field", text.replacen("\"boot\"", "\"bonus\":1,\"boot\"", 1)),
        ("an unknown nested field", text.replacen("\"id\":\"key-1\"", "\"id\":\"key-1\",\"jd\":1", 1)),
        ("a doubled field", text.replacen("\"boot\":\"b7c1\"", "\"boot\":\"b7c1\",\"boot\":\"b7c1\"", 1)),
        ("an explicit null", text.replacen("\"kind\":\"inf", "\"intent\":null,\"kind\":\"inf", 1)),
        ("a number in another spelling", text.replacen("918273", "918273.0", 1)),
        ("an escape", text.replacen("b7c1", "b7c\\u0031", 1)),
        ("a byte behind the end", format!("{text} ")),
        ("another version", text.replacen("\"v\":1", "\"v\":2", 1)),
        ("an unknown kind", text.replacen("inference.requested", "inference.forgotten", 1)),
    ];
    for (what, leaf) in rewritten {
        assert_ne!(leaf, text, "{what}");
        assert!(Record::parse(leaf.as_bytes()).is_err(), "{what} was accepted: {leaf}");
    }
}

#[test]
fn numbers_that_json_would_round_are_refused_instead_of_recorded_wrongly() {
    let mut late = record();
    late.mono_us = (1 << 53) + 1;
    let mut infinite = record();
    infinite.draft.inference.as_mut().unwrap().params.temperature = f32::INFINITY;
    let mut change = record();
    change.draft.change = Some([("memory_bytes".to_owned(), Value::from(u64::MAX))].into());
    for unfit in [late, infinite, change] {
        assert!(unfit.to_leaf().is_err(), "{unfit:?}");
    }
}

#[test]
fn oversized_records_are_refused_both_ways() {
    let mut large = record();
    large.draft.reason = Some("x".repeat(MAX_LEAF_BYTES));
    assert!(matches!(large.to_leaf(), Err(LeafError::TooLarge { .. })));
    assert!(matches!(Record::parse(&vec![b' '; MAX_LEAF_BYTES + 1]), Err(LeafError::TooLarge { .. })));
}

proptest! {
    #[test]
    fn any_finite_sampling_parameter_survives_the_leaf(temperature in proptest::num::f32::NORMAL | proptest::num::f32::ZERO) {
        let mut record = record();
        record.draft.inference.as_mut().unwrap().params.temperature = temperature;
        // Minus zero has no canonical spelling of its own.
        let leaf = record.to_leaf().unwrap();
        prop_assert_eq!(Record::parse(&leaf).unwrap(), record);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Record::parse(&bytes).is_err());
    }
}

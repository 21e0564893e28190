use cloister_evidence::record::{Actor, Inference, Outcome};

use super::*;

const NOON: &str = "2026-11-30T12:00:00.000000000Z";
const LATER: &str = "2026-11-30T12:00:09.000000000Z";
const NEXT_DAY: &str = "2026-12-01T00:00:00.000000000Z";

fn closing(kind: Kind, actor: ActorKind, tenant: Option<&str>, output_tokens: u32) -> Entry {
    let inference = Inference {
        deployment: "ward".to_owned(),
        prompt_tokens: Some(7),
        output_tokens: Some(output_tokens),
        total_time_us: Some(1_500),
        ..Inference::default()
    };
    Entry::new(Draft {
        kind,
        outcome: Outcome::Success,
        actor: Actor { kind: actor, id: "k1".to_owned(), name: Some("ehr".to_owned()), address: None },
        subject: None,
        tenant: tenant.map(str::to_owned),
        intent: Some("request".to_owned()),
        inference: Some(inference),
        change: None,
        reason: None,
    })
}

fn row(time: &str) -> RecordRow {
    RecordRow {
        seq: 0,
        id: String::new(),
        kind: String::new(),
        time: time.to_owned(),
        subject_id: None,
        tenant: None,
        intent: None,
        leaf: Vec::new(),
        leaf_hash: [0; 32],
    }
}

fn summed(records: &[(Entry, &str)]) -> Vec<Usage> {
    let rows: Vec<_> = records.iter().map(|(_, time)| row(time)).collect();
    let entries: Vec<_> = records.iter().map(|(entry, _)| entry).collect();
    used(entries.iter().zip(&rows))
}

#[test]
fn a_day_of_a_key_at_a_deployment_is_one_sum() {
    let sums = summed(&[
        (closing(Kind::InferenceCompleted, ActorKind::ApiKey, None, 10), LATER),
        (closing(Kind::InferenceInterrupted, ActorKind::ApiKey, None, 3), NOON),
    ]);
    let [sum] = sums.as_slice() else { panic!("{sums:?}") };
    assert_eq!((sum.requests, sum.interrupted), (2, 1));
    assert_eq!((sum.prompt_tokens, sum.output_tokens, sum.time_us), (14, 13, 3_000));
    assert_eq!(
        (sum.day.as_str(), sum.actor_kind.as_str(), sum.actor_name.as_str()),
        ("2026-11-30", "api_key", "ehr")
    );
    assert_eq!(sum.last_at, LATER.parse().unwrap());
}

#[test]
fn days_tenants_and_kinds_of_callers_are_apart() {
    let of = |actor, tenant| closing(Kind::InferenceCompleted, actor, tenant, 1);
    let sums = summed(&[
        (of(ActorKind::ApiKey, None), NOON),
        (of(ActorKind::ApiKey, None), NEXT_DAY),
        (of(ActorKind::ApiKey, Some("cardiology")), NOON),
        (of(ActorKind::Account, None), NOON),
    ]);
    assert_eq!(sums.iter().map(|sum| sum.requests).collect::<Vec<_>>(), [1; 4]);
}

#[test]
fn what_ends_no_request_or_was_ended_by_the_controller_is_nobodys_use() {
    let none = summed(&[
        (closing(Kind::InferenceRequested, ActorKind::ApiKey, None, 1), NOON),
        (closing(Kind::InferenceDenied, ActorKind::ApiKey, None, 1), NOON),
        (closing(Kind::InferenceInterrupted, ActorKind::System, None, 1), NOON),
    ]);
    assert_eq!(none, []);
}

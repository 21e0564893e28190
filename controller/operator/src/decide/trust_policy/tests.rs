use serde_json::{Value, json};

use super::*;
use crate::fleet_api::LastChange;

const ORIGIN: &str = "kubernetes/TrustPolicy/ns/acme/u1";

fn pem() -> String {
    cloister_provenance::keygen().unwrap().public_pem
}

fn object(pem: &str, change: impl FnOnce(&mut Value)) -> TrustPolicy {
    let mut object = json!({
        "apiVersion": "fleet.cloister.dev/v1alpha1", "kind": "TrustPolicy",
        "metadata": { "name": "acme", "uid": "u1", "generation": 1, "finalizers": [crate::crd::FINALIZER] },
        "spec": { "rules": [{ "models": ["smol*"], "signers": [{ "name": "acme", "publicKey": pem }] }] }
    });
    change(&mut object);
    serde_json::from_value(object).unwrap()
}

fn found(object: &TrustPolicy, revision: u64) -> cloister_api::TrustPolicy {
    cloister_api::TrustPolicy {
        name: "acme".into(),
        rules: request(object).rules,
        revision,
        updated_at: String::new(),
        record_id: None,
    }
}

fn seen<'a>(object: &'a TrustPolicy, found: Option<&'a cloister_api::TrustPolicy>) -> Seen<'a> {
    Seen {
        object,
        found,
        author: Author::Unasked,
        trouble: None,
        origin: ORIGIN,
        now: jiff::Timestamp::UNIX_EPOCH,
    }
}

fn reasons(decision: Decision) -> (String, String, TrustPolicyStatus) {
    let Verdict::Report(status) = decision else { panic!("a report was expected: {decision:?}") };
    (status.conditions[0].reason.clone(), status.conditions[1].reason.clone(), *status)
}

#[test]
fn a_key_that_cannot_be_read_is_named_by_rule_and_signer() {
    let object = object(&pem(), |o| {
        let mut bad = o["spec"]["rules"][0].clone();
        bad["signers"][0]["publicKey"] =
            json!("-----BEGIN PUBLIC KEY-----\nnonsense\n-----END PUBLIC KEY-----\n");
        o["spec"]["rules"].as_array_mut().unwrap().push(bad);
    });
    let (ready, _, status) = reasons(decide(&seen(&object, None)));
    assert_eq!(ready, "InvalidKey");
    assert!(status.conditions[0].message.contains("spec.rules[1].signers[0].publicKey"), "{status:?}");
}

#[test]
fn a_policy_is_put_noted_and_kept_in_step() {
    let object = object(&pem(), |_| {});
    let Verdict::Act(Action::Put { expected_revision: 0, .. }) = decide(&seen(&object, None)) else {
        panic!("created")
    };
    let theirs = found(&object, 3);
    let (ready, in_sync, status) = reasons(decide(&seen(&object, Some(&theirs))));
    assert_eq!(
        (ready.as_str(), in_sync.as_str(), status.revision, status.rules),
        ("InForce", "InSync", Some(3), 1)
    );
}

#[test]
fn a_policy_changed_elsewhere_is_shown_and_not_fought() {
    let object =
        object(&pem(), |o| o["status"] = json!({ "revision": 3, "appliedGeneration": 1, "rules": 1 }));
    let narrowed = cloister_api::TrustPolicy { rules: Vec::new(), ..found(&object, 5) };
    assert_eq!(decide(&seen(&object, Some(&narrowed))), Verdict::Act(Action::AskWho { revision: 5 }));
    let who = LastChange { by: "key ops".into(), at: "then".into(), record_id: "r1".into() };
    let asked = Seen { author: Author::Asked(Some(&who)), ..seen(&object, Some(&narrowed)) };
    let (ready, in_sync, status) = reasons(decide(&asked));
    assert_eq!((ready.as_str(), in_sync.as_str()), ("NotApplied", "ChangedElsewhere"));
    assert!(status.conditions[1].message.contains("key ops"));
    let edited = TrustPolicy {
        metadata: kube::api::ObjectMeta { generation: Some(2), ..object.metadata.clone() },
        ..object.clone()
    };
    assert!(matches!(
        decide(&seen(&edited, Some(&narrowed))),
        Verdict::Act(Action::Put { expected_revision: 5, .. })
    ));
    let (_, in_sync, _) = reasons(decide(&seen(&object, None)));
    assert_eq!(in_sync, "RemovedElsewhere");
}

#[test]
fn a_deleted_policy_is_withdrawn_before_the_object_goes() {
    let leaving = |o: &mut Value| o["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let ours = object(&pem(), |o| {
        leaving(o);
        o["status"] = json!({ "revision": 3, "appliedGeneration": 1 });
    });
    let in_force = found(&ours, 3);
    assert_eq!(decide(&seen(&ours, Some(&in_force))), Verdict::Act(Action::Remove));
    assert_eq!(decide(&seen(&ours, None)), Verdict::Act(Action::Release));
    let theirs = object(&pem(), leaving);
    let other = found(&theirs, 3);
    let asked = Seen { author: Author::Asked(None), ..seen(&theirs, Some(&other)) };
    assert_eq!(decide(&asked), Verdict::Act(Action::Release), "somebody else's stays");
}

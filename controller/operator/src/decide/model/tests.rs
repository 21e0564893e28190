use cloister_api::ImportProblem;
use serde_json::{Value, json};

use super::*;
use crate::fleet_api::FleetError;

const DIGEST: &str = "sha256:aa";

fn object(change: impl FnOnce(&mut Value)) -> Model {
    let mut object = json!({
        "apiVersion": "fleet.cloister.dev/v1alpha1", "kind": "Model",
        "metadata": { "name": "smol", "uid": "u1", "generation": 1, "finalizers": [crate::crd::FINALIZER] },
        "spec": { "source": { "oci": { "reference": "r.example/m@sha256:ff" } } }
    });
    change(&mut object);
    serde_json::from_value(object).unwrap()
}

fn fleet_model(digest: &str, trusted: bool) -> cloister_api::Model {
    serde_json::from_value(json!({
        "name": "smol", "digest": digest, "architecture": "llama", "quantization": "Q4_1", "size_bytes": 7,
        "parameters": 1, "context_length": 2048, "signer_key_id": "k", "signer_name": "acme", "trusted": trusted,
        "imported_at": "x"
    }))
    .unwrap()
}

fn import_in(phase: ImportPhase, reason: Option<ImportReason>) -> Import {
    Import {
        id: "i1".into(),
        name: "smol".into(),
        source: ImportSource::Oci(OciSource { reference: "r.example/m@sha256:ff".into() }),
        expected_digest: None,
        phase,
        bytes_done: 57,
        bytes_total: Some(100),
        created_at: String::new(),
        ended_at: None,
        model_digest: Some(DIGEST.into()),
        problem: reason.map(|reason| ImportProblem { reason, detail: "because".into(), checks: Vec::new() }),
        record_id: Some("r9".into()),
    }
}

fn seen<'a>(
    object: &'a Model,
    found: Option<&'a cloister_api::Model>,
    import: Option<&'a Import>,
) -> Seen<'a> {
    Seen { object, found, import, users: &[], retry: false, trouble: None, now: jiff::Timestamp::UNIX_EPOCH }
}

#[track_caller]
fn says(decision: Decision, wanted: [&str; 4]) -> ModelStatus {
    let Verdict::Report(status) = decision else { panic!("a report was expected: {decision:?}") };
    let said: Vec<_> =
        status.conditions.iter().map(|c| format!("{}={}/{}", c.kind, c.status.as_str(), c.reason)).collect();
    assert_eq!(said, wanted);
    *status
}

#[test]
fn a_model_that_is_not_there_is_imported_with_what_the_object_says() {
    let object = object(|o| {
        o["spec"]["name"] = json!("smollm2");
        o["spec"]["digest"] = json!(DIGEST);
    });
    let Verdict::Act(Action::Import(import)) = decide(&seen(&object, None, None)) else {
        panic!("an import")
    };
    assert_eq!((import.name.as_str(), import.expected_digest.as_deref()), ("smollm2", Some(DIGEST)));
    assert!(matches!(import.source, ImportSource::Oci(oci) if oci.reference.ends_with("@sha256:ff")));
}

#[test]
fn an_import_is_followed_to_its_end() {
    let object = object(|_| {});
    let fetching = import_in(ImportPhase::Fetching, None);
    let status = says(
        decide(&seen(&object, None, Some(&fetching))),
        [
            "Fetched=False/Fetching",
            "Verified=Unknown/NotFetched",
            "Admitted=Unknown/NotVerified",
            "Ready=False/Fetching",
        ],
    );
    assert_eq!(status.progress.map(|p| p.fetched_bytes), Some(55), "in steps of a twentieth");
    let verifying = import_in(ImportPhase::Verifying, None);
    says(
        decide(&seen(&object, None, Some(&verifying))),
        [
            "Fetched=True/Fetched",
            "Verified=Unknown/Verifying",
            "Admitted=Unknown/NotVerified",
            "Ready=False/Verifying",
        ],
    );
    let (done, there) = (import_in(ImportPhase::Done, None), fleet_model(DIGEST, true));
    let status = says(
        decide(&seen(&object, Some(&there), Some(&done))),
        ["Fetched=True/Fetched", "Verified=True/Verified", "Admitted=True/Admitted", "Ready=True/Ready"],
    );
    assert_eq!((status.digest.as_deref(), status.size_bytes, status.progress), (Some(DIGEST), Some(7), None));
    assert_eq!(status.record_id.as_deref(), Some("r9"));
}

#[test]
fn every_end_of_an_import_has_its_reason() {
    use ImportReason::{FileAltered, NameTaken, SignerNotTrusted, SourceNotAllowed, SourceUnavailable};
    let object = object(|_| {});
    let cases = [
        (ImportPhase::Failed, SourceUnavailable, "FetchFailed"),
        (ImportPhase::Refused, SourceNotAllowed, "SourceRefused"),
        (ImportPhase::Refused, SignerNotTrusted, "SignerNotTrusted"),
        (ImportPhase::Refused, FileAltered, "Refused"),
        (ImportPhase::Refused, NameTaken, "NameTaken"),
    ];
    for (phase, reason, ready) in cases {
        let ended = import_in(phase, Some(reason));
        let Verdict::Report(status) = decide(&seen(&object, None, Some(&ended))) else {
            panic!("{reason:?}")
        };
        let said = status.conditions.iter().find(|c| c.kind == "Ready").unwrap();
        assert_eq!((said.reason.as_str(), said.message.contains("because")), (ready, true), "{reason:?}");
        let again = Seen { retry: true, ..seen(&object, None, Some(&ended)) };
        assert!(
            matches!(decide(&again), Verdict::Act(Action::Import(_))),
            "{reason:?} is tried again when told so"
        );
    }
}

#[test]
fn what_cannot_end_otherwise_is_not_fetched_again() {
    use ImportReason::{FileAltered, SignerNotTrusted, SourceUnavailable};
    let of = |reason| import_in(ImportPhase::Refused, Some(reason));
    assert!(may_end_otherwise(&of(SourceUnavailable)));
    assert!(!may_end_otherwise(&of(FileAltered)), "the reference names these bytes");
    let path = ImportSource::Path(PathSource { path: "m".into() });
    assert!(
        may_end_otherwise(&Import { source: path, ..of(FileAltered) }),
        "files at a path can be put right"
    );
    assert!(!may_end_otherwise(&of(SignerNotTrusted)) && waits_for_trust(&of(SignerNotTrusted)));
}

#[test]
fn a_model_of_that_name_is_adopted_only_if_it_is_known_to_be_the_one() {
    let (there, other) = (fleet_model(DIGEST, true), fleet_model("sha256:bb", true));
    let pinned = object(|o| o["spec"]["digest"] = json!(DIGEST));
    let Verdict::Report(status) = decide(&seen(&pinned, Some(&there), None)) else { panic!("adopted") };
    assert_eq!(status.digest.as_deref(), Some(DIGEST));
    says(
        decide(&seen(&pinned, Some(&other), None)),
        [
            "Fetched=False/NameTaken",
            "Verified=Unknown/NotFetched",
            "Admitted=False/NameTaken",
            "Ready=False/NameTaken",
        ],
    );
    let open = object(|_| {});
    assert!(
        matches!(decide(&seen(&open, Some(&there), None)), Verdict::Act(Action::Import(_))),
        "the source decides"
    );
}

#[test]
fn trust_that_is_withdrawn_and_models_that_are_removed_elsewhere_are_told() {
    let object = object(|o| o["status"] = json!({ "digest": DIGEST }));
    let untrusted = fleet_model(DIGEST, false);
    says(
        decide(&seen(&object, Some(&untrusted), None)),
        [
            "Fetched=True/Fetched",
            "Verified=True/Verified",
            "Admitted=False/SignerNotTrusted",
            "Ready=False/SignerNotTrusted",
        ],
    );
    says(
        decide(&seen(&object, None, None)),
        [
            "Fetched=True/Fetched",
            "Verified=True/Verified",
            "Admitted=False/RemovedElsewhere",
            "Ready=False/RemovedElsewhere",
        ],
    );
}

#[test]
fn a_model_waits_for_its_users_before_it_goes() {
    let leaving = |o: &mut Value| o["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let ours = object(|o| {
        leaving(o);
        o["status"] = json!({ "digest": DIGEST });
    });
    let (there, fetching) = (fleet_model(DIGEST, true), import_in(ImportPhase::Fetching, None));
    let used = Seen { users: &["ward", "desk"], ..seen(&ours, Some(&there), None) };
    let Verdict::Report(status) = decide(&used) else { panic!("it waits") };
    let said = status.conditions.iter().find(|c| c.kind == "Ready").unwrap();
    assert!(
        said.reason == "InUse" && said.message.contains("2 deployments that use it: ward, desk"),
        "{said:?}"
    );
    assert_eq!(
        decide(&seen(&ours, Some(&there), None)),
        Verdict::Act(Action::Remove { name: "smol".into() })
    );
    assert_eq!(
        decide(&seen(&ours, None, Some(&fetching))),
        Verdict::Act(Action::Cancel { import_id: "i1".into() })
    );
    assert_eq!(decide(&seen(&ours, None, None)), Verdict::Act(Action::Release), "gone already");
    let theirs = object(leaving);
    assert_eq!(
        decide(&seen(&theirs, Some(&there), None)),
        Verdict::Act(Action::Release),
        "somebody else's stays"
    );
    let trouble =
        Trouble { error: FleetError::new(cloister_api::ProblemKind::Unavailable, "no disk"), generation: 1 };
    let stuck = Seen { trouble: Some(&trouble), ..seen(&ours, Some(&there), None) };
    assert!(matches!(decide(&stuck), Verdict::Report(_)), "it is not asked again at once");
}

#[test]
fn a_model_that_was_retired_elsewhere_is_told_with_who_and_why() {
    let object = object(|_| {});
    let done = import_in(ImportPhase::Done, None);
    let mut retired = fleet_model(DIGEST, true);
    retired.approval = cloister_api::ModelApproval {
        approval: cloister_api::Approval::Retired,
        retired_by: Some("weber".into()),
        retired_because: Some("the new one is better".into()),
        ..Default::default()
    };
    let status = says(
        decide(&seen(&object, Some(&retired), Some(&done))),
        ["Fetched=True/Fetched", "Verified=True/Verified", "Admitted=False/Retired", "Ready=False/Retired"],
    );
    let said = &status.conditions[2].message;
    assert!(said.starts_with("weber retired it (the new one is better)"), "{said}");
    retired.approval.approval = cloister_api::Approval::Waiting;
    says(
        decide(&seen(&object, Some(&retired), Some(&done))),
        [
            "Fetched=True/Fetched",
            "Verified=True/Verified",
            "Admitted=False/WaitsForApproval",
            "Ready=False/WaitsForApproval",
        ],
    );
}

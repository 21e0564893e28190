mod scaling;

use std::collections::BTreeMap;

use cloister_api::{Deployment, Phase, ProblemKind, Replica};
use serde_json::{Value, json};

use super::*;
use crate::fleet_api::{FleetError, LastChange};

const DIGEST: &str = "sha256:aa";
const ORIGIN: &str = "kubernetes/ModelDeployment/ns/ward/u1";

/// What a case starts from: an object at generation 1, with our finalizer, whose model is ready, and nothing in the
/// fleet. Each case changes what it is about.
struct Case {
    object: Value,
    model: Option<Value>,
    found: Option<Deployment>,
    replicas: Vec<Replica>,
    /// `None`: not asked.
    author: Option<Option<LastChange>>,
    trouble: Option<Trouble>,
    /// What autoscaling decided.
    scaled: Option<u32>,
}

fn case() -> Case {
    Case {
        object: json!({
            "apiVersion": "fleet.cloister.dev/v1alpha1", "kind": "ModelDeployment",
            "metadata": { "name": "ward", "namespace": "ns", "uid": "u1", "generation": 1, "finalizers": [crate::crd::FINALIZER] },
            "spec": { "model": "smol", "replicas": 2 }
        }),
        model: Some(ready_model()),
        found: None,
        replicas: Vec::new(),
        author: None,
        trouble: None,
        scaled: None,
    }
}

fn ready_model() -> Value {
    json!({
        "apiVersion": "fleet.cloister.dev/v1alpha1", "kind": "Model", "metadata": { "name": "smol" },
        "spec": { "source": { "path": "smol" } },
        "status": { "digest": DIGEST, "conditions": [{
            "type": "Ready", "status": "True", "reason": "Ready", "message": "", "observedGeneration": 1, "lastTransitionTime": "x"
        }]}
    })
}

fn found(replicas: u32, revision: u64) -> Deployment {
    Deployment {
        name: "ward".into(),
        model_name: "smol".into(),
        model_digest: DIGEST.into(),
        replicas,
        ready_replicas: 0,
        updated_replicas: 0,
        context_length: 2048,
        max_sequences: 16,
        kv_tokens: 4096,
        node_selector: BTreeMap::new(),
        jurisdiction: String::new(),
        revision,
        tenant: None,
        restarts: 0,
        created_at: String::new(),
        record_id: None,
    }
}

fn replica(id: &str, phase: Phase) -> Replica {
    serde_json::from_value(json!({
        "id": id, "deployment": "ward", "model_name": "smol", "phase": phase, "generation": 1, "restarts": 0,
        "node_name": if phase == Phase::Unplaced { None } else { Some("n1") },
        "progress_bytes": 0, "total_bytes": 0, "running": 0, "waiting": 0
    }))
    .unwrap()
}

fn by(actor: &str) -> Option<LastChange> {
    Some(LastChange { by: actor.into(), at: "2026-01-01T00:00:00Z".into(), record_id: "r7".into() })
}

impl Case {
    fn status(mut self, status: Value) -> Self {
        self.object["status"] = status;
        self
    }
    fn written(self, revision: u64, generation: i64) -> Self {
        self.status(json!({ "revision": revision, "appliedGeneration": generation, "modelDigest": DIGEST }))
    }
    fn found(mut self, found: Deployment) -> Self {
        self.found = Some(found);
        self
    }
    fn generation(mut self, generation: i64) -> Self {
        self.object["metadata"]["generation"] = json!(generation);
        self
    }
    fn leaving(mut self) -> Self {
        self.object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        self
    }
    fn phases(mut self, phases: &[Phase]) -> Self {
        self.replicas =
            phases.iter().enumerate().map(|(i, phase)| replica(&format!("r{i}"), *phase)).collect();
        self
    }
    fn author(mut self, author: Option<LastChange>) -> Self {
        self.author = Some(author);
        self
    }

    /// Between 1 and 8, and just now so many.
    fn scaled(mut self, replicas: u32) -> Self {
        self.object["spec"] = json!({ "model": "smol", "autoscaling": { "maxReplicas": 8 } });
        self.scaled = Some(replicas);
        self
    }

    fn decide(&self) -> Decision {
        let object: ModelDeployment = serde_json::from_value(self.object.clone()).unwrap();
        let model: Option<Model> = self.model.clone().map(|model| serde_json::from_value(model).unwrap());
        decide(&Seen {
            object: &object,
            model: model.as_ref(),
            fleet_model: None,
            found: self.found.as_ref(),
            replicas: &self.replicas,
            nowhere: Some("no node has 9 GB free"),
            author: self.author.as_ref().map_or(Author::Unasked, |who| Author::Asked(who.as_ref())),
            trouble: self.trouble.as_ref(),
            scaling: self.scaled.map(decided).as_ref(),
            origin: ORIGIN,
            now: jiff::Timestamp::UNIX_EPOCH,
        })
    }

    fn act(&self) -> Action {
        match self.decide() {
            Verdict::Act(action) => action,
            other => panic!("an action was expected: {other:?}"),
        }
    }

    fn report(&self) -> ModelDeploymentStatus {
        match self.decide() {
            Verdict::Report(status) => *status,
            other => panic!("a report was expected: {other:?}"),
        }
    }

    /// Every condition as `Type=Status/Reason`.
    fn says(&self) -> Vec<String> {
        let said = self.report().conditions;
        said.iter().map(|c| format!("{}={}/{}", c.kind, c.status.as_str(), c.reason)).collect()
    }

    #[track_caller]
    fn must_say(&self, wanted: &[&str]) {
        let said = self.says();
        for one in wanted {
            assert!(said.iter().any(|said| said == one), "{one} is not among {said:?}");
        }
        assert_eq!(said.len(), 7, "each condition once: {said:?}");
    }
}

fn decided(replicas: u32) -> autoscale::Decision {
    let shown = autoscale::Shown { in_flight: 7, reason: autoscale::Reason::Covered };
    autoscale::Decision { replicas, reason: shown.reason, shown, state: None }
}

fn put(action: Action) -> (u32, u64) {
    match action {
        Action::Put { request, expected_revision } => (request.replicas, expected_revision),
        other => panic!("a put was expected: {other:?}"),
    }
}

#[test]
fn a_new_object_gets_its_finalizer_before_anything_else() {
    let mut new = case();
    new.object["metadata"]["finalizers"] = json!([]);
    assert_eq!(new.act(), Action::AddFinalizer);
}

#[test]
fn nothing_is_asked_for_before_the_model_is_ready() {
    let mut none = case();
    none.model = None;
    none.must_say(&[
        "Verified=False/ModelNotFound",
        "Admitted=Unknown/ModelNotVerified",
        "Ready=False/ModelNotFound",
        "InSync=Unknown/NotApplied",
    ]);
    let mut fetching = case();
    let mut model = ready_model();
    model["status"]["conditions"][0]["status"] = json!("False");
    fetching.model = Some(model);
    fetching.must_say(&["Verified=False/ModelNotReady", "Ready=False/ModelNotReady"]);
}

#[test]
fn intents_are_put_against_the_revision_that_was_seen() {
    assert_eq!(put(case().act()), (2, 0), "created");
    assert_eq!(put(case().written(4, 1).generation(2).found(found(5, 4)).act()), (2, 4), "changed here");
    assert_eq!(
        put(case().written(4, 1).generation(2).found(found(5, 9)).act()),
        (2, 9),
        "changed here after somebody else"
    );
    assert_eq!(put(case().written(4, 1).generation(2).act()), (2, 0), "removed elsewhere, then changed here");
    let other_model = Deployment { model_digest: "sha256:bb".into(), ..found(2, 4) };
    let mut remade = case().written(4, 1).found(other_model);
    remade.object["status"]["modelDigest"] = json!("sha256:bb");
    assert_eq!(put(remade.act()), (2, 4), "its Model became another");
}

#[test]
fn an_equal_deployment_is_adopted_and_another_is_left_alone() {
    let adopted = case().found(found(2, 7)).report();
    assert_eq!((adopted.revision, adopted.applied_generation), (Some(7), Some(1)));
    assert_eq!(case().found(found(3, 7)).act(), Action::AskWho { revision: 7 });
    let theirs = case().found(found(3, 7)).author(by("key ops"));
    theirs.must_say(&["InSync=False/AlreadyExists", "Admitted=False/NotApplied", "Ready=False/NotAdmitted"]);
    assert_eq!(theirs.report().revision, None, "it is not claimed");
    let ours = case().found(found(3, 7)).author(by(ORIGIN));
    assert_eq!(put(ours.act()), (2, 7), "the operator ended before it could note that it wrote this");
}

#[test]
fn a_change_from_elsewhere_is_shown_and_not_fought() {
    let drifted = case().written(4, 1).found(found(5, 6));
    assert_eq!(drifted.act(), Action::AskWho { revision: 6 });
    let drifted = drifted.author(by("key ops"));
    drifted.must_say(&["InSync=False/ChangedElsewhere", "Admitted=True/Admitted"]);
    let status = drifted.report();
    let sentence = status.conditions.iter().find(|c| c.kind == "InSync").map(|c| c.message.clone()).unwrap();
    for part in ["replicas is 5 in the fleet and 2 here", "key ops", "record r7", "change this object's spec"]
    {
        assert!(sentence.contains(part), "{part:?} is not in {sentence:?}");
    }
    assert_eq!(status.revision, Some(4), "what the operator wrote last stays known");
    case().written(4, 1).found(found(2, 6)).must_say(&["InSync=True/InSync"]);
    case().written(4, 1).must_say(&["InSync=False/RemovedElsewhere", "Ready=False/NotAdmitted"]);
}

#[test]
fn an_object_without_a_number_asks_for_one_replica() {
    let mut silent = case();
    silent.object["spec"] = json!({ "model": "smol" });
    assert_eq!(put(silent.act()), (1, 0));
    assert_eq!(silent.found(found(1, 1)).report().wanted_replicas, 1);
}

#[test]
fn what_the_fleet_made_of_a_request_is_no_drift() {
    let made = Deployment { context_length: 512, ..found(2, 4) };
    let mut asked = case().written(4, 1).found(made);
    asked.object["spec"]["contextLength"] = json!(4096);
    asked.must_say(&["InSync=True/InSync"]);
}

#[test]
fn a_refusal_names_the_field_and_is_not_repeated_until_something_changes() {
    let mut error = FleetError::new(ProblemKind::Invalid, "longer than the model was made for");
    error.0.field = Some("context_length".into());
    let mut refused = case();
    refused.trouble = Some(Trouble { error, generation: 1 });
    refused.must_say(&[
        "Admitted=False/InvalidField",
        "Ready=False/NotAdmitted",
        "InSync=Unknown/NotApplied",
    ]);
    refused.object["metadata"]["generation"] = json!(2);
    assert_eq!(put(refused.act()), (2, 0), "another generation is another attempt");
}

#[test]
fn what_runs_is_told_from_its_replicas() {
    use Phase::{Crashed, Loading, Ready, Refused, Unplaced, Unreachable};
    let cases: [(&[Phase], u32, &[&str]); 8] = [
        (
            &[],
            0,
            &[
                "Placed=False/Placing",
                "Loaded=False/Loading",
                "Ready=False/Placing",
                "Degraded=False/AsExpected",
            ],
        ),
        (&[Unplaced, Unplaced], 0, &["Placed=False/NoNodeFits", "Ready=False/NoNodeFits"]),
        (&[Ready, Unplaced], 1, &["Placed=False/NoNodeFits", "Ready=False/NoNodeFits"]),
        (&[Loading, Ready], 1, &["Placed=True/Placed", "Loaded=False/Loading", "Ready=False/Loading"]),
        (
            &[Ready, Ready],
            2,
            &["Placed=True/Placed", "Loaded=True/Loaded", "Ready=True/Ready", "Degraded=False/AsExpected"],
        ),
        (&[Ready, Crashed], 1, &["Degraded=True/ReplicaCrashed", "Ready=False/Degraded"]),
        (&[Refused, Refused], 0, &["Degraded=True/ReplicaRefused", "Ready=False/Degraded"]),
        (&[Ready, Unreachable], 1, &["Degraded=True/NodeUnreachable", "Ready=False/Degraded"]),
    ];
    for (phases, ready, wanted) in cases {
        let running = Deployment { ready_replicas: ready, ..found(2, 4) };
        case().written(4, 1).found(running).phases(phases).must_say(wanted);
    }
    let mut zero = case().written(4, 1).found(found(0, 4));
    zero.object["spec"]["replicas"] = json!(0);
    zero.must_say(&["Placed=True/ScaledToZero", "Loaded=True/ScaledToZero", "Ready=True/ScaledToZero"]);
}

#[test]
fn a_deployment_whose_model_object_went_away_runs_on_and_says_so() {
    let mut orphan = case().written(4, 1).found(Deployment { ready_replicas: 2, ..found(2, 4) });
    orphan.model = None;
    orphan.replicas = vec![replica("a", Phase::Ready), replica("b", Phase::Ready)];
    orphan.must_say(&[
        "Verified=False/ModelNotFound",
        "Ready=True/Ready",
        "Admitted=True/Admitted",
        "InSync=True/InSync",
    ]);
}

#[test]
fn deletion_drains_first_then_removes_and_is_never_stuck() {
    use Phase::{Draining, Ready, Stopped, Unreachable};
    let ours = || case().written(4, 1).leaving();
    assert_eq!(put(ours().found(found(2, 4)).phases(&[Ready, Ready]).act()), (0, 4));
    assert_eq!(put(ours().found(found(5, 9)).act()), (0, 9), "changed elsewhere or not, it is to go");
    ours().found(found(0, 5)).phases(&[Draining]).must_say(&["Ready=False/Draining"]);
    assert_eq!(ours().found(found(0, 5)).phases(&[Stopped, Unreachable]).act(), Action::Remove);
    assert_eq!(ours().act(), Action::Release, "gone already");
    assert_eq!(case().leaving().act(), Action::Release, "never admitted");
    let theirs = || case().leaving().found(found(2, 7));
    assert_eq!(theirs().act(), Action::AskWho { revision: 7 });
    assert_eq!(theirs().author(by("key ops")).act(), Action::Release, "somebody else's is left alone");
    assert_eq!(put(theirs().author(by(ORIGIN)).act()), (0, 7));
    let mut done = ours();
    done.object["metadata"]["finalizers"] = json!(["somebody/else"]);
    assert_eq!(done.decide(), Verdict::Rest);
}

#[test]
fn placements_are_bounded_and_name_trouble_first() {
    let mut many = case().written(4, 1).found(found(100, 4));
    many.replicas = (0..100)
        .map(|i| replica(&format!("r{i:03}"), if i == 99 { Phase::Unplaced } else { Phase::Ready }))
        .collect();
    let placements = many.report().placements;
    assert_eq!(placements.len(), 64);
    assert_eq!(
        (placements[0].replica.as_str(), placements[0].reason.as_deref()),
        ("r099", Some("no node has 9 GB free"))
    );
}

#[test]
fn a_condition_keeps_its_time_while_its_status_stays() {
    let first = case().written(4, 1).found(found(2, 4)).report();
    let mut later = case().found(found(2, 4));
    let mut status = serde_json::to_value(&first).unwrap();
    status["conditions"][0]["lastTransitionTime"] = json!("2020-01-01T00:00:00Z");
    status["conditions"][1]["status"] = json!("Unknown");
    later.object["status"] = status;
    let said = later.report().conditions;
    assert_eq!(said[0].last_transition_time, "2020-01-01T00:00:00Z");
    assert_eq!(said[1].last_transition_time, "1970-01-01T00:00:00Z");
}

use std::collections::BTreeMap;

use cloister_evidence::record::{Actor, Inference, Outcome, RECORD_VERSION};

use super::*;

fn found_by(draft: Draft) -> Vec<(&'static str, String)> {
    let record = Record {
        v: RECORD_VERSION,
        log: "cloister/tests".to_owned(),
        seq: 7,
        id: "01J00000000000000000000000".to_owned(),
        time: "2026-11-22T08:00:00.000000000Z".to_owned(),
        boot: "0123456789abcdef".to_owned(),
        mono_us: 1,
        draft,
    };
    let row = search_row(&record).unwrap();
    assert_eq!(row.written_at, "2026-11-22T08:00:00Z".parse().unwrap());
    let name = |field| match field {
        SearchField::Actor => "actor",
        SearchField::Model => "model",
        SearchField::Node => "node",
    };
    row.terms.into_iter().map(|term| (name(term.field), term.value)).collect()
}

fn draft(kind: Kind, actor: Actor) -> Draft {
    let outcome = Outcome::Success;
    Draft {
        kind,
        outcome,
        actor,
        subject: None,
        tenant: None,
        intent: None,
        inference: None,
        change: None,
        reason: None,
    }
}

fn meier() -> Actor {
    let name = Some("meier".to_owned());
    Actor { kind: ActorKind::Account, id: "a-1".to_owned(), name, address: None }
}

fn subject(kind: SubjectKind, id: &str, name: &str) -> Option<Subject> {
    Some(Subject { kind, id: id.to_owned(), name: Some(name.to_owned()) })
}

fn pairs(expected: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    expected.iter().map(|(field, value)| (*field, (*value).to_owned())).collect()
}

#[test]
fn an_inference_is_found_by_caller_model_and_the_node_that_computed() {
    let mut completed = draft(Kind::InferenceCompleted, meier());
    completed.subject = subject(SubjectKind::Deployment, "ward", "smollm2");
    completed.inference = Some(Inference {
        model_name: "smollm2".to_owned(),
        model_digest: "sha256:ab".to_owned(),
        node_id: Some("n-1".to_owned()),
        ..Inference::default()
    });
    let expected =
        [("actor", "a-1"), ("actor", "meier"), ("model", "sha256:ab"), ("model", "smollm2"), ("node", "n-1")];
    assert_eq!(found_by(completed), pairs(&expected));
}

#[test]
fn a_refused_inference_is_found_by_the_model_it_asked_for() {
    let mut denied = draft(Kind::InferenceDenied, meier());
    denied.subject = subject(SubjectKind::Deployment, "ward", "smollm2");
    assert_eq!(found_by(denied)[2..], pairs(&[("model", "smollm2")]));
}

#[test]
fn a_deployment_is_found_by_its_model_and_a_placement_by_its_nodes() {
    let mut created = draft(Kind::DeploymentCreated, meier());
    created.subject = subject(SubjectKind::Deployment, "d-1", "ward");
    created.change = Some(BTreeMap::from([("model_digest".to_owned(), "sha256:ab".into())]));
    assert_eq!(found_by(created)[2..], pairs(&[("model", "sha256:ab")]));

    let mut placed = draft(Kind::PlacementChanged, meier());
    let told = [("r-1", "n-1"), ("r-2", "unplaced"), ("r-3", "n-2"), ("r-4", "n-1"), ("r-5", "removed")];
    placed.change = Some(told.into_iter().map(|(id, node)| (id.to_owned(), node.into())).collect());
    assert_eq!(found_by(placed)[2..], pairs(&[("node", "n-1"), ("node", "n-2")]));
}

#[test]
fn a_node_is_found_as_what_was_changed_and_as_who_did_it() {
    let name = Some("gpu-7".to_owned());
    let node = Actor { kind: ActorKind::Node, id: "n-1".to_owned(), name: name.clone(), address: None };
    let mut renewed = draft(Kind::NodeCertificateRenewed, node);
    renewed.subject = subject(SubjectKind::Node, "n-1", "gpu-7");
    let expected = [("actor", "n-1"), ("actor", "gpu-7"), ("node", "n-1"), ("node", "gpu-7")];
    assert_eq!(found_by(renewed), pairs(&expected));
}

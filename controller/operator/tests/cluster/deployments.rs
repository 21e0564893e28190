use cloister_api::Phase;
use cloister_operator::crd::{Model, ModelDeployment};
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::fleet::replica;
use crate::space::{Space, condition, eventually, has_finalizer, message};

fn ward(replicas: u32) -> Value {
    json!({
        "apiVersion": "fleet.cloister.dev/v1alpha1", "kind": "ModelDeployment", "metadata": { "name": "ward" },
        "spec": { "model": "smol", "replicas": replicas }
    })
}

pub(crate) fn smol() -> Value {
    json!({
        "apiVersion": "fleet.cloister.dev/v1alpha1", "kind": "Model", "metadata": { "name": "smol" },
        "spec": { "source": { "path": "smol" } }
    })
}

pub(crate) fn is(kind: &'static str, wanted: &'static str) -> impl Fn(&ModelDeployment) -> bool {
    move |object| condition(object, kind) == wanted
}

/// A namespace in which ward runs with two replicas.
async fn running() -> Option<Space> {
    let space = Space::new().await?;
    space.apply(smol()).await;
    space.apply(ward(2)).await;
    Some(space)
}

#[tokio::test]
async fn a_deployment_runs_scales_and_can_be_waited_for() {
    let Some(space) = running().await else { return };
    let operator = space.operator();
    let waited = space.kubectl(&["wait", "--for=condition=Ready", "--timeout=60s", "md/ward"]).await;
    assert!(waited.contains("condition met"), "{waited}");
    let object = space.until("ward", is("Ready", "True/Ready")).await;
    for kind in ["Verified", "Admitted", "Placed", "Loaded", "InSync"] {
        assert!(condition(&object, kind).starts_with("True/"), "{kind}: {object:?}");
    }
    let status = object.status.unwrap();
    assert_eq!((status.revision, status.ready_replicas, status.placements.len()), (Some(1), 2, 2));
    let scaled = space.kubectl(&["scale", "md/ward", "--replicas=3"]).await;
    assert!(scaled.contains("scaled"), "{scaled}");
    let object = space
        .until("ward", |o: &ModelDeployment| o.status.as_ref().is_some_and(|s| s.ready_replicas == 3))
        .await;
    assert_eq!(object.status.unwrap().observed_generation, object.metadata.generation.unwrap());
    assert_eq!(space.fleet.look().deployments[0].replicas, 3);
    let events = space.kubectl(&["describe", "md", "ward"]).await;
    assert!(events.contains("Events:") && events.contains("cloister-operator"), "{events}");
    operator.stop().await;
}

#[tokio::test]
async fn a_model_that_is_missing_is_named_and_found_when_it_comes() {
    let Some(space) = Space::new().await else { return };
    let operator = space.operator();
    space.apply(ward(1)).await;
    let object = space.until("ward", is("Ready", "False/ModelNotFound")).await;
    assert!(message(&object, "Verified").contains("there is no Model smol"), "{object:?}");
    space.apply(smol()).await;
    space.until("ward", is("Ready", "True/Ready")).await;
    operator.stop().await;
}

#[tokio::test]
async fn a_field_that_the_fleet_refuses_is_named() {
    let Some(space) = Space::new().await else { return };
    let operator = space.operator();
    space.apply(smol()).await;
    let mut object = ward(1);
    object["spec"]["jurisdiction"] = json!("XX");
    space.apply(object).await;
    let refused = space.until("ward", is("Admitted", "False/InvalidField")).await;
    assert!(message(&refused, "Admitted").contains("jurisdiction: there is no territory XX"), "{refused:?}");
    space.apply(ward(1)).await;
    space.until("ward", is("Ready", "True/Ready")).await;
    operator.stop().await;
}

#[tokio::test]
async fn deletion_waits_until_replicas_have_drained() {
    let Some(space) = running().await else { return };
    let operator = space.operator();
    space.until("ward", is("Ready", "True/Ready")).await;
    space.fleet.oblige(false);
    space.api::<ModelDeployment>().delete("ward", &DeleteParams::default()).await.unwrap();
    let scaled_to_zero = eventually(async || (space.fleet.look().deployments[0].replicas == 0).then_some(()));
    assert!(scaled_to_zero.await.is_some(), "the fleet is asked to drain");
    space.fleet.change("the fleet", |view| {
        let deployment = view.deployments[0].clone();
        view.replicas = vec![replica(&deployment, 0, Phase::Draining)];
    });
    let draining = space
        .until("ward", |o: &ModelDeployment| message(o, "Ready").contains("1 replica still finish"))
        .await;
    assert!(has_finalizer(&draining) && condition(&draining, "Ready") == "False/Draining");
    space.fleet.change("the fleet", |view| view.replicas.clear());
    space.until_gone::<ModelDeployment>("ward").await;
    assert!(space.fleet.look().deployments.is_empty());
    operator.stop().await;
}

#[tokio::test]
async fn deletion_is_not_stuck_when_the_fleet_has_nothing_left() {
    let Some(space) = running().await else { return };
    let operator = space.operator();
    space.until("ward", is("Ready", "True/Ready")).await;
    operator.stop().await;
    space.fleet.change("key ops", |view| {
        view.deployments.clear();
        view.replicas.clear();
    });
    space.api::<ModelDeployment>().delete("ward", &DeleteParams::default()).await.unwrap();
    let operator = space.operator();
    space.until_gone::<ModelDeployment>("ward").await;
    operator.stop().await;
}

#[tokio::test]
async fn a_change_from_elsewhere_is_shown_and_kept_until_the_object_changes() {
    let Some(space) = running().await else { return };
    let operator = space.operator();
    space.until("ward", is("Ready", "True/Ready")).await;
    space.fleet.change("key ops", |view| {
        view.deployments[0].replicas = 5;
        view.deployments[0].revision += 1;
    });
    let drifted = space.until("ward", is("InSync", "False/ChangedElsewhere")).await;
    let sentence = message(&drifted, "InSync");
    assert!(
        sentence.contains("replicas is 5 in the fleet and 2 here") && sentence.contains("key ops"),
        "{sentence}"
    );
    assert_eq!((space.fleet.look().deployments[0].replicas, space.fleet.puts()), (5, 1), "it is not fought");
    let events = space.kubectl(&["describe", "md", "ward"]).await;
    assert!(events.contains("ChangedElsewhere"), "{events}");
    space.apply(ward(3)).await;
    space.until("ward", is("InSync", "True/InSync")).await;
    assert_eq!(space.fleet.look().deployments[0].replicas, 3, "who changes the object means it");
    operator.stop().await;
}

#[tokio::test]
async fn a_deployment_that_was_there_before_is_adopted_only_if_equal() {
    let Some(space) = running().await else { return };
    let operator = space.operator();
    space.until("ward", is("Ready", "True/Ready")).await;
    operator.stop().await;
    // As after a restore without status: the object knows nothing of its past.
    let forget = json!({ "status": null });
    let api = space.api::<ModelDeployment>();
    api.patch_status("ward", &PatchParams::default(), &Patch::Merge(&forget)).await.unwrap();
    let operator = space.operator();
    let adopted = space.until("ward", is("InSync", "True/InSync")).await;
    assert_eq!((adopted.status.unwrap().revision, space.fleet.puts()), (Some(1), 1), "nothing was written");
    operator.stop().await;
    api.patch_status("ward", &PatchParams::default(), &Patch::Merge(&forget)).await.unwrap();
    space.fleet.change("key ops", |view| view.deployments[0].replicas = 9);
    let operator = space.operator();
    let theirs = space.until("ward", is("InSync", "False/AlreadyExists")).await;
    assert!(message(&theirs, "InSync").contains("made by key ops"), "{theirs:?}");
    operator.stop().await;
}

#[tokio::test]
async fn an_operator_that_starts_again_writes_nothing_anew() {
    let Some(space) = running().await else { return };
    let operator = space.operator();
    let before = space.until("ward", is("Ready", "True/Ready")).await;
    operator.stop().await;
    let operator = space.operator();
    space.fleet.change("the fleet", |_| {});
    let settled = space.metrics.settled();
    let looked = eventually(async || (space.metrics.settled() >= settled + 2).then_some(()));
    assert!(looked.await.is_some());
    let after = space.until("ward", is("Ready", "True/Ready")).await;
    assert_eq!((before.metadata.resource_version, space.fleet.puts()), (after.metadata.resource_version, 1));
    operator.stop().await;
}

#[tokio::test]
async fn two_people_who_edit_one_object_are_told_and_the_operators_writes_do_not_count() {
    let Some(space) = running().await else { return };
    let (ann, bob) = (
        ["apply", "--server-side", "--field-manager=ann"],
        ["apply", "--server-side", "--field-manager=bob"],
    );
    let mut other = ward(1);
    other["metadata"]["name"] = json!("desk");
    space.kubectl_with(&ann, other.clone()).await;
    let operator = space.operator();
    space.until("desk", is("Ready", "True/Ready")).await;
    other["spec"]["replicas"] = json!(4);
    let said = space.kubectl_with(&bob, other.clone()).await;
    assert!(said.contains("conflict with \"ann\"") && said.contains(".spec.replicas"), "{said}");
    let said = space.kubectl_with(&ann, other).await;
    assert!(said.contains("serverside-applied"), "the operator owns nothing of spec: {said}");
    space.until("desk", |o: &ModelDeployment| o.status.as_ref().is_some_and(|s| s.ready_replicas == 4)).await;
    operator.stop().await;
}

#[tokio::test]
async fn a_model_waits_for_its_deployments_before_it_goes() {
    let Some(space) = running().await else { return };
    let operator = space.operator();
    space.until("ward", is("Ready", "True/Ready")).await;
    space.api::<Model>().delete("smol", &DeleteParams::default()).await.unwrap();
    let waits = space.until("smol", |o: &Model| condition(o, "Ready") == "False/InUse").await;
    assert!(message(&waits, "Ready").contains("ward"), "{waits:?}");
    space.api::<ModelDeployment>().delete("ward", &DeleteParams::default()).await.unwrap();
    space.until_gone::<ModelDeployment>("ward").await;
    space.until_gone::<Model>("smol").await;
    assert!(space.fleet.look().models.is_empty());
    operator.stop().await;
}

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use cloister_operator::Clock;
use cloister_operator::crd::ModelDeployment;
use serde_json::{Value, json};

use crate::deployments::{is, smol};
use crate::space::{Space, eventually, message};

fn ward(spec: Value) -> Value {
    let mut whole = json!({ "model": "smol" });
    whole.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    json!({
        "apiVersion": "fleet.cloister.dev/v1alpha1", "kind": "ModelDeployment", "metadata": { "name": "ward" }, "spec": whole
    })
}

fn autoscaled(more: Value) -> Value {
    let mut bounds = json!({ "maxReplicas": 6 });
    bounds.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ward(json!({ "autoscaling": bounds }))
}

/// A clock that stands until it is told to go on.
#[derive(Clone, Default)]
struct Hand(Arc<AtomicI64>);

impl Hand {
    fn clock(&self) -> Clock {
        let seconds = Arc::clone(&self.0);
        Arc::new(move || jiff::Timestamp::from_second(seconds.load(Ordering::SeqCst)).unwrap())
    }

    /// Goes on, and waits until the operator has looked at this time.
    async fn pass(&self, space: &Space, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
        // The first look after this may have begun before it.
        for _ in 0..2 {
            let before = space.metrics.settled();
            space.fleet.change("the fleet", |_| {});
            let looked = eventually(async || (space.metrics.settled() > before).then_some(()));
            assert!(looked.await.is_some(), "the operator looks");
        }
    }
}

fn wanted(replicas: u32) -> impl Fn(&ModelDeployment) -> bool {
    move |object| {
        let status = object.status.as_ref();
        status.is_some_and(|status| (status.wanted_replicas, status.ready_replicas) == (replicas, replicas))
    }
}

#[tokio::test]
async fn either_the_load_or_a_person_says_how_many() {
    let Some(space) = Space::new().await else { return };
    for (object, words) in [
        (
            ward(json!({ "replicas": 2, "autoscaling": { "maxReplicas": 3 } })),
            ["spec.replicas", "replicas and autoscaling exclude each other"].as_slice(),
        ),
        (
            ward(json!({ "replicas": 0, "autoscaling": { "maxReplicas": 3 } })),
            &["spec.replicas", "exclude each other"],
        ),
        (
            autoscaled(json!({ "minReplicas": 7 })),
            &["spec.autoscaling.minReplicas", "must not be greater than maxReplicas"],
        ),
        (ward(json!({ "autoscaling": {} })), &["spec.autoscaling.maxReplicas", "Required"]),
        (
            autoscaled(json!({ "maxReplicas": 0 })),
            &["spec.autoscaling.maxReplicas", "greater than or equal to 1"],
        ),
        (autoscaled(json!({ "maxReplicas": 1025 })), &["spec.autoscaling.maxReplicas", "1024"]),
        (autoscaled(json!({ "minReplicas": -1 })), &["spec.autoscaling.minReplicas"]),
        (
            autoscaled(json!({ "targetInFlightPerReplica": 257 })),
            &["spec.autoscaling.targetInFlightPerReplica", "256"],
        ),
        (
            autoscaled(json!({ "scaleDownAfterSeconds": 3601 })),
            &["spec.autoscaling.scaleDownAfterSeconds", "3600"],
        ),
    ] {
        let said = space.kubectl_with(&["create"], object.clone()).await;
        for word in words {
            assert!(said.contains(word), "{word:?} is not in the answer to {object}: {said}");
        }
    }
    space.apply(autoscaled(json!({}))).await;
    let spec = space.kubectl(&["get", "md", "ward", "-o", "jsonpath={.spec.autoscaling}"]).await;
    let spec: Value = serde_json::from_str(&spec).unwrap();
    let defaults = json!({ "minReplicas": 1, "maxReplicas": 6, "targetInFlightPerReplica": 4, "scaleDownAfterSeconds": 300 });
    assert_eq!(spec, defaults);
    let scaled = space.kubectl(&["scale", "md/ward", "--replicas=3"]).await;
    assert!(scaled.contains("with autoscaling the load decides how many replicas run"), "{scaled}");
    let back = space.apply(ward(json!({ "replicas": 3 }))).await;
    assert!(back.contains("configured"), "who leaves autoscaling out again says the number: {back}");
}

#[tokio::test]
async fn a_deployment_that_says_no_number_has_one_replica_and_can_be_scaled() {
    let Some(space) = Space::new().await else { return };
    let operator = space.operator();
    space.apply(smol()).await;
    space.apply(ward(json!({}))).await;
    space.until("ward", wanted(1)).await;
    let shown = space.kubectl(&["get", "md", "ward", "--no-headers"]).await;
    assert_eq!(shown.split_whitespace().take(4).collect::<Vec<_>>(), ["ward", "smol", "1", "1"]);
    let scaled = space.kubectl(&["scale", "md/ward", "--replicas=3"]).await;
    assert!(scaled.contains("scaled"), "{scaled}");
    space.until("ward", wanted(3)).await;
    let scale = space.kubectl(&["get", "md", "ward", "--subresource=scale"]).await;
    assert!(scale.lines().last().is_some_and(|line| line.contains('3')), "{scale}");
    let both = space.apply(autoscaled(json!({}))).await;
    assert!(both.contains("exclude each other"), "the number of kubectl scale is still there: {both}");
    let mut turned = autoscaled(json!({ "minReplicas": 2 }));
    turned["spec"]["replicas"] = Value::Null;
    space.apply(turned).await;
    let taken_over = space.until("ward", |o: &ModelDeployment| o.spec.autoscaling.is_some()).await;
    assert_eq!(taken_over.spec.replicas, None);
    space
        .until("ward", |o: &ModelDeployment| wanted(3)(o) && o.status.as_ref().unwrap().autoscaling.is_some())
        .await;
    operator.stop().await;
}

#[tokio::test]
async fn a_rising_load_adds_replicas_and_a_falling_one_takes_them_away_after_a_while() {
    let Some(space) = Space::new().await else { return };
    let hand = Hand::default();
    let operator = space.operator_at(hand.clock());
    space.apply(smol()).await;
    space.apply(autoscaled(json!({ "scaleDownAfterSeconds": 100 }))).await;
    space.until("ward", wanted(1)).await;
    // Nobody tells the operator: it looks by itself.
    space.fleet.press(9);
    let up = space.until("ward", wanted(3)).await;
    let status = up.status.unwrap();
    let said = status.autoscaling.unwrap();
    assert_eq!(
        (said.wanted, said.load, said.last_scaled_at.as_deref()),
        (3, 9, Some("1970-01-01T00:00:00Z"))
    );
    assert_eq!((space.fleet.look().deployments[0].revision, status.revision), (2, Some(2)));
    let actor = space.fleet.last_actor().unwrap();
    assert!(actor.starts_with(&format!("kubernetes/ModelDeployment/{}/ward/", space.namespace)), "{actor}");
    space.fleet.press(1);
    for _ in 0..2 {
        hand.pass(&space, 45).await;
        assert_eq!(space.fleet.look().deployments[0].replicas, 3, "a short lull takes nothing away");
    }
    hand.pass(&space, 45).await;
    let down = space.until("ward", wanted(1)).await;
    is("InSync", "True/InSync")(&down).then_some(()).unwrap();
    assert_eq!(
        down.status.unwrap().autoscaling.unwrap().last_scaled_at.as_deref(),
        Some("1970-01-01T00:02:15Z")
    );
    let events = space.kubectl(&["describe", "md", "ward"]).await;
    for part in [
        "ScaledUp",
        "from 1 to 3 replicas: 9 requests running and waiting",
        "ScaledDown",
        "from 3 to 1 replica",
    ] {
        assert!(events.contains(part), "{part}: {events}");
    }
    operator.stop().await;
}

#[tokio::test]
async fn another_leader_begins_with_what_runs() {
    let Some(space) = Space::new().await else { return };
    let hand = Hand::default();
    let operator = space.operator_at(hand.clock());
    space.apply(smol()).await;
    space.apply(autoscaled(json!({ "scaleDownAfterSeconds": 100 }))).await;
    space.until("ward", wanted(1)).await;
    space.fleet.press(16);
    space.until("ward", wanted(4)).await;
    space.fleet.press(0);
    operator.stop().await;
    let puts = space.fleet.puts();
    let operator = space.operator_at(hand.clock());
    hand.pass(&space, 0).await;
    hand.pass(&space, 50).await;
    assert_eq!((space.fleet.puts(), space.fleet.look().deployments[0].replicas), (puts, 4));
    hand.pass(&space, 50).await;
    space.until("ward", wanted(1)).await;
    operator.stop().await;
}

#[tokio::test]
async fn looks_at_a_busy_deployment_write_nothing_while_nothing_changes() {
    let Some(space) = Space::new().await else { return };
    let hand = Hand::default();
    let operator = space.operator_at(hand.clock());
    space.apply(smol()).await;
    space.apply(autoscaled(json!({}))).await;
    space.fleet.press(7);
    space.until("ward", wanted(2)).await;
    hand.pass(&space, 20).await;
    let steady = |o: &ModelDeployment| {
        o.status.as_ref().and_then(|s| s.autoscaling.as_ref()).is_some_and(|a| a.reason == "Covered")
    };
    let before = space.until("ward", steady).await;
    for load in [5, 8, 6] {
        space.fleet.press(load);
        hand.pass(&space, 4).await;
    }
    let after = space.until("ward", steady).await;
    assert_eq!(before.metadata.resource_version, after.metadata.resource_version);
    space.fleet.press(6);
    hand.pass(&space, 4).await;
    let load = |o: &ModelDeployment| o.status.as_ref().unwrap().autoscaling.as_ref().unwrap().load == 6;
    space.until("ward", load).await;
    assert_eq!(message(&after, "InSync"), "the fleet's deployment is what this object says");
    operator.stop().await;
}

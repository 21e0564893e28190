use std::time::Duration;

use cloister_operator::crd::ModelDeployment;
use cloister_operator::{LeaderLease, Operator, OperatorMetrics, client};
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::PostParams;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::gate::Gate;
use crate::space::{DEADLINE, Space, condition};

/// Two controllers of one fleet: whoever leads works, and nothing is done twice when another takes over.
#[tokio::test]
async fn the_operator_works_where_the_lease_is_held_and_moves_with_it() {
    let Some(space) = with_lease().await else { return };
    let controller = |identity: &'static str| {
        let candidate = Candidate::new(space.client.clone(), &space, identity);
        let fleet = std::sync::Arc::clone(&space.fleet);
        let operator =
            Operator::new(space.client.clone(), &space.namespace, identity, fleet, space.metrics.clone());
        let (leading, stop) = (candidate.leading.clone(), candidate.stop.clone());
        (candidate, tokio::spawn(async move { operator.run_while_leading(leading, stop).await }))
    };
    let (mut first, first_works) = controller("a");
    first.until(true).await;
    let (mut second, second_works) = controller("b");
    let object = |name: &str, kind: &str, spec: serde_json::Value| json!({ "apiVersion": "fleet.cloister.dev/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec });
    space.apply(object("smol", "Model", json!({ "source": { "path": "smol" } }))).await;
    space.apply(object("ward", "ModelDeployment", json!({ "model": "smol" }))).await;
    let ready = |o: &ModelDeployment| condition(o, "Ready") == "True/Ready";
    space.until("ward", ready).await;
    first.stop.cancel();
    first.task.await.unwrap();
    first_works.await.unwrap();
    second.until(true).await;
    space.apply(object("desk", "ModelDeployment", json!({ "model": "smol" }))).await;
    space.until("desk", ready).await;
    assert_eq!(space.fleet.puts(), 2, "each deployment was asked for once");
    second.stop.cancel();
    second.task.await.unwrap();
    second_works.await.unwrap();
}

struct Candidate {
    leading: watch::Receiver<bool>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Candidate {
    fn new(client: kube::Client, space: &Space, identity: &str) -> Self {
        let (leads, leading) = watch::channel(false);
        let stop = CancellationToken::new();
        let lease = LeaderLease::new(client, &space.namespace, "cloister-controller", identity);
        let task = tokio::spawn(lease.run(leads, stop.clone()));
        Self { leading, stop, task }
    }

    async fn until(&mut self, leads: bool) -> Duration {
        let begun = tokio::time::Instant::now();
        let waited = tokio::time::timeout(DEADLINE, self.leading.wait_for(|now| *now == leads)).await;
        assert!(waited.is_ok(), "it never came to lead = {leads}");
        begun.elapsed()
    }

    fn leads(&self) -> bool {
        *self.leading.borrow()
    }
}

async fn with_lease() -> Option<Space> {
    let space = Space::new().await?;
    // As the chart renders it: without a spec.
    let lease: Lease =
        serde_json::from_value(json!({ "metadata": { "name": "cloister-controller" } })).unwrap();
    space.api::<Lease>().create(&PostParams::default(), &lease).await.unwrap();
    Some(space)
}

#[tokio::test]
async fn one_leads_and_gives_the_lease_to_the_next_when_it_stops() {
    let Some(space) = with_lease().await else { return };
    let mut first = Candidate::new(space.client.clone(), &space, "a");
    first.until(true).await;
    let mut second = Candidate::new(space.client.clone(), &space, "b");
    first.stop.cancel();
    first.task.await.unwrap();
    let waited = second.until(true).await;
    assert!(
        waited < Duration::from_secs(12),
        "a Lease given back is taken at the next look, not when it runs out: {waited:?}"
    );
    let lease = space.api::<Lease>().get("cloister-controller").await.unwrap().spec.unwrap();
    assert_eq!((lease.holder_identity.as_deref(), lease.lease_transitions), (Some("b"), Some(2)));
    second.stop.cancel();
    second.task.await.unwrap();
    let lease = space.api::<Lease>().get("cloister-controller").await.unwrap().spec.unwrap();
    assert_eq!(lease.holder_identity, None);
}

#[tokio::test]
async fn a_leader_that_the_api_server_leaves_hanging_stops_before_another_begins() {
    let Some(space) = with_lease().await else { return };
    let gate = Gate::to(space.server.port()).await;
    let through = client(space.server.config_at(gate.port), &OperatorMetrics::default()).unwrap();
    let mut first = Candidate::new(through, &space, "a");
    first.until(true).await;
    let mut second = Candidate::new(space.client.clone(), &space, "b");
    gate.shut();
    let lost = first.until(false).await;
    assert!(lost <= Duration::from_secs(11), "by its own clock: {lost:?}");
    assert!(!second.leads(), "nobody leads between");
    second.until(true).await;
    assert!(!first.leads());
    for candidate in [first, second] {
        candidate.stop.cancel();
        candidate.task.await.unwrap();
    }
}

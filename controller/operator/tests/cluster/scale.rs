use std::time::Instant;

use cloister_operator::crd::{Model, ModelDeployment};
use futures_util::StreamExt as _;
use kube::api::{ListParams, PostParams};
use serde_json::json;

use crate::nodes::node;
use crate::space::{Space, condition, eventually};

const DEPLOYMENTS: usize = 500;
const NODES: usize = 1000;
/// Largest memory of the whole process.
const MEMORY_MAX_KIB: u64 = 256 * 1024;

/// Prints what it cost: requests by verb and kind, per object, and memory.
#[tokio::test]
async fn five_hundred_deployments_and_a_thousand_nodes_fit() {
    let Some(space) = Space::new().await else { return };
    let model: Model = serde_json::from_value(json!({
        "apiVersion": "fleet.cloister.dev/v1alpha1", "kind": "Model", "metadata": { "name": "smol" },
        "spec": { "source": { "path": "smol" } }
    }))
    .unwrap();
    space.api::<Model>().create(&PostParams::default(), &model).await.unwrap();
    let deployments = space.api::<ModelDeployment>();
    let create = |number: usize| {
        let deployments = deployments.clone();
        async move {
            let object: ModelDeployment = serde_json::from_value(json!({
                "apiVersion": "fleet.cloister.dev/v1alpha1", "kind": "ModelDeployment",
                "metadata": { "name": format!("d-{number}") }, "spec": { "model": "smol" }
            }))
            .unwrap();
            deployments.create(&PostParams::default(), &object).await.unwrap();
        }
    };
    futures_util::stream::iter(0..DEPLOYMENTS).for_each_concurrent(8, create).await;
    space.fleet.change("the fleet", |view| view.nodes = (0..NODES).map(node).collect());
    let (begun, before) = (Instant::now(), space.metrics.requests());
    let operator = space.operator();
    let ready = eventually(async || {
        let all = deployments.list(&ListParams::default()).await.unwrap();
        (all.items.iter().all(|o| condition(o, "Ready") == "True/Ready")).then_some(())
    });
    assert!(ready.await.is_some());
    let took = begun.elapsed();
    let settled = eventually(async || {
        let idle = writes(&space);
        space.fleet.change("the fleet", |_| {});
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        (writes(&space) == idle).then_some(())
    });
    assert!(settled.await.is_some(), "looks at an unchanged fleet write nothing");
    println!("{DEPLOYMENTS} deployments ready after {took:?}; requests before: {before:?}");
    for (labels, count) in space.metrics.requests() {
        println!("{count:6} {} {}", labels.verb, labels.resource);
    }
    println!(
        "{} requests for {} decisions; memory at most {} KiB",
        total(&space),
        space.metrics.settled(),
        memory_kib()
    );
    assert!(memory_kib() < MEMORY_MAX_KIB, "{} KiB", memory_kib());
    operator.stop().await;
}

fn total(space: &Space) -> u64 {
    space.metrics.requests().iter().map(|(_, count)| count).sum()
}

fn writes(space: &Space) -> u64 {
    let requests = space.metrics.requests();
    requests
        .iter()
        .filter(|(labels, _)| ["patch", "create"].contains(&labels.verb))
        .map(|(_, count)| count)
        .sum()
}

/// The most memory that this process ever had.
fn memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

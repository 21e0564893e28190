use cloister_api::NodeState;
use cloister_operator::ObservedNode;
use cloister_operator::crd::FleetNode;
use kube::api::ListParams;
use serde_json::json;

use crate::space::{Space, eventually};

pub(crate) fn node(number: usize) -> ObservedNode {
    let node = json!({
        "id": format!("id-{number}"), "name": format!("node-{number}"), "state": "ready", "region": "eu", "jurisdiction": "DE",
        "labels": {}, "gpus": ["NVIDIA H200"], "memory_total_bytes": 1_000_000_u64, "certificate_expires_at": "2026-01-02T00:00:00Z",
        "last_seen_at": "2026-01-01T00:00:00Z", "generation": 1, "replicas": 0
    });
    ObservedNode { node: serde_json::from_value(node).unwrap(), k8s_node: Some(format!("node-{number}")) }
}

#[tokio::test]
async fn nodes_are_mirrored_and_go_when_the_fleet_forgets_them() {
    let Some(space) = Space::new().await else { return };
    let operator = space.operator();
    space.fleet.change("the fleet", |view| view.nodes = vec![node(0), node(1)]);
    let shown = space.until("node-0", |o: &FleetNode| o.status.is_some()).await.status.unwrap();
    assert_eq!((shown.state.as_str(), shown.k8s_node.as_deref()), ("ready", Some("node-0")));
    assert_eq!(shown.accelerators, ["NVIDIA H200"]);
    let row = space.kubectl(&["get", "fn", "node-1"]).await;
    assert!(row.contains("ready") && row.contains("DE"), "{row}");
    space.fleet.change("the fleet", |view| view.nodes[0].node.state = NodeState::Unreachable);
    space.until("node-0", |o: &FleetNode| o.status.as_ref().is_some_and(|s| s.state == "unreachable")).await;
    space.fleet.change("the fleet", |view| view.nodes.truncate(1));
    space.until_gone::<FleetNode>("node-1").await;
    operator.stop().await;
}

/// Each node costs two requests to appear, and none while nothing changes, however often the operator looks.
#[tokio::test]
async fn a_hundred_nodes_cost_two_requests_each_and_then_none() {
    let Some(space) = Space::new().await else { return };
    let operator = space.operator();
    space.fleet.change("the fleet", |view| view.nodes = (0..100).map(node).collect());
    let written = eventually(async || {
        let all = space.api::<FleetNode>().list(&ListParams::default()).await.unwrap();
        (all.items.len() == 100 && all.items.iter().all(|node| node.status.is_some())).then_some(())
    });
    assert!(written.await.is_some());
    let writes = || -> u64 {
        space
            .metrics
            .requests()
            .iter()
            .filter(|(labels, _)| labels.verb == "patch")
            .map(|(_, count)| count)
            .sum()
    };
    let before = writes();
    assert!((200..=210).contains(&before), "{:?}", space.metrics.requests());
    for _ in 0..3 {
        space.fleet.change("the fleet", |_| {});
    }
    space.fleet.change("the fleet", |view| view.nodes[7].node.state = NodeState::Revoked);
    space.until("node-7", |o: &FleetNode| o.status.as_ref().is_some_and(|s| s.state == "revoked")).await;
    assert_eq!(writes() - before, 1, "{:?}", space.metrics.requests());
    operator.stop().await;
}

//! Nodes that are cordoned, drained and opened again, and what that would do.

use std::sync::Arc;
use std::time::Duration;

use cloister_api::{ProblemKind, paths};
use cloister_scheduler::{
    DeploymentIntent, FleetView, Intent, MemoryNeed, NodeState as Reach, NodeView, ReplicaView,
    Scheduling as Planned,
};
use cloister_store::{Change, Node, NodeState, Replica, Scheduling};
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Fleet, draft, kind};
use crate::reconcile::Situation;

async fn add(fleet: &Fleet, name: &str) {
    let node = Node {
        id: format!("id-{name}"),
        name: name.to_owned(),
        region: String::new(),
        jurisdiction: "DE".to_owned(),
        labels: Default::default(),
        certificate_serial: name.to_owned(),
        certificate_not_after: Timestamp::now(),
        generation: 0,
        state: NodeState::Enrolled,
        scheduling: Scheduling::Open,
        enrolled_at: Timestamp::now(),
        revoked_at: None,
    };
    fleet.api.ledger().change(vec![Change::AddNode(node)], draft()).await.unwrap();
}

async fn put(fleet: &Fleet, name: &str, body: Value) -> Value {
    let (status, node) = fleet.call(Method::PUT, &paths::node_scheduling(name), Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{node}");
    node
}

#[tokio::test]
async fn a_node_is_cordoned_drained_and_opened_and_each_step_is_on_record_once() {
    let fleet = Fleet::start().await;
    add(&fleet, "ward-1").await;
    let steps = [
        (json!({"state": "cordoned"}), "node.cordoned", Value::Null),
        (json!({"state": "draining"}), "node.drain_started", json!(false)),
        (json!({"state": "draining", "force": true}), "node.drain_started", json!(true)),
        (json!({"state": "open"}), "node.opened", Value::Null),
    ];
    for (body, recorded, force) in steps {
        let node = put(&fleet, "ward-1", body.clone()).await;
        assert_eq!(node["scheduling"], body["state"]);
        let (kind_of, leaf) = fleet.recorded(1).await.remove(0);
        assert_eq!((kind_of.as_str(), &leaf["subject"]["name"]), (recorded, &json!("ward-1")));
        assert_eq!(leaf["change"]["force"], force);
        assert_eq!(node["record_id"], leaf["id"]);

        let again = put(&fleet, "id-ward-1", body).await;
        assert_eq!(again["record_id"], Value::Null, "nothing was changed");
        assert_eq!(fleet.recorded(1).await[0].1["id"], leaf["id"]);
    }
}

#[tokio::test]
async fn only_a_drain_can_be_forced_and_a_revoked_node_takes_no_change() {
    let fleet = Fleet::start().await;
    add(&fleet, "ward-1").await;
    let path = paths::node_scheduling("ward-1");
    for body in [json!({"state": "open", "force": true}), json!({"state": "cordoned", "force": true})] {
        let problem = fleet.problem(Method::PUT, &path, Some(body)).await;
        assert_eq!((kind(&problem), problem.field.as_deref()), (ProblemKind::Invalid, Some("force")));
    }
    let problem = fleet.problem(Method::PUT, &path, Some(json!({"state": "asleep"}))).await;
    assert_eq!((kind(&problem), problem.field.as_deref()), (ProblemKind::Invalid, Some("state")));
    let forced_cordon = paths::node_preview("ward-1", cloister_api::NodeChange::Cordon, true);
    assert_eq!(fleet.problem(Method::GET, &forced_cordon, None).await.field.as_deref(), Some("force"));

    fleet.call(Method::POST, &paths::node_revocation("ward-1"), None).await;
    let problem = fleet.problem(Method::PUT, &path, Some(json!({"state": "open"}))).await;
    assert_eq!(kind(&problem), ProblemKind::Conflict);
    let gone = paths::node_preview("ward-1", cloister_api::NodeChange::Drain, false);
    assert_eq!(kind(&fleet.problem(Method::GET, &gone, None).await), ProblemKind::Conflict);
}

fn node_view(name: &str, available_bytes: u64) -> NodeView {
    NodeView {
        id: format!("id-{name}"),
        name: name.to_owned(),
        state: Reach::Ready,
        scheduling: Planned::Open,
        jurisdiction: "DE".to_owned(),
        labels: Default::default(),
        memory_total_bytes: 64 << 30,
        memory_available_bytes: available_bytes,
        freeing: false,
    }
}

/// `ward-1` serves a small and a large deployment, and `ward-2` has room for the small one.
fn situation() -> Situation {
    let deployments = [("big", 8_u64), ("small", 2)].map(|(name, gib)| DeploymentIntent {
        id: format!("id-{name}"),
        name: name.to_owned(),
        replicas: 1,
        spec: "spec".to_owned(),
        need: Some(MemoryNeed { weights_bytes: gib << 30, kv_bytes: 0, scratch_bytes: 0 }),
        node_selector: Default::default(),
        jurisdiction: String::new(),
    });
    let replicas = ["big", "small"].map(|name| ReplicaView {
        id: format!("replica-of-{name}"),
        deployment_id: format!("id-{name}"),
        node_id: Some("id-ward-1".to_owned()),
        spec: "spec".to_owned(),
        memory_bytes: 1,
        resident_bytes: 0,
        ready: true,
        draining: false,
        idle: false,
        permitted: true,
    });
    Situation {
        view: FleetView {
            nodes: vec![node_view("ward-1", 32 << 30), node_view("ward-2", 4 << 30)],
            replicas: replicas.to_vec(),
        },
        intent: Intent {
            deployments: deployments.to_vec(),
            unreachable_grace: Duration::from_secs(60),
            headroom_bytes: 0,
        },
    }
}

#[tokio::test]
async fn a_preview_says_of_each_replica_where_it_would_go_and_changes_nothing() {
    let fleet = Fleet::start().await;
    add(&fleet, "ward-1").await;
    add(&fleet, "ward-2").await;
    let preview = async |change, force| fleet.get(&paths::node_preview("ward-1", change, force)).await;
    assert_eq!(
        preview(cloister_api::NodeChange::Drain, false).await["replicas"],
        json!([]),
        "not looked at yet"
    );
    fleet.api.fleet().shared.situation.send_replace(Some(Arc::new(situation())));

    let cases = [
        (cloister_api::NodeChange::Cordon, false, ["stays", "stays"]),
        (cloister_api::NodeChange::Drain, false, ["stays", "moves"]),
        (cloister_api::NodeChange::Drain, true, ["unplaced", "moves"]),
        (cloister_api::NodeChange::Revoke, false, ["unplaced", "moves"]),
    ];
    for (change, force, outcomes) in cases {
        let told = preview(change, force).await;
        assert_eq!((&told["change"], &told["force"]), (&json!(change), &json!(force)));
        for (replica, outcome) in told["replicas"].as_array().unwrap().iter().zip(outcomes) {
            assert_eq!(replica["outcome"], outcome, "{change:?} {force}: {replica}");
        }
    }
    let told = preview(cloister_api::NodeChange::Drain, false).await;
    assert_eq!(told["replicas"][1]["to_node_name"], "ward-2");
    let verdicts = told["replicas"][0]["nodes"].as_array().unwrap();
    let short = verdicts.iter().find(|verdict| verdict["node_name"] == "ward-2").unwrap();
    assert!(short["reason"].as_str().unwrap().starts_with("4.0 GiB short"), "{short}");
    assert_eq!(fleet.get(paths::NODES).await["nodes"][0]["scheduling"], "open");
}

#[tokio::test]
async fn a_drain_tells_how_many_replicas_are_left_and_how_many_are_held() {
    let fleet = Fleet::start().await;
    add(&fleet, "ward-1").await;
    let row = |id: &str| Replica {
        id: id.to_owned(),
        deployment_id: "id-big".to_owned(),
        node_id: Some("id-ward-1".to_owned()),
        generation: 1,
        reasons: json!({}),
        memory_bytes: 1,
    };
    let rows = ["replica-of-big", "replica-of-small"].map(|id| Change::PutReplica(row(id)));
    fleet.api.ledger().change(rows.to_vec(), draft()).await.unwrap();
    let mut seen = situation();
    seen.view.nodes[0].scheduling = Planned::Draining { force: false };
    let plan = cloister_scheduler::plan(&seen.view, &seen.intent);
    fleet.api.fleet().shared.plan.send_replace(Arc::new(plan));

    let node = put(&fleet, "ward-1", json!({"state": "draining"})).await;

    assert_eq!(node["drain"], json!({"force": false, "replicas_left": 2, "replicas_held": 1}));
}

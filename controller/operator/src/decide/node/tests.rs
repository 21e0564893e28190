use serde_json::json;

use super::*;

fn node(name: &str, state: &str, seen_at: &str) -> ObservedNode {
    let node = json!({
        "id": format!("id-{name}-{seen_at}"), "name": name, "state": state, "region": "", "jurisdiction": "DE", "labels": {},
        "gpus": [], "cpu": "EPYC", "certificate_expires_at": "2026-01-02T00:00:00Z", "last_seen_at": seen_at,
        "generation": 1, "replicas": 1, "memory_available_bytes": seen_at.len(),
    });
    ObservedNode { node: serde_json::from_value(node).unwrap(), k8s_node: Some(name.into()) }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn mirrored(node: &ObservedNode, written: i64) -> BTreeMap<String, FleetNodeStatus> {
    BTreeMap::from([(node.node.name.clone(), stamped(status(node), at(written)))])
}

#[test]
fn nodes_come_and_go_with_the_fleets() {
    let a = node("a", "ready", "1");
    let made = decide(std::slice::from_ref(&a), &BTreeMap::new(), at(0));
    let [(name, Action::Create(status))] = made.as_slice() else { panic!("{made:?}") };
    assert_eq!(
        (name.as_str(), status.state.as_str(), &status.accelerators),
        ("a", "ready", &vec!["EPYC".to_owned()])
    );
    assert_eq!(decide(&[], &mirrored(&a, 0), at(1)), vec![("a".to_owned(), Action::Delete)]);
    assert!(
        decide(&[node("A_b", "ready", "1")], &BTreeMap::new(), at(0)).is_empty(),
        "no name for Kubernetes"
    );
}

#[test]
fn writes_are_spaced_out_unless_the_state_changes() {
    let old = node("a", "ready", "1");
    let due = |fresh: &ObservedNode, age: i64| {
        !decide(std::slice::from_ref(fresh), &mirrored(&old, 0), at(age)).is_empty()
    };
    let heartbeat =
        ObservedNode { node: Node { last_seen_at: Some("2".into()), ..old.node.clone() }, ..old.clone() };
    let replicas = ObservedNode { node: Node { replicas: 2, ..old.node.clone() }, ..old.clone() };
    let state =
        ObservedNode { node: Node { state: NodeState::Unreachable, ..old.node.clone() }, ..old.clone() };
    assert_eq!([1, 31, 999].map(|age| due(&old, age)), [false, false, false], "nothing new");
    assert_eq!([1, 31, 60].map(|age| due(&heartbeat, age)), [false, false, true]);
    assert_eq!([1, 29, 30].map(|age| due(&replicas, age)), [false, false, true]);
    assert!(due(&state, 1));
    let drained = Node { scheduling: cloister_api::SchedulingState::Draining, ..old.node.clone() };
    assert!(due(&ObservedNode { node: drained, ..old.clone() }, 1));
}

#[test]
fn of_several_nodes_of_one_name_the_living_one_is_shown() {
    let all = [node("a", "revoked", "9"), node("a", "unreachable", "1"), node("a", "ready", "2")];
    let made = decide(&all, &BTreeMap::new(), at(0));
    let [(_, Action::Create(status))] = made.as_slice() else { panic!("{made:?}") };
    assert_eq!(status.id, "id-a-2");
}

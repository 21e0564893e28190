//! How one revision replaces another.

use super::fixtures::*;
use crate::*;

/// Replicas of revision v1 that serve, one on each node named.
fn serving(nodes: Vec<NodeView>, places: &[&str], gib: u64) -> FleetView {
    let replica = |(number, place): (usize, &&str)| ReplicaView {
        id: format!("old-{number}"),
        deployment_id: "chat".into(),
        node_id: Some(format!("id-{place}")),
        spec: "v1".into(),
        memory_bytes: gib * GIB,
        resident_bytes: gib * GIB,
        ready: true,
        permitted: true,
    };
    FleetView { nodes, replicas: places.iter().enumerate().map(replica).collect() }
}

fn v2(replicas: u32, gib: u64) -> Intent {
    let mut wanted = deployment("chat", replicas, gib);
    wanted.spec = "v2".into();
    intent(vec![wanted])
}

/// What is on the books after the plan, as revision and node; `*` for what serves.
fn books(fleet: &FleetView) -> Vec<String> {
    let place =
        |r: &ReplicaView| r.node_id.as_deref().map_or("-", |id| id.trim_start_matches("id-")).to_owned();
    let told = |r: &ReplicaView| format!("{} {}{}", r.spec, place(r), if r.ready { "*" } else { "" });
    let mut books: Vec<_> = fleet.replicas.iter().map(told).collect();
    books.sort();
    books
}

fn step(fleet: &FleetView, want: &Intent) -> FleetView {
    carry_out(fleet, want, &plan(fleet, want))
}

/// Everything that was placed has been loaded.
fn loaded(mut fleet: FleetView) -> FleetView {
    fleet.replicas.iter_mut().for_each(|replica| replica.ready = replica.node_id.is_some());
    fleet
}

#[test]
fn where_there_is_room_the_new_replica_serves_before_the_old_one_goes() {
    let want = v2(1, 2);
    let fleet = step(&serving(vec![node("a", 16, 8)], &["a"], 2), &want);
    assert_eq!(books(&fleet), ["v1 a*", "v2 a"]);
    assert_eq!(plan(&fleet, &want).changes().count(), 0, "nothing more before it serves");
    let kept =
        plan(&fleet, &want).decisions.into_iter().find(|d| d.replica == ReplicaRef::Existing("old-0".into()));
    assert_eq!(
        kept.unwrap().reason,
        "it runs an earlier revision of its deployment: it serves until one of the present revision does"
    );
    assert_eq!(books(&step(&loaded(fleet), &want)), ["v2 a*"]);
}

#[test]
fn replicas_are_replaced_one_after_another() {
    let want = v2(3, 2);
    let mut fleet = serving(vec![node("a", 32, 24), node("b", 32, 24)], &["a", "a", "b"], 2);
    for serving in [["v1", "v1", "v1"], ["v1", "v1", "v2"], ["v1", "v2", "v2"]] {
        fleet = step(&fleet, &want);
        let ready: Vec<_> = fleet.replicas.iter().filter(|r| r.ready).map(|r| r.spec.as_str()).collect();
        let mut sorted = ready.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, serving, "three serve at every step");
        assert_eq!(fleet.replicas.len(), 4);
        fleet = loaded(fleet);
    }
    let done = step(&fleet, &want);
    assert_eq!(done.replicas.iter().map(|r| r.spec.as_str()).collect::<Vec<_>>(), ["v2"; 3]);
    assert_eq!(plan(&done, &want).changes().count(), 0);
}

#[test]
fn where_there_is_no_room_one_makes_room_and_waits_for_the_memory() {
    let want = v2(2, 6);
    let fleet = step(&serving(vec![node("a", 14, 2)], &["a", "a"], 6), &want);
    assert_eq!(books(&fleet), ["v1 a*", "v2 -"], "one of two went, and the other serves");
    let removed = plan(&serving(vec![node("a", 14, 2)], &["a", "a"], 6), &want);
    assert!(removed.to_string().contains("makes room for the present one"), "{removed}");
    // Its memory has not come back yet: the other one must not go as well.
    let mut waiting = fleet.clone();
    waiting.nodes[0].freeing = true;
    assert_eq!(plan(&waiting, &want).changes().count(), 0);
    let mut freed = fleet;
    freed.nodes[0].memory_available_bytes = 8 * GIB;
    assert_eq!(books(&step(&freed, &want)), ["v1 a*", "v2 a"]);
}

#[test]
fn what_serves_does_not_go_for_what_fits_nowhere() {
    let want = v2(1, 20);
    let fleet = step(&serving(vec![node("a", 16, 8)], &["a"], 2), &want);
    assert_eq!(books(&fleet), ["v1 a*", "v2 -"]);
    let told = plan(&fleet, &want);
    assert_eq!(told.changes().count(), 0);
    assert!(
        told.to_string().contains("no node can take one of the present revision, even without it"),
        "{told}"
    );
}

#[test]
fn of_several_nodes_the_one_where_fewest_have_to_go_makes_room() {
    let mut fleet = serving(vec![node("a", 10, 1), node("b", 10, 1)], &["a", "a", "b"], 3);
    fleet.replicas[2].memory_bytes = 6 * GIB;
    fleet.replicas[2].resident_bytes = 6 * GIB;
    assert_eq!(books(&step(&fleet, &v2(3, 6))), ["v1 a*", "v1 a*", "v2 -"]);
}

#[test]
fn what_does_not_serve_goes_at_once() {
    let mut fleet = serving(vec![node("a", 16, 8)], &["a"], 2);
    fleet.replicas[0].ready = false;
    assert_eq!(books(&step(&fleet, &v2(1, 2))), ["v2 a"]);
    let mut silent = serving(vec![node("a", 16, 8), node("b", 16, 8)], &["a"], 2);
    silent.nodes[0].state = NodeState::Unreachable(std::time::Duration::from_secs(1));
    assert_eq!(books(&step(&silent, &v2(1, 2))), ["v2 b"]);
}

#[test]
fn what_may_not_run_goes_at_once_however_well_it_serves() {
    let mut fleet = serving(vec![node("a", 16, 8)], &["a"], 2);
    fleet.replicas[0].permitted = false;
    assert_eq!(books(&step(&fleet, &v2(1, 2))), ["v2 a"]);
    let mut abroad = serving(vec![node("a", 16, 8)], &["a"], 2);
    abroad.nodes[0].jurisdiction = "FR".into();
    let mut want = v2(1, 2);
    want.deployments[0].jurisdiction = "DE".into();
    assert_eq!(books(&step(&abroad, &want)), ["v2 -"]);
    let nothing = v2(0, 2);
    assert!(books(&step(&serving(vec![node("a", 16, 8)], &["a"], 2), &nothing)).is_empty());
}

#[test]
fn a_revision_that_is_taken_back_half_way_keeps_what_serves() {
    let forth = step(&serving(vec![node("a", 16, 8)], &["a"], 2), &v2(1, 2));
    let back = step(&forth, &intent(vec![deployment("chat", 1, 2)]));
    assert_eq!(books(&back), ["v1 a*"]);
}

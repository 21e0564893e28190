//! How one revision replaces another.

use super::fixtures::*;
use crate::*;

/// Replicas of revision v1 that serve, one on each node named.
fn serving(nodes: Vec<NodeView>, places: &[&str], gib: u64) -> FleetView {
    let replica = |(number, place): (usize, &&str)| {
        super::fixtures::serving(&format!("old-{number}"), "chat", place, gib)
    };
    FleetView { nodes, replicas: places.iter().enumerate().map(replica).collect() }
}

fn v2(replicas: u32, gib: u64) -> Intent {
    let mut wanted = deployment("chat", replicas, gib);
    wanted.spec = "v2".into();
    intent(vec![wanted])
}

/// What is on the books after the plan, as revision and node; `*` for what serves, `~` for what takes no new requests.
fn books(fleet: &FleetView) -> Vec<String> {
    let place =
        |r: &ReplicaView| r.node_id.as_deref().map_or("-", |id| id.trim_start_matches("id-")).to_owned();
    let mark = |r: &ReplicaView| match (r.ready, r.draining) {
        (_, true) => "~",
        (true, false) => "*",
        (false, false) => "",
    };
    let told = |r: &ReplicaView| format!("{} {}{}", r.spec, place(r), mark(r));
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

/// What drains has no request any more.
fn quiet(mut fleet: FleetView) -> FleetView {
    fleet.replicas.iter_mut().for_each(|replica| replica.idle = replica.draining);
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
    let ends = step(&loaded(fleet), &want);
    assert_eq!(books(&ends), ["v1 a~", "v2 a*"]);
    assert_eq!(plan(&ends, &want).changes().count(), 0, "nothing more before its requests have ended");
    assert_eq!(books(&step(&quiet(ends), &want)), ["v2 a*"]);
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
        fleet = quiet(step(&loaded(fleet), &want));
        assert_eq!(fleet.replicas.len(), 4, "the next one comes once this one has gone");
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
    let next = step(&freed, &want);
    assert_eq!(books(&next), ["v1 a*", "v2 -", "v2 a"], "the other one waits for room that is not made yet");
    assert_eq!(plan(&next, &want).changes().count(), 0);
    assert_eq!(books(&step(&loaded(next), &want)), ["v2 -", "v2 a*"]);
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

/// Two nodes, of which the first is being drained and the other has room for `room_gib`.
fn drained(force: bool, room_gib: u64, places: &[&str]) -> FleetView {
    let mut fleet = serving(vec![node("a", 16, 8), node("b", 16, room_gib)], places, 2);
    fleet.nodes[0].scheduling = Scheduling::Draining { force };
    fleet
}

#[test]
fn what_is_outdated_on_a_drained_node_goes_once_and_in_good_order() {
    let want = v2(1, 2);
    let first = plan(&drained(false, 8, &["a"]), &want);
    let replaced: Vec<_> = first.decisions.iter().filter_map(|d| d.replaces.as_deref()).collect();
    assert_eq!(replaced, ["old-0"], "the new one says in whose place it comes");
    let mut fleet = step(&drained(false, 8, &["a"]), &want);
    assert_eq!(books(&fleet), ["v1 a*", "v2 b"]);
    fleet = step(&loaded(fleet), &want);
    assert_eq!(books(&fleet), ["v1 a~", "v2 b*"]);
    assert_eq!(books(&step(&quiet(fleet), &want)), ["v2 b*"]);
}

#[test]
fn of_several_outdated_ones_those_on_a_drained_node_go_first() {
    let want = v2(2, 2);
    let fleet = step(&drained(false, 12, &["a", "b"]), &want);
    assert_eq!(books(&fleet), ["v1 a*", "v1 b*", "v2 b"]);
    assert_eq!(books(&step(&loaded(fleet), &want)), ["v1 a~", "v1 b*", "v2 b*"]);
}

#[test]
fn what_is_outdated_on_a_drained_node_stays_where_nothing_takes_its_place_unless_forced() {
    let want = v2(1, 2);
    let fleet = step(&drained(false, 1, &["a"]), &want);
    assert_eq!(books(&fleet), ["v1 a*", "v2 -"]);
    let held = plan(&fleet, &want);
    assert_eq!(held.changes().count(), 0);
    let why = "a is being drained, and no other node can take one of the present revision: it stays on a";
    let is_held = |d: &Decision| matches!(d.action, Action::Hold { .. }) && d.reason == why;
    assert!(held.decisions.iter().any(is_held), "{held}");
    assert_eq!(books(&step(&drained(true, 1, &["a"]), &want)), ["v1 a~", "v2 -"]);
}

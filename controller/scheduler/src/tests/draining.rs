//! Nodes that are cordoned or drained, and what a change of one would move.

use std::time::Duration;

use super::fixtures::*;
use crate::*;

const DRAIN: Scheduling = Scheduling::Draining { force: false };
const FORCE: Scheduling = Scheduling::Draining { force: true };

/// `ward-1` with what is given on it, and `ward-2` with room for `room_gib`.
fn two_wards(scheduling: Scheduling, room_gib: u64, replicas: &[ReplicaView]) -> FleetView {
    let mut first = node("ward-1", 32, 16);
    first.scheduling = scheduling;
    FleetView { nodes: vec![first, node("ward-2", 32, room_gib)], replicas: replicas.to_vec() }
}

/// The decision on a replica: its mark and its reason.
fn decided(plan: &Plan, id: &str) -> (char, String) {
    let own = ReplicaRef::Existing(id.to_owned());
    let decision = plan.decisions.iter().find(|decision| decision.replica == own).unwrap();
    (decision.to_string().chars().next().unwrap(), decision.reason.clone())
}

/// What is placed anew: the node, and what it replaces.
fn placed(plan: &Plan) -> Vec<(Option<&str>, Option<&str>)> {
    let new = plan.decisions.iter().filter(|decision| matches!(decision.replica, ReplicaRef::New(_)));
    new.map(|decision| (decision.node_id(), decision.replaces.as_deref())).collect()
}

#[test]
fn what_runs_on_a_cordoned_node_stays_and_what_comes_goes_elsewhere() {
    let want = intent(vec![deployment("chat", 2, 2)]);
    let fleet = two_wards(Scheduling::Cordoned, 4, &[serving("a", "chat", "ward-1", 2)]);
    let plan = plan(&fleet, &want);
    assert_eq!(decided(&plan, "a").0, '=');
    assert_eq!(placed(&plan), [(Some("id-ward-2"), None)]);
}

#[test]
fn replicas_that_share_a_cordoned_node_stay_together() {
    let want = intent(vec![deployment("chat", 2, 2)]);
    let both = [serving("a", "chat", "ward-1", 2), serving("b", "chat", "ward-1", 2)];
    assert_eq!(plan(&two_wards(Scheduling::Cordoned, 16, &both), &want).changes().count(), 0);
    assert_eq!(plan(&two_wards(Scheduling::Open, 16, &both), &want).changes().count(), 2);
}

#[test]
fn a_drained_replica_goes_step_by_step_and_never_before_another_serves() {
    let want = intent(vec![deployment("chat", 1, 2)]);
    let mut fleet = two_wards(DRAIN, 16, &[serving("a", "chat", "ward-1", 2)]);

    let first = plan(&fleet, &want);
    assert_eq!(placed(&first), [(Some("id-ward-2"), Some("a"))]);
    let waits = "ward-1 is being drained: the replica goes once another serves in its place";
    assert_eq!(decided(&first, "a"), ('=', waits.to_owned()));

    fleet = carry_out(&fleet, &want, &first);
    assert_eq!(plan(&fleet, &want).changes().count(), 0, "the other one loads");

    fleet.replicas[1].ready = true;
    let second = plan(&fleet, &want);
    assert_eq!(decided(&second, "a").0, '~');
    fleet = carry_out(&fleet, &want, &second);
    let third = plan(&fleet, &want);
    assert_eq!(third.changes().count(), 0);
    let ends = "it takes no new requests, and goes once those that it has have ended";
    assert_eq!(decided(&third, "a"), ('=', ends.to_owned()));

    fleet.replicas[0].idle = true;
    let last = plan(&fleet, &want);
    assert_eq!(decided(&last, "a").0, '-');
    assert_eq!(places(&carry_out(&fleet, &want, &last)), ["ward-2"]);
}

#[test]
fn what_no_other_node_can_take_stays_and_says_why_until_somebody_forces_it() {
    let want = intent(vec![deployment("chat", 1, 2)]);
    let here = [serving("a", "chat", "ward-1", 2)];
    let plan_held = plan(&two_wards(DRAIN, 1, &here), &want);
    let held = "ward-1 is being drained, and no other node can take the replica: it stays on ward-1";
    assert_eq!(decided(&plan_held, "a"), ('!', held.to_owned()));
    assert_eq!(plan_held.changes().count(), 0);
    let verdicts: Vec<_> = plan_held.decisions[0].verdicts.iter().map(|v| v.sentence.as_str()).collect();
    assert_eq!(verdicts[0], "is being drained");
    assert!(verdicts[1].starts_with("1.0 GiB short"), "{verdicts:?}");

    let forced = plan(&two_wards(FORCE, 1, &here), &want);
    assert_eq!(decided(&forced, "a").0, '~');
    assert_eq!(placed(&forced), [(None, Some("a"))], "it is on the books until a node can take it");
}

#[test]
fn of_several_replicas_as_many_move_as_find_a_place() {
    let want = intent(vec![deployment("chat", 3, 2)]);
    let here = ["a", "b", "c"].map(|id| serving(id, "chat", "ward-1", 2));
    let mut fleet = two_wards(DRAIN, 4, &here);
    fleet = carry_out(&fleet, &want, &plan(&fleet, &want));
    assert_eq!(places(&fleet), ["ward-1", "ward-1", "ward-1", "ward-2", "ward-2"]);
    fleet.replicas.last_mut().unwrap().ready = true;
    let one = plan(&fleet, &want);
    let marks = ["a", "b", "c"].map(|id| decided(&one, id).0);
    assert_eq!(marks, ['~', '=', '!'], "one goes for the one that serves");
    let first = plan(&two_wards(DRAIN, 4, &here), &want);
    assert_eq!(decided(&first, "c").0, '!', "it was the same one from the start");
}

#[test]
fn a_replica_that_does_not_serve_is_not_waited_for() {
    let want = intent(vec![deployment("chat", 1, 2)]);
    let mut broken = serving("a", "chat", "ward-1", 2);
    broken.ready = false;
    let plan = plan(&two_wards(DRAIN, 16, &[broken]), &want);
    assert_eq!(decided(&plan, "a").0, '-');
    assert_eq!(placed(&plan), [(Some("id-ward-2"), Some("a"))]);
}

#[test]
fn a_node_that_is_opened_again_keeps_what_has_not_left() {
    let want = intent(vec![deployment("chat", 1, 2)]);
    let mut fleet = two_wards(DRAIN, 16, &[serving("a", "chat", "ward-1", 2)]);
    fleet = carry_out(&fleet, &want, &plan(&fleet, &want));
    fleet.nodes[0].scheduling = Scheduling::Open;
    assert_eq!(places(&carry_out(&fleet, &want, &plan(&fleet, &want))), ["ward-1"]);
}

#[test]
fn replicas_of_a_deployment_that_wants_none_go_at_once_as_everywhere() {
    let want = intent(vec![deployment("chat", 0, 2)]);
    let plan = plan(&two_wards(DRAIN, 16, &[serving("a", "chat", "ward-1", 2)]), &want);
    assert_eq!(decided(&plan, "a").0, '-');
}

#[test]
fn a_draining_node_that_falls_silent_loses_its_replicas_after_the_grace() {
    let want = intent(vec![deployment("chat", 1, 2)]);
    let mut draining = serving("a", "chat", "ward-1", 2);
    draining.draining = true;
    let fleet = two_wards(DRAIN, 16, &[draining, serving("b", "chat", "ward-2", 2)]);
    let after = |silence_s| {
        let mut fleet = fleet.clone();
        fleet.nodes[0].state = NodeState::Unreachable(Duration::from_secs(silence_s));
        decided(&plan(&fleet, &want), "a").0
    };
    assert_eq!((after(59), after(60)), ('=', '-'));
}

#[test]
fn a_preview_tells_of_each_replica_what_the_plan_would_do() {
    let want = intent(vec![deployment("big", 1, 8), deployment("chat", 1, 2)]);
    let here = [serving("a", "chat", "ward-1", 2), serving("b", "big", "ward-1", 8)];
    let fleet = two_wards(Scheduling::Open, 4, &here);
    let moves = || Outcome::Moves { node_id: Some("id-ward-2".to_owned()) };
    let cases = [
        (NodeChange::Schedule(Scheduling::Cordoned), [Outcome::Stays, Outcome::Stays]),
        (NodeChange::Schedule(DRAIN), [Outcome::Stays, moves()]),
        (NodeChange::Schedule(FORCE), [Outcome::Unplaced, moves()]),
        (NodeChange::Revoke, [Outcome::Unplaced, moves()]),
    ];
    for (change, wanted) in cases {
        let told = preview(&fleet, &want, "id-ward-1", change);
        let ids: Vec<_> = told.iter().map(|prospect| prospect.replica_id.as_str()).collect();
        assert_eq!(ids, ["b", "a"], "by the name of the deployment");
        let outcomes: Vec<_> = told.iter().map(|prospect| prospect.outcome.clone()).collect();
        assert_eq!(outcomes, wanted, "{change:?}");
        assert!(told.iter().all(|prospect| !prospect.reason.is_empty()));
    }
    let told = preview(&fleet, &want, "id-ward-1", NodeChange::Revoke);
    assert_eq!(told[0].reason, "none of 2 nodes can take it");
    assert!(told[0].verdicts[1].sentence.starts_with("4.0 GiB short"), "{:?}", told[0].verdicts);
    assert!(preview(&fleet, &want, "id-ward-2", NodeChange::Revoke).is_empty());
}

#[test]
fn a_preview_of_a_drain_that_is_under_way_counts_what_was_placed_already() {
    let want = intent(vec![deployment("chat", 1, 2)]);
    let mut fleet = two_wards(DRAIN, 16, &[serving("a", "chat", "ward-1", 2)]);
    fleet = carry_out(&fleet, &want, &plan(&fleet, &want));
    let told = preview(&fleet, &want, "id-ward-1", NodeChange::Schedule(DRAIN));
    assert_eq!(told[0].outcome, Outcome::Moves { node_id: None });
}

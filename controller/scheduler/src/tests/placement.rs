use std::time::Duration;

use super::fixtures::*;
use crate::*;

fn settled(nodes: Vec<NodeView>, intent: &Intent) -> FleetView {
    let fleet = view(nodes);
    carry_out(&fleet, intent, &plan(&fleet, intent))
}

#[test]
fn replicas_spread_first_and_then_go_where_memory_is() {
    let want = intent(vec![deployment("chat", 3, 2)]);
    let fleet = settled(vec![node("a", 16, 8), node("b", 16, 12)], &want);
    assert_eq!(places(&fleet), ["a", "b", "b"]);
}

#[test]
fn a_tie_goes_to_the_first_name() {
    let want = intent(vec![deployment("chat", 1, 2)]);
    assert_eq!(places(&settled(vec![node("b", 16, 8), node("a", 16, 8)], &want)), ["a"]);
}

#[test]
fn what_does_not_fit_is_unplaced_and_says_how_much_is_missing() {
    let mut chat = deployment("chat", 1, 0);
    chat.need = Some(MemoryNeed { weights_bytes: 3 * GIB, kv_bytes: GIB, scratch_bytes: GIB / 2 });
    let plan = plan(&view(vec![node("node-7", 16, 1)]), &intent(vec![chat]));
    let decision = &plan.decisions[0];
    assert_eq!(decision.action, Action::LeaveUnplaced);
    assert_eq!(
        decision.verdicts[0].sentence,
        "3.5 GiB short: needs 4.5 GiB (weights 3.0 GiB, KV cache 1.0 GiB, scratch 512.0 MiB), 1.0 GiB free of 16.0 GiB"
    );
    assert!(
        plan.to_string()
            .contains("? chat (new 0): the fleet's only node cannot take it\n    node-7: 3.5 GiB short")
    );
}

#[test]
fn an_empty_fleet_says_what_to_do() {
    let plan = plan(&view(vec![]), &intent(vec![deployment("chat", 1, 1)]));
    assert_eq!(plan.decisions[0].reason, "the fleet has no node; enrol one with a join token");
}

#[test]
fn hard_constraints_name_what_is_missing() {
    let restrict = |change: fn(&mut DeploymentIntent)| {
        let mut chat = deployment("chat", 1, 1);
        change(&mut chat);
        intent(vec![chat])
    };
    let with = |change: fn(&mut NodeView)| {
        let mut node = node("a", 16, 16);
        change(&mut node);
        node
    };
    let cases = [
        (
            with(|_| ()),
            restrict(|d| d.jurisdiction = "FR".into()),
            "is in DE, and the deployment must stay in FR",
        ),
        (
            with(|n| n.jurisdiction.clear()),
            restrict(|d| d.jurisdiction = "FR".into()),
            "has no jurisdiction set",
        ),
        (with(|_| ()), restrict(|d| d.jurisdiction = "DE-HE".into()), "must stay in DE-HE"),
        (
            with(|_| ()),
            restrict(|d| _ = d.node_selector.insert("zone".into(), "b".into())),
            "zone=a, not zone=b",
        ),
        (
            with(|_| ()),
            restrict(|d| _ = d.node_selector.insert("gpu".into(), "1".into())),
            "lacks the label gpu=1",
        ),
        (with(|n| n.state = NodeState::Revoked), restrict(|_| ()), "is revoked"),
        (with(|n| n.scheduling = Scheduling::Cordoned), restrict(|_| ()), "is cordoned"),
        (
            with(|n| n.scheduling = Scheduling::Draining { force: false }),
            restrict(|_| ()),
            "is being drained",
        ),
        (with(|n| n.state = NodeState::Unreachable(Duration::from_secs(7))), restrict(|_| ()), "for 7 s"),
        (with(|_| ()), restrict(|d| d.need = None), "the model's file cannot be read"),
        (with(|n| n.memory_total_bytes = 0), restrict(|_| ()), "has not reported its memory yet"),
    ];
    for (node, want, sentence) in cases {
        let plan = plan(&view(vec![node]), &want);
        assert_eq!(plan.decisions[0].action, Action::LeaveUnplaced, "{sentence}");
        let found = &plan.decisions[0].verdicts[0].sentence;
        assert!(found.contains(sentence), "{found:?} should say {sentence:?}");
    }
}

#[test]
fn a_country_holds_its_parts_and_not_its_namesakes() {
    let cases = [
        ("DE", "DE", true),
        ("DE-HE", "DE", true),
        ("DE", "DE-HE", false),
        ("DEX", "DE", false),
        ("", "", true),
    ];
    for (place, area, want) in cases {
        assert_eq!(lies_within(place, area), want, "{place} in {area}");
    }
}

#[test]
fn memory_promised_but_not_yet_taken_is_not_free() {
    let want = intent(vec![deployment("big", 1, 6), deployment("chat", 1, 4)]);
    let fleet = settled(vec![node("a", 16, 8)], &want);
    assert_eq!(places(&fleet), ["-", "a"], "6 of 8 GiB are promised, 4 more do not fit");
    let mut loaded = fleet.clone();
    loaded.nodes[0].memory_available_bytes = 8 * GIB;
    loaded.replicas.iter_mut().filter(|r| r.node_id.is_some()).for_each(|r| r.resident_bytes = 6 * GIB);
    let next = carry_out(&loaded, &want, &plan(&loaded, &want));
    assert_eq!(places(&next), ["a", "a"], "with the 6 GiB taken and 8 still there, they do");
}

#[test]
fn a_healthy_placement_stays_when_a_better_node_comes() {
    let want = intent(vec![deployment("chat", 1, 2)]);
    let mut fleet = settled(vec![node("a", 16, 8)], &want);
    fleet.nodes.push(node("b", 64, 64));
    assert_eq!(plan(&fleet, &want).changes().count(), 0);
}

#[test]
fn of_replicas_that_share_a_node_one_moves_once_all_serve_and_another_node_can_take_it() {
    let want = intent(vec![deployment("chat", 3, 2)]);
    let mut fleet = settled(vec![node("a", 16, 12)], &want);
    fleet.nodes.push(node("b", 16, 1));
    fleet.replicas.iter_mut().for_each(|replica| replica.ready = true);
    assert_eq!(plan(&fleet, &want).changes().count(), 0, "b is too small");
    fleet.nodes[1] = node("b", 16, 8);
    fleet.replicas[1].ready = false;
    assert_eq!(plan(&fleet, &want).changes().count(), 0, "one is not serving yet");
    fleet.replicas[1].ready = true;
    let moved = carry_out(&fleet, &want, &plan(&fleet, &want));
    assert_eq!(places(&moved), ["a", "a", "b"]);
    assert_eq!(plan(&moved, &want).changes().count(), 0, "and that is enough");
}

#[test]
fn a_silent_node_keeps_its_replicas_for_the_grace_and_loses_them_after() {
    let want = intent(vec![deployment("chat", 1, 2)]);
    let mut fleet = settled(vec![node("a", 16, 9), node("b", 16, 8)], &want);
    assert_eq!(places(&fleet), ["a"]);
    fleet.nodes[0].state = NodeState::Unreachable(Duration::from_secs(59));
    assert_eq!(plan(&fleet, &want).changes().count(), 0);
    fleet.nodes[0].state = NodeState::Unreachable(Duration::from_secs(60));
    assert_eq!(places(&carry_out(&fleet, &want, &plan(&fleet, &want))), ["b"]);
    fleet.nodes.truncate(1);
    let stranded = plan(&fleet, &want);
    assert_eq!(stranded.changes().count(), 0, "with no other place it waits for its node");
    assert!(stranded.decisions[0].reason.contains("it waits for a"));
}

#[test]
fn scaling_down_takes_the_least_useful_first() {
    let want = intent(vec![deployment("chat", 3, 2)]);
    let mut fleet = settled(vec![node("a", 16, 8), node("b", 16, 8)], &want);
    for replica in &mut fleet.replicas {
        replica.ready = replica.node_id.as_deref() == Some("id-b");
    }
    let less = intent(vec![deployment("chat", 1, 2)]);
    assert_eq!(places(&carry_out(&fleet, &less, &plan(&fleet, &less))), ["b"]);
    let none = intent(vec![]);
    assert!(places(&carry_out(&fleet, &none, &plan(&fleet, &none))).is_empty());
}

#[test]
fn of_a_large_fleet_a_few_nodes_of_each_kind_are_told_and_the_chosen_one_always() {
    let mut nodes: Vec<NodeView> = (0..900).map(|i| node(&format!("small-{i:04}"), 1, 1)).collect();
    nodes.extend((0..99).map(|i| node(&format!("there-{i:04}"), 64, 32)));
    nodes.push(node("zz-roomy", 64, 60));
    nodes[5].state = NodeState::Unreachable(Duration::from_secs(7));
    let plan = plan(&view(nodes), &intent(vec![deployment("chat", 1, 8)]));
    let decision = &plan.decisions[0];
    assert_eq!(decision.node_id(), Some("id-zz-roomy"));
    let told: Vec<_> = decision.verdicts.iter().map(|verdict| verdict.node.as_str()).collect();
    assert!(told.contains(&"zz-roomy") && told.contains(&"small-0005"), "{told:?}");
    assert!(told.len() <= 16, "{told:?}");
    assert!(decision.reason.contains("of 100 nodes"), "{}", decision.reason);
}

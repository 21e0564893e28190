//! What holds for every fleet and every intent.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::fixtures::*;
use crate::*;

type RawNode = (u64, u64, u8, u64, bool, u8);

fn any_node() -> impl Strategy<Value = RawNode> {
    (1..32u64, 0..32u64, 0..4u8, 0..120u64, any::<bool>(), 0..8u8)
}

fn any_deployment() -> impl Strategy<Value = (u32, u64, u8, bool, u8)> {
    (0..5u32, 0..12u64, 0..4u8, any::<bool>(), 0..2u8)
}

const PLACES: [&str; 4] = ["", "DE", "DE-HE", "FR"];

fn build_nodes(raw: &[RawNode]) -> Vec<NodeView> {
    let build = |(i, &(total, available, place, silence, labelled, scheduling)): (usize, &RawNode)| {
        let mut node = node(&format!("n{i}"), total, available.min(total));
        node.jurisdiction = PLACES[usize::from(place)].into();
        node.state = match silence {
            0..80 => NodeState::Ready,
            80..90 => NodeState::Revoked,
            s => NodeState::Unreachable(Duration::from_secs(s)),
        };
        node.scheduling = match scheduling {
            0..5 => Scheduling::Open,
            5 => Scheduling::Cordoned,
            n => Scheduling::Draining { force: n == 7 },
        };
        if !labelled {
            node.labels.clear();
        }
        node
    };
    raw.iter().enumerate().map(build).collect()
}

fn build_intent(raw: &[(u32, u64, u8, bool, u8)]) -> Intent {
    let build = |(i, &(replicas, need, place, selective, spec)): (usize, &(u32, u64, u8, bool, u8))| {
        let mut wanted = deployment(&format!("d{i}"), replicas, need);
        wanted.jurisdiction = PLACES[usize::from(place)].into();
        wanted.spec = format!("v{spec}");
        if selective {
            wanted.node_selector.insert("zone".into(), "a".into());
        }
        wanted
    };
    let mut intent = intent(raw.iter().enumerate().map(build).collect());
    intent.unreachable_grace = Duration::from_secs(100);
    intent
}

/// A fleet that has been through one intent already, then changed, and is asked for another.
fn any_situation() -> impl Strategy<Value = (FleetView, Intent)> {
    let nodes = || vec(any_node(), 0..6);
    let wants = || vec(any_deployment(), 0..5);
    (nodes(), wants(), nodes(), wants()).prop_map(|(before, first, after, second)| {
        let (fleet, first) = (view(build_nodes(&before)), build_intent(&first));
        let mut fleet = carry_out(&fleet, &first, &plan(&fleet, &first));
        fleet.nodes = build_nodes(&after);
        fleet.replicas.iter_mut().for_each(|replica| replica.ready = replica.node_id.is_some());
        (fleet, build_intent(&second))
    })
}

/// A fleet at rest, some nodes of which are to be drained.
fn any_drain() -> impl Strategy<Value = (FleetView, Intent)> {
    let roomy = |(total, drained): (u64, bool)| (total, total, 1, 0, true, if drained { 6 } else { 0 });
    let nodes = vec((1..32u64, any::<bool>()).prop_map(roomy), 0..6);
    let wants = vec((0..5u32, 0..12u64).prop_map(|(replicas, need)| (replicas, need, 1, false, 0)), 0..5);
    (nodes, wants).prop_map(|(nodes, wants)| {
        let (mut fleet, want) = (view(build_nodes(&nodes)), build_intent(&wants));
        let drained: Vec<_> = fleet.nodes.iter().map(|node| node.scheduling).collect();
        fleet.nodes.iter_mut().for_each(|node| node.scheduling = Scheduling::Open);
        for _ in 0..3 {
            fleet = carry_out(&fleet, &want, &plan(&fleet, &want));
            fleet.replicas.iter_mut().for_each(|replica| replica.ready = replica.node_id.is_some());
        }
        fleet.nodes.iter_mut().zip(drained).for_each(|(node, scheduling)| node.scheduling = scheduling);
        (fleet, want)
    })
}

/// It is on a node that is being drained, or drains itself.
fn leaves(fleet: &FleetView, decision: &Decision) -> bool {
    let ReplicaRef::Existing(id) = &decision.replica else { return false };
    let Some(replica) = fleet.replicas.iter().find(|replica| replica.id == *id) else { return false };
    let node = fleet.nodes.iter().find(|node| Some(&node.id) == replica.node_id.as_ref());
    replica.draining || node.is_some_and(|node| matches!(node.scheduling, Scheduling::Draining { .. }))
}

proptest! {
    #[test]
    fn new_placements_never_promise_memory_twice((fleet, want) in any_situation()) {
        let plan = plan(&fleet, &want);
        for node in &fleet.nodes {
            let placed = |d: &&Decision| matches!(&d.action, Action::Place { node_id } if *node_id == node.id);
            let need = |d: &Decision| want.deployments.iter().find(|w| w.id == d.deployment_id).unwrap().need.unwrap().total_bytes();
            let new: u64 = plan.decisions.iter().filter(placed).map(need).sum();
            let promised: u64 = fleet.replicas.iter().filter(|r| r.node_id.as_ref() == Some(&node.id)).map(|r| r.memory_bytes).sum();
            prop_assert!(new == 0 || promised + new <= node.memory_available_bytes, "{}\n{plan}", node.name);
        }
    }

    #[test]
    fn constraints_hold_for_everything_that_stays_or_comes((fleet, want) in any_situation()) {
        let plan = plan(&fleet, &want);
        for decision in &plan.decisions {
            let Some(node_id) = decision.node_id() else { continue };
            let node = fleet.nodes.iter().find(|n| n.id == node_id).unwrap();
            let wanted = want.deployments.iter().find(|d| d.id == decision.deployment_id).unwrap();
            prop_assert!(node.state != NodeState::Revoked);
            prop_assert!(lies_within(&node.jurisdiction, &wanted.jurisdiction));
            prop_assert!(wanted.node_selector.iter().all(|(k, v)| node.labels.get(k) == Some(v)));
        }
    }

    #[test]
    fn planning_again_changes_nothing((fleet, want) in any_situation()) {
        let first = plan(&fleet, &want);
        let next = carry_out(&fleet, &want, &first);
        let again = plan(&next, &want);
        // What left has made room: that alone may let an unplaced replica in.
        let freed = first.decisions.iter().any(|d| matches!(d.action, Action::Remove { node_id: Some(_) }));
        if !freed {
            prop_assert_eq!(again.changes().count(), 0, "first:\n{}\nagain:\n{}", first, again);
        }
        let settled = carry_out(&next, &want, &again);
        prop_assert_eq!(plan(&settled, &want).changes().count(), 0);
    }

    #[test]
    fn nothing_new_comes_to_a_node_that_is_not_open((fleet, want) in any_situation()) {
        for decision in plan(&fleet, &want).decisions {
            let Action::Place { node_id } = &decision.action else { continue };
            let node = fleet.nodes.iter().find(|node| node.id == *node_id).unwrap();
            prop_assert_eq!(node.scheduling, Scheduling::Open);
        }
    }

    #[test]
    fn a_drain_takes_nothing_away_before_another_serves((fleet, want) in any_drain()) {
        let serving = |view: &FleetView, id: &str| {
            view.replicas.iter().filter(|r| r.deployment_id == id && r.ready && !r.draining).count()
        };
        let mut now = fleet.clone();
        for turn in 0..8 {
            let plan = plan(&now, &want);
            let next = carry_out(&now, &want, &plan);
            for wanted in &want.deployments {
                let (before, after) = (serving(&now, &wanted.id), serving(&next, &wanted.id));
                prop_assert!(after >= before.min(wanted.replicas as usize), "turn {turn}\n{plan}");
            }
            now = next;
            // What is placed loads, and what drains comes to its end.
            now.replicas.iter_mut().for_each(|r| (r.ready, r.idle) = (r.node_id.is_some(), r.draining));
        }
        let settled = plan(&now, &want);
        prop_assert_eq!(settled.changes().count(), 0, "{}", settled);
        let is_open = |id: &str| now.nodes.iter().any(|n| n.id == id && n.scheduling == Scheduling::Open);
        for decision in &settled.decisions {
            let rests = matches!(&decision.action, Action::Keep { node_id } if !is_open(node_id));
            prop_assert!(!rests, "nothing is left but what is held\n{settled}");
        }
    }

    #[test]
    fn every_replica_is_decided_once_and_with_a_reason((fleet, want) in any_situation()) {
        let plan = plan(&fleet, &want);
        for replica in &fleet.replicas {
            let own = ReplicaRef::Existing(replica.id.clone());
            prop_assert_eq!(plan.decisions.iter().filter(|d| d.replica == own).count(), 1);
        }
        for wanted in &want.deployments {
            let mine = || plan.decisions.iter().filter(|d| d.deployment_id == wanted.id);
            let alive: Vec<_> = mine().filter(|d| !matches!(d.action, Action::Remove { .. })).collect();
            let leaving = alive.iter().filter(|d| leaves(&fleet, d)).count();
            let alive = alive.len();
            let wanted = wanted.replicas as usize;
            prop_assert!(alive >= wanted && alive - leaving <= wanted, "{alive} of {wanted}, {leaving} leave\n{plan}");
        }
        for decision in &plan.decisions {
            prop_assert!(!decision.reason.is_empty());
            let judged = matches!(decision.action, Action::Place { .. } | Action::LeaveUnplaced);
            prop_assert!(!judged || decision.verdicts.len() == fleet.nodes.len());
            prop_assert!(decision.verdicts.iter().all(|v| !v.sentence.is_empty()));
        }
    }

    #[test]
    fn the_order_of_the_input_does_not_matter((fleet, want) in any_situation()) {
        let (mut turned, mut wanted) = (fleet.clone(), want.clone());
        turned.nodes.reverse();
        turned.replicas.reverse();
        wanted.deployments.reverse();
        prop_assert_eq!(plan(&fleet, &want), plan(&turned, &wanted));
    }
}

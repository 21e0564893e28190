use cloister_api::Phase;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::*;

const TARGET: u32 = 4;

fn spec(min: u32, max: u32) -> Autoscaling {
    Autoscaling {
        min_replicas: min,
        max_replicas: max,
        target_in_flight_per_replica: TARGET,
        scale_down_after_seconds: 300,
    }
}

/// Replicas that all answer, with so many requests among them. Each number of them is a revision of its own.
fn load(replicas: u32, in_flight: u32) -> Load {
    Load { replicas, revision: replicas.into(), in_flight, ready: replicas, loading: 0, nowhere: 0 }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + second).unwrap()
}

/// A look every five seconds: each pair is a number of looks and what they see. Returns the last decision.
fn after(spec: &Autoscaling, looks: &[(i64, Load)]) -> Decision {
    let mut now = at(0);
    let mut last = None::<Decision>;
    for (times, load) in looks {
        for _ in 0..*times {
            let state = last.as_ref().and_then(|last| last.state.as_ref());
            last = Some(autoscale(now, state, Some(load), spec));
            now += SignedDuration::from_secs(5);
        }
    }
    last.unwrap()
}

#[track_caller]
fn decides(spec: &Autoscaling, looks: &[(i64, Load)], wanted: (u32, Reason)) {
    let decision = after(spec, looks);
    assert_eq!((decision.replicas, decision.reason), wanted);
}

#[test]
fn more_load_adds_replicas_at_once_but_not_too_many() {
    for (replicas, in_flight, wanted) in [
        (1, 4, (1, Reason::Covered)),
        (1, 5, (2, Reason::LoadRose)),
        (2, 13, (4, Reason::LoadRose)),
        (1, 400, (5, Reason::LoadRose)),
        (2, 400, (6, Reason::LoadRose)),
        (10, 400, (20, Reason::LoadRose)),
        (10, 64, (16, Reason::LoadRose)),
        (30, 400, (40, Reason::LoadRose)),
        (40, 400, (40, Reason::AtMaximum)),
        (40, u32::MAX, (40, Reason::AtMaximum)),
    ] {
        decides(&spec(1, 40), &[(1, load(replicas, in_flight))], wanted);
    }
    let top = Load { in_flight: u32::MAX, ..load(600, 0) };
    decides(&spec(1, 1024), &[(1, top)], (1024, Reason::LoadRose));
}

#[test]
fn less_load_takes_replicas_away_only_after_it_lasted() {
    let busy = load(8, 32);
    decides(&spec(1, 8), &[(1, busy), (59, load(8, 4))], (8, Reason::WaitsForQuiet));
    decides(&spec(1, 8), &[(1, busy), (60, load(8, 4))], (1, Reason::LoadFell));
    decides(
        &spec(1, 8),
        &[(1, busy), (30, load(8, 0)), (1, load(8, 18)), (59, load(8, 0))],
        (5, Reason::LoadFell),
    );
    decides(&spec(3, 8), &[(1, busy), (60, load(8, 0))], (3, Reason::LoadFell));
    decides(&spec(3, 8), &[(100, load(3, 0))], (3, Reason::AtMinimum));
    let at_once = Autoscaling { scale_down_after_seconds: 0, ..spec(1, 8) };
    decides(&at_once, &[(1, load(8, 4))], (1, Reason::LoadFell));
}

#[test]
fn a_load_that_swings_does_not_swing_the_replicas() {
    let (busy, idle) = (load(4, 16), load(4, 0));
    let swings: Vec<(i64, Load)> = (0..40).flat_map(|_| [(4, busy), (20, idle)]).collect();
    for end in 1..swings.len() {
        assert_eq!(after(&spec(1, 8), &swings[..end]).replicas, 4);
    }
}

#[test]
fn nothing_is_decided_while_replicas_of_the_last_change_load() {
    let loading = |in_flight| Load { ready: 2, loading: 2, ..load(4, in_flight) };
    let step = [(1, load(2, 16)), (200, loading(64))];
    decides(&spec(1, 16), &step, (4, Reason::Loading));
    let fell = [(1, load(2, 16)), (200, loading(0))];
    decides(&spec(1, 16), &fell, (4, Reason::Loading));
    decides(&spec(1, 16), &[step[0], step[1], (1, load(4, 64))], (8, Reason::LoadRose));
    decides(&spec(1, 16), &[(1, load(2, 16)), (1, load(4, 64)), (1, loading(64))], (8, Reason::LoadRose));
    decides(&spec(1, 16), &[(1, loading(64))], (4, Reason::Loading));
}

#[test]
fn bounds_that_a_person_moved_hold_at_once() {
    decides(&spec(6, 8), &[(1, load(1, 0))], (6, Reason::OutOfBounds));
    decides(&spec(1, 2), &[(1, load(5, 99))], (2, Reason::OutOfBounds));
    let loading = Load { ready: 1, loading: 4, ..load(5, 99) };
    decides(&spec(1, 2), &[(1, loading)], (2, Reason::OutOfBounds));
}

#[test]
fn a_load_that_nobody_knows_takes_nothing_away() {
    let silent = Load { ready: 0, ..load(4, 0) };
    decides(&spec(0, 8), &[(1, load(4, 16)), (500, silent)], (4, Reason::NothingReady));
    decides(&spec(0, 8), &[(500, silent), (59, load(4, 0))], (4, Reason::WaitsForQuiet));
    decides(&spec(0, 8), &[(500, silent), (60, load(4, 0))], (0, Reason::LoadFell));
}

#[test]
fn replicas_that_no_node_takes_are_not_followed_by_more() {
    let full = Load { ready: 2, nowhere: 1, ..load(3, 40) };
    decides(&spec(1, 8), &[(5, full)], (3, Reason::NoNodeFits));
    decides(&spec(1, 8), &[(1, full), (60, Load { in_flight: 8, ..full })], (2, Reason::LoadFell));
}

#[test]
fn another_leader_begins_with_what_runs_and_waits_as_long() {
    decides(&spec(1, 8), &[(60, load(6, 2))], (6, Reason::WaitsForQuiet));
    decides(&spec(1, 8), &[(61, load(6, 2))], (1, Reason::LoadFell));
}

#[test]
fn a_time_without_looks_and_a_clock_that_was_set_count_as_load() {
    let spec = spec(1, 8);
    let low = after(&spec, &[(50, load(6, 2))]);
    for later in [at(100_000), at(-100_000)] {
        let decision = autoscale(later, low.state.as_ref(), Some(&load(6, 2)), &spec);
        assert_eq!((decision.replicas, decision.reason), (6, Reason::WaitsForQuiet));
    }
}

#[test]
fn zero_is_for_those_who_ask_for_it_and_nothing_but_another_hand_ends_it() {
    let begins = |spec: &Autoscaling| autoscale(at(0), None, None, spec).replicas;
    assert_eq!([spec(0, 8), spec(1, 8), spec(3, 8)].each_ref().map(begins), [1, 1, 3]);
    decides(&spec(0, 8), &[(61, load(1, 0))], (0, Reason::LoadFell));
    decides(&spec(0, 8), &[(61, load(1, 0)), (900, load(0, 0))], (0, Reason::AtMinimum));
    let woken = [(61, load(1, 0)), (900, load(0, 0)), (60, load(1, 0))];
    decides(&spec(0, 8), &woken, (1, Reason::WaitsForQuiet));
}

#[test]
fn what_is_shown_changes_with_the_number_or_now_and_then() {
    let shown = |looks: &[(i64, Load)]| after(&spec(1, 8), looks).shown.in_flight;
    assert_eq!(shown(&[(1, load(2, 5)), (2, load(2, 8))]), 5);
    assert_eq!(shown(&[(1, load(2, 5)), (3, load(2, 8))]), 8);
    assert_eq!(shown(&[(1, load(2, 5)), (1, load(2, 9))]), 9);
}

#[test]
fn what_is_remembered_is_bounded() {
    let (spec, mut state) = (Autoscaling { scale_down_after_seconds: 3600, ..spec(1, 1024) }, None);
    for millisecond in 0..20_000 {
        let now = at(0) + SignedDuration::from_millis(millisecond);
        let in_flight = u32::try_from((20_000 - millisecond) % 7919).unwrap();
        state = autoscale(now, state.as_ref(), Some(&load(1024, in_flight)), &spec).state;
    }
    assert!(state.unwrap().remembered() <= 1025);
}

#[test]
fn the_load_is_that_of_ready_replicas() {
    use Phase::{Crashed, Draining, Loading, Ready, Unplaced};
    let found: Deployment = serde_json::from_value(json!({
        "name": "ward", "model_name": "m", "model_digest": "d", "replicas": 7, "ready_replicas": 2, "context_length": 1,
        "max_sequences": 1, "kv_tokens": 1, "node_selector": {}, "jurisdiction": "", "revision": 9, "created_at": ""
    }))
    .unwrap();
    let replicas: Vec<Replica> = [Ready, Ready, Loading, Crashed, Unplaced, Draining]
        .into_iter()
        .map(|phase| {
            serde_json::from_value(json!({
                "id": "r", "deployment": "ward", "model_name": "m", "phase": phase, "generation": 1, "restarts": 0,
                "progress_bytes": 0, "total_bytes": 0, "running": 3, "waiting": 2
            }))
            .unwrap()
        })
        .collect();
    let wanted = Load { replicas: 7, revision: 9, in_flight: 10, ready: 2, loading: 3, nowhere: 1 };
    assert_eq!(Load::of(&found, &replicas), wanted, "two of seven are not made yet");
}

#[test]
fn a_step_says_from_what_to_what_and_why() {
    let (spec, busy) = (spec(1, 8), load(2, 14));
    let told = |looks: &[(i64, Load)]| Step::of(&after(&spec, looks), &looks.last().unwrap().1, &spec);
    let up = told(&[(1, busy)]).unwrap();
    assert_eq!((up.reason, up.action.as_str()), ("ScaledUp", "ScaleFrom2To4"));
    assert_eq!(
        up.sentence,
        "scaled from 2 to 4 replicas: 14 requests running and waiting on 2 ready replicas, and one is to have 4"
    );
    let down = told(&[(61, load(2, 1))]).unwrap();
    assert_eq!(down.reason, "ScaledDown");
    assert!(down.sentence.ends_with("; the load has been low for 300 s"), "{}", down.sentence);
    assert_eq!(
        told(&[(1, load(9, 0))]).unwrap().sentence,
        "scaled from 9 to 8 replicas: autoscaling allows 1 to 8"
    );
    assert_eq!(told(&[(1, load(2, 8))]), None);
}

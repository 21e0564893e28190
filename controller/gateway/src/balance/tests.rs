use super::*;

fn route(replicas: &[&str], max_sequences: u32, max_waiting: u32) -> Route {
    Route {
        deployment: "notes".into(),
        model_name: "smol".into(),
        model_digest: "sha256:00".into(),
        tenant: None,
        context_length: 100,
        max_sequences,
        max_waiting,
        created_unix_s: 0,
        replicas: replicas
            .iter()
            .map(|id| ReplicaRoute { replica_id: (*id).into(), node_id: "n".into() })
            .collect(),
    }
}

#[test]
fn load_spreads_evenly_and_ties_go_by_id() {
    let balance = Arc::new(Balance::new(100));
    let route = route(&["b", "a", "c"], 4, 4);
    let slots: Vec<_> = (0..6).map(|_| balance.take(&route, None).unwrap()).collect();
    let order: Vec<_> = slots.iter().map(|slot| slot.replica().replica_id.as_str()).collect();
    assert_eq!(order, ["a", "b", "c", "a", "b", "c"]);
}

#[test]
fn a_full_replica_takes_one_more_when_one_leaves() {
    let balance = Arc::new(Balance::new(100));
    let route = route(&["a"], 1, 1);
    let first = balance.take(&route, None).unwrap();
    let _second = balance.take(&route, None).unwrap();
    let Err(Failure::QueueFull { retry_after_s }) = balance.take(&route, None) else {
        panic!("the third was let in");
    };
    assert!((1..=60).contains(&retry_after_s));
    drop(first);
    assert!(balance.take(&route, None).is_ok());
}

#[test]
fn all_replicas_together_are_bounded_too() {
    let balance = Arc::new(Balance::new(2));
    let route = route(&["a", "b"], 8, 8);
    let _slots = [balance.take(&route, None).unwrap(), balance.take(&route, None).unwrap()];
    assert!(matches!(balance.take(&route, None), Err(Failure::QueueFull { .. })));
    assert_eq!(balance.in_flight(), 2);
}

#[test]
fn a_replica_that_refused_is_not_asked_again() {
    let balance = Arc::new(Balance::new(100));
    let both = route(&["a", "b"], 1, 1);
    assert_eq!(balance.take(&both, Some("a")).unwrap().replica().replica_id, "b");
    let one = route(&["a"], 1, 1);
    assert!(matches!(balance.take(&one, Some("a")), Err(Failure::NoReplica { .. })));
}

#[test]
fn no_replica_is_not_a_full_queue() {
    let balance = Arc::new(Balance::new(100));
    assert!(matches!(balance.take(&route(&[], 1, 1), None), Err(Failure::NoReplica { .. })));
}

#[test]
fn the_wait_grows_with_the_queue_and_the_mean_duration() {
    let route = route(&["a"], 2, 100);
    let wait = |in_flight: u32, mean_s: f64| {
        let mut state = State::default();
        state.in_flight.insert("a".into(), in_flight);
        state.mean_s.insert("notes".into(), mean_s);
        state.retry_after_s(&route)
    };
    assert_eq!(wait(2, 0.1), 1);
    assert_eq!(wait(9, 4.0), 16, "eight turns of two at four seconds each");
    assert_eq!(wait(102, 1e30), 60);
}

use super::*;

#[test]
fn what_autoscaling_decides_is_put_by_the_operators_own_hand_and_is_no_drift() {
    assert_eq!(put(case().scaled(3).act()), (3, 0), "created");
    assert_eq!(put(case().written(4, 1).scaled(5).found(found(3, 4)).act()), (5, 4));
    let shown = case().written(4, 1).scaled(3).found(found(3, 4));
    shown.must_say(&["InSync=True/InSync"]);
    let status = shown.report();
    let said = status.autoscaling.unwrap();
    assert_eq!((status.wanted_replicas, said.wanted, said.load, said.reason.as_str()), (3, 3, 7, "Covered"));
    let mut lost = case().written(4, 1).scaled(3).found(found(5, 5));
    lost.object["spec"]["contextLength"] = json!(4096);
    assert_eq!(lost.act(), Action::AskWho { revision: 5 });
    assert_eq!(
        put(lost.author(by(ORIGIN)).act()),
        (3, 5),
        "it ended before it could note that it wrote this"
    );
}

#[test]
fn a_number_within_the_bounds_is_taken_over_whoever_asked_for_it() {
    let theirs = |replicas| case().written(4, 1).scaled(3).found(found(replicas, 6));
    assert_eq!(theirs(3).report().revision, Some(6));
    assert_eq!(put(theirs(8).act()), (3, 6), "and followed from there");
    assert_eq!(theirs(9).act(), Action::AskWho { revision: 6 });
    let drifted = theirs(9).author(by("key ops"));
    drifted.must_say(&["InSync=False/ChangedElsewhere"]);
    let status = drifted.report();
    let sentence = status.conditions.iter().find(|c| c.kind == "InSync").map(|c| c.message.clone()).unwrap();
    assert!(sentence.contains("replicas is 9 in the fleet and 8 here"), "{sentence}");
    let said = status.autoscaling.unwrap();
    assert_eq!((said.wanted, said.reason.as_str()), (9, "Paused"), "nothing is scaled meanwhile");
    case().scaled(3).found(found(5, 7)).must_say(&["InSync=True/InSync"]);
}

//! Full queues, missing replicas, second attempts.

use cloister_gateway::Options;
use tonic::Code;

use crate::replicas::Step;
use crate::rig::{CHAT, QUESTION, Rig, STREAMED_QUESTION, post, route};

#[tokio::test]
async fn a_full_queue_says_when_to_come_back() {
    let rig = Rig::start().await;
    let mut held = Vec::new();
    for _ in 0..2 {
        rig.replicas.script("r1", vec![Step::Started, Step::Hang]);
        held.push(rig.open(post(CHAT, "clk_all", STREAMED_QUESTION)).await);
    }
    let reply = rig.post(CHAT, QUESTION).await;
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (429, "queue_full"));
    assert!((1..=60).contains(&reply.header("retry-after").parse::<u64>().unwrap()));
    assert_eq!(rig.replicas.call_count(), 2);
    drop(held);
    rig.replicas.cancelled(2).await;
    rig.records_when(4).await;
    assert_eq!(rig.post(CHAT, QUESTION).await.status, 200, "there is room again");
}

#[tokio::test]
async fn the_whole_gateway_is_bounded_too() {
    let options = Options { max_in_flight: 1, ..Options::default() };
    let rig = Rig::with(options, vec![route("notes", &["r1", "r2"])]).await;
    rig.replicas.script("r1", vec![Step::Started, Step::Hang]);
    let _held = rig.open(post(CHAT, "clk_all", STREAMED_QUESTION)).await;
    assert_eq!(rig.post(CHAT, QUESTION).await.status, 429);
}

#[tokio::test]
async fn no_replica_says_when_to_come_back() {
    let rig = Rig::start().await;
    let reply = rig.post(CHAT, &QUESTION.replace("notes", "briefs")).await;
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (503, "no_replica"));
    assert!(!reply.header("retry-after").is_empty());
    assert!(rig.records().await.is_empty());
}

#[tokio::test]
async fn a_refusal_before_the_first_event_goes_to_another_replica_once() {
    for code in [Code::ResourceExhausted, Code::Unavailable] {
        let rig = Rig::with(Options::default(), vec![route("notes", &["r1", "r2", "r3"])]).await;
        rig.replicas.script("r1", vec![Step::Fail(code)]);
        assert_eq!(rig.post(CHAT, QUESTION).await.status, 200);
        let records = rig.records().await;
        let inference = records[1].draft.inference.as_ref().unwrap();
        assert_eq!(
            (inference.replica_id.as_deref(), inference.node_id.as_deref()),
            (Some("r2"), Some("node-of-r2"))
        );
        assert_eq!(records.len(), 2, "one request, one answer");
        assert!(rig.metrics().contains("cloister_gateway_dispatch_retries_total 1"));
    }
}

#[tokio::test]
async fn two_refusals_are_the_answer() {
    for (code, status) in [(Code::ResourceExhausted, 429), (Code::Unavailable, 503)] {
        let rig = Rig::with(Options::default(), vec![route("notes", &["r1", "r2", "r3"])]).await;
        rig.replicas.script("r1", vec![Step::Fail(code)]);
        rig.replicas.script("r2", vec![Step::Fail(code)]);
        let reply = rig.post(CHAT, QUESTION).await;
        assert_eq!(reply.status, status);
        assert!(!reply.header("retry-after").is_empty() && !reply.header("x-cloister-record").is_empty());
        assert_eq!((rig.replicas.call_count(), rig.records().await.len()), (2, 2));
    }
}

#[tokio::test]
async fn after_the_first_event_nothing_is_asked_twice() {
    let rig = Rig::with(Options::default(), vec![route("notes", &["r1", "r2"])]).await;
    rig.replicas.script("r1", vec![Step::Started, Step::Fail(Code::Unavailable)]);
    let reply = rig.post(CHAT, QUESTION).await;
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (502, "replica_lost"));
    assert_eq!(rig.replicas.call_count(), 1);
}

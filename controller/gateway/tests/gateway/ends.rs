//! Every way in which an inference ends, and what is on record of it.

use std::time::Duration;

use axum::body::Body;
use cloister_evidence::record::{Draft, Kind, Outcome, Record};
use cloister_gateway::Options;
use cloister_proto::inference::v1::FinishReason;
use http_body_util::BodyExt;
use tokio::sync::watch;
use tonic::Code;

use crate::replicas::Step;
use crate::rig::{CHAT, QUESTION, Rig, STREAMED_QUESTION, post, route};

fn two_tokens(then: Step) -> Vec<Step> {
    vec![Step::Started, Step::Tokens("a", vec![7]), Step::Tokens("b", vec![8]), then]
}

/// Kind, reason and output tokens of the closing record.
fn closing(records: &[Record]) -> (Kind, Option<&str>, Option<u32>) {
    let last = &records.last().unwrap().draft;
    (last.kind, last.reason.as_deref(), last.inference.as_ref().unwrap().output_tokens)
}

/// Reads a stream until it contains `text`.
async fn read_until(body: &mut Body, text: &str) -> String {
    let mut read = String::new();
    while !read.contains(text) {
        let frame = body.frame().await.unwrap_or_else(|| panic!("no {text} in {read}")).unwrap();
        read.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
    }
    read
}

#[tokio::test]
async fn a_client_that_leaves_cancels_and_the_tokens_so_far_are_on_record() {
    let rig = Rig::start().await;
    rig.replicas.script("r1", two_tokens(Step::Hang));
    let mut body = rig.open(post(CHAT, "clk_all", STREAMED_QUESTION)).await.into_body();
    read_until(&mut body, r#""content":"b""#).await;
    drop(body);
    rig.replicas.cancelled(1).await;
    let records = rig.records_when(2).await;
    assert_eq!(closing(&records), (Kind::InferenceInterrupted, Some("client_gone"), Some(2)));
    assert!(rig.metrics().contains(r#"outcome="client_gone"} 1"#));
}

#[tokio::test]
async fn a_client_that_leaves_before_the_first_event_is_on_record_too() {
    let rig = Rig::start().await;
    rig.replicas.script("r1", vec![Step::Hang]);
    let leaving = tokio::time::timeout(Duration::from_millis(300), rig.post(CHAT, QUESTION));
    assert!(leaving.await.is_err());
    rig.replicas.cancelled(1).await;
    assert_eq!(closing(&rig.records_when(2).await).1, Some("client_gone"));
}

#[tokio::test]
async fn a_client_that_leaves_while_the_request_goes_on_record_has_nothing_dispatched() {
    let rig = Rig::start().await;
    // Polled once: far enough to hand the request to the ledger, which has not answered yet.
    assert!(tokio::time::timeout(Duration::ZERO, rig.post(CHAT, QUESTION)).await.is_err());
    let records = rig.records_when(2).await;
    assert_eq!(closing(&records), (Kind::InferenceInterrupted, Some("client_gone"), Some(0)));
    assert_eq!(rig.replicas.call_count(), 0);
}

#[tokio::test]
async fn a_deadline_ends_the_decoding() {
    let rig = Rig::start().await;
    for (body, whole) in [(QUESTION, true), (STREAMED_QUESTION, false)] {
        rig.replicas.script("r1", two_tokens(Step::Hang));
        let mut request = post(CHAT, "clk_all", body);
        request.headers_mut().insert("x-cloister-timeout-ms", "200".parse().unwrap());
        let reply = rig.send(request).await;
        assert!(reply.text.contains(r#""code":"deadline_exceeded""#), "{}", reply.text);
        assert!(!reply.text.contains("[DONE]"));
        assert_eq!(reply.status.as_u16(), if whole { 504 } else { 200 });
        let records = rig.records().await;
        assert_eq!(closing(&records), (Kind::InferenceInterrupted, Some("deadline_exceeded"), Some(2)));
        assert_eq!(reply.header("x-cloister-record"), records[records.len() - 2].id);
    }
}

#[tokio::test]
async fn a_replica_that_dies_mid_stream_is_an_error_and_never_a_silent_cut() {
    let deaths: [(&str, Vec<Step>); 4] = [
        ("an error", two_tokens(Step::Fail(Code::Unavailable))),
        ("no last event", two_tokens(Step::Tokens("", Vec::new()))),
        ("drained", two_tokens(Step::Finished(FinishReason::Cancelled))),
        ("started twice", two_tokens(Step::Started)),
    ];
    let rig = Rig::start().await;
    for (name, steps) in deaths {
        rig.replicas.script("r1", steps);
        let reply = rig.post(CHAT, STREAMED_QUESTION).await;
        let last: serde_json::Value = serde_json::from_str(reply.events().last().unwrap()).unwrap();
        assert_eq!(last["error"]["code"], "replica_lost", "{name}");
        let records = rig.records().await;
        assert_eq!(closing(&records), (Kind::InferenceInterrupted, Some("replica_lost"), Some(2)), "{name}");
    }
}

#[tokio::test]
async fn a_prompt_that_does_not_fit_is_told_with_numbers() {
    let rig = Rig::start().await;
    for body in [QUESTION, STREAMED_QUESTION] {
        rig.replicas.script("r1", vec![Step::Fail(Code::FailedPrecondition)]);
        let reply = rig.post(CHAT, body).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (400, "context_length_exceeded"));
        assert!(reply.text.contains("100 tokens") && reply.text.contains("130"), "{}", reply.text);
        assert_eq!(closing(&rig.records().await).1, Some("context_length_exceeded"));
    }
}

#[tokio::test]
async fn nothing_is_dispatched_when_the_request_cannot_be_put_on_record() {
    let mut rig = Rig::start().await;
    rig.close_ledger().await;
    let reply = rig.post(CHAT, QUESTION).await;
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (503, "record_unavailable"));
    assert!(!reply.header("retry-after").is_empty());
    assert_eq!(rig.replicas.call_count(), 0);
}

#[tokio::test]
async fn an_answer_that_cannot_be_put_on_record_is_not_finished() {
    for body in [QUESTION, STREAMED_QUESTION] {
        let mut rig = Rig::start().await;
        let (open, gate) = watch::channel(false);
        let mut steps = two_tokens(Step::Wait(gate));
        steps.push(Step::Finished(FinishReason::Stop));
        rig.replicas.script("r1", steps);
        let router = rig.gateway.http_router();
        let answer = tokio::spawn(tower::ServiceExt::oneshot(router, post(CHAT, "clk_all", body)));
        rig.records_when(1).await;
        rig.close_ledger().await;
        open.send(true).unwrap();
        let reply = answer.await.unwrap().unwrap().into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&reply);
        assert!(text.contains(r#""code":"record_unavailable""#), "{text}");
        assert!(!text.contains("finish_reason\":\"stop") && !text.contains("[DONE]"), "{text}");
    }
}

/// Of a controller that the others took for gone and that did not know it, after a partition say.
#[tokio::test]
async fn an_answer_whose_request_another_controller_closed_is_not_finished() {
    for body in [QUESTION, STREAMED_QUESTION] {
        let rig = Rig::start().await;
        let (open, gate) = watch::channel(false);
        let mut steps = two_tokens(Step::Wait(gate));
        steps.push(Step::Finished(FinishReason::Stop));
        rig.replicas.script("r1", steps);
        let router = rig.gateway.http_router();
        let answer = tokio::spawn(tower::ServiceExt::oneshot(router, post(CHAT, "clk_all", body)));
        let requested = rig.records_when(1).await.remove(0);
        let interrupted = Draft {
            kind: Kind::InferenceInterrupted,
            outcome: Outcome::Failure,
            intent: Some(requested.id),
            reason: Some("controller_gone".to_owned()),
            ..requested.draft
        };
        rig.ledger.record(rig.ledger.new_record_id(), interrupted).await.unwrap();
        open.send(true).unwrap();
        let reply = answer.await.unwrap().unwrap().into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&reply);
        assert!(text.contains(r#""code":"record_unavailable""#), "{text}");
        assert!(!text.contains("finish_reason\":\"stop") && !text.contains("[DONE]"), "{text}");
        assert_eq!(closing(&rig.records().await).1, Some("controller_gone"));
    }
}

#[tokio::test]
async fn the_end_is_told_when_it_is_durable() {
    let rig = Rig::start().await;
    let mut body = rig.open(post(CHAT, "clk_all", STREAMED_QUESTION)).await.into_body();
    let text = read_until(&mut body, "finish_reason\":\"stop").await;
    let records = rig.records().await;
    assert_eq!(records.len(), 2, "both records are there when the last chunk is");
    assert!(text.contains(&records[1].id));
}

#[tokio::test]
async fn draining_lets_running_answers_end_and_nothing_new_in() {
    let rig = Rig::start().await;
    let (open, gate) = watch::channel(false);
    rig.replicas.script("r1", vec![Step::Started, Step::Wait(gate), Step::Finished(FinishReason::Stop)]);
    let answer =
        tokio::spawn(tower::ServiceExt::oneshot(rig.gateway.http_router(), post(CHAT, "clk_all", QUESTION)));
    rig.records_when(1).await;
    let gateway = rig.gateway.clone();
    let drain = tokio::spawn(async move { gateway.drain(Duration::from_secs(30)).await });
    while rig.post(CHAT, QUESTION).await.code() != "shutting_down" {
        tokio::task::yield_now().await;
    }
    open.send(true).unwrap();
    assert_eq!(answer.await.unwrap().unwrap().status(), 200);
    drain.await.unwrap();
    assert_eq!(rig.gateway.in_flight(), 0);
}

#[tokio::test]
async fn draining_without_grace_interrupts_on_record() {
    let rig = Rig::start().await;
    rig.replicas.script("r1", two_tokens(Step::Hang));
    let mut body = rig.open(post(CHAT, "clk_all", STREAMED_QUESTION)).await.into_body();
    read_until(&mut body, r#""content":"b""#).await;
    rig.gateway.drain(Duration::ZERO).await;
    assert_eq!(closing(&rig.records().await), (Kind::InferenceInterrupted, Some("shutting_down"), Some(2)));
    assert!(read_until(&mut body, "shutting_down").await.contains("error"));
}

#[tokio::test]
async fn a_long_wait_for_the_first_event_is_kept_open() {
    let options = Options {
        keep_alive: Duration::from_millis(20),
        status_grace: Duration::from_millis(10),
        ..Options::default()
    };
    let rig = Rig::with(options, vec![route("notes", &["r1"])]).await;
    let (open, gate) = watch::channel(false);
    rig.replicas.script("r1", vec![Step::Wait(gate), Step::Fail(Code::FailedPrecondition)]);
    let response = rig.open(post(CHAT, "clk_all", STREAMED_QUESTION)).await;
    assert_eq!(response.status(), 200, "the status line is out");
    let mut body = response.into_body();
    read_until(&mut body, ": keep-alive").await;
    open.send(true).unwrap();
    assert!(read_until(&mut body, "context_length_exceeded").await.contains("error"));
}

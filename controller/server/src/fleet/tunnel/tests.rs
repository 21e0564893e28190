use cloister_proto::agent::v1::RunFailed as WireFailed;
use cloister_proto::inference::v1::DecodeParams;
use cloister_proto::worker::v1::{Finished, Tokens};

use super::*;

fn request(id: &str, max_tokens: u32) -> RunRequest {
    RunRequest {
        request_id: id.into(),
        decode: Some(DecodeParams { max_tokens: Some(max_tokens), ..DecodeParams::default() }),
        ..RunRequest::default()
    }
}

fn up(id: &str, event: run_event::Event) -> InferenceUp {
    let message = Some(inference_up::Message::Event(RunEvent { event: Some(event) }));
    InferenceUp { request_id: id.into(), message }
}

fn token(id: &str, text: &str) -> InferenceUp {
    up(id, run_event::Event::Tokens(Tokens { text: text.into(), ..Tokens::default() }))
}

fn finished(id: &str) -> InferenceUp {
    up(id, run_event::Event::Finished(Finished::default()))
}

/// Ids of what went down so far, with a mark for cancels.
fn sent(messages: &mut mpsc::Receiver<Down>) -> Vec<String> {
    let mut seen = Vec::new();
    while let Ok(Ok(message)) = messages.try_recv() {
        let mark = if matches!(message.message, Some(inference_down::Message::Cancel(_))) { "!" } else { "" };
        seen.push(format!("{mark}{}", message.request_id));
    }
    seen
}

#[tokio::test]
async fn events_reach_the_request_they_belong_to() {
    let (tunnel, mut messages) = Tunnel::open();
    let mut a = tunnel.run("r", request("a", 4)).ok().unwrap();
    let mut b = tunnel.run("r", request("b", 4)).ok().unwrap();
    tunnel.receive(token("b", "for b"));
    tunnel.receive(token("a", "for a"));
    tunnel.receive(finished("a"));
    tunnel.receive(token("nobody", "dropped"));
    let text = |event: Option<Event>| match event.unwrap().unwrap().event {
        Some(run_event::Event::Tokens(tokens)) => tokens.text,
        other => format!("{other:?}"),
    };
    assert_eq!(text(a.next().await), "for a");
    assert_eq!(text(b.next().await), "for b");
    assert!(matches!(a.next().await.unwrap().unwrap().event, Some(run_event::Event::Finished(_))));
    assert!(a.next().await.is_none());
    drop(a);
    assert_eq!(sent(&mut messages), ["a", "b"], "a finished request is not cancelled");
    assert_eq!(tunnel.in_flight(), 1);
}

#[tokio::test]
async fn dropping_a_request_cancels_it_on_the_node() {
    let (tunnel, mut messages) = Tunnel::open();
    drop(tunnel.run("r", request("a", 4)).ok().unwrap());
    assert_eq!(sent(&mut messages), ["a", "!a"]);
    assert_eq!(tunnel.in_flight(), 0);
}

#[tokio::test]
async fn a_lost_tunnel_aborts_everything_and_takes_nothing_more() {
    let (tunnel, _messages) = Tunnel::open();
    let mut running = tunnel.run("r", request("a", 4)).ok().unwrap();
    tunnel.receive(token("a", "kept"));
    tunnel.end();
    assert!(running.next().await.unwrap().is_ok(), "what was decoded before is still delivered");
    assert_eq!(running.next().await.unwrap().unwrap_err().code, tonic::Code::Aborted);
    assert!(running.next().await.is_none());
    assert_eq!(tunnel.run("r", request("b", 4)).err(), Some(SendError::Ended));
}

#[tokio::test]
async fn a_refusal_of_the_replica_arrives_with_its_code() {
    let (tunnel, mut messages) = Tunnel::open();
    let mut running = tunnel.run("r", request("a", 4)).ok().unwrap();
    let failed = WireFailed { code: tonic::Code::FailedPrecondition as i32, message: "too long".into() };
    tunnel.receive(InferenceUp {
        request_id: "a".into(),
        message: Some(inference_up::Message::Failed(failed)),
    });
    let error = running.next().await.unwrap().unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (tonic::Code::FailedPrecondition, "too long"));
    assert!(running.next().await.is_none());
    drop(running);
    assert_eq!(sent(&mut messages), ["a"]);
}

#[tokio::test]
async fn a_node_that_sends_more_than_was_asked_for_is_cut_off() {
    let (tunnel, mut messages) = Tunnel::open();
    let mut running = tunnel.run("r", request("a", 1)).ok().unwrap();
    for _ in 0..=1 + EVENTS_BESIDE_TOKENS {
        tunnel.receive(token("a", "x"));
    }
    let mut last = None;
    while let Some(event) = running.next().await {
        last = Some(event);
    }
    assert_eq!(last.unwrap().unwrap_err().code, tonic::Code::ResourceExhausted);
    assert_eq!(sent(&mut messages), ["a", "!a"], "the node is told to stop");
}

#[tokio::test]
async fn a_request_id_is_used_once_at_a_time() {
    let (tunnel, _messages) = Tunnel::open();
    let _first = tunnel.run("r", request("a", 4)).ok().unwrap();
    assert_eq!(tunnel.run("r", request("a", 4)).err(), Some(SendError::Saturated));
}

use cloister_gateway::{Dispatcher as _, ReplicaRoute};
use cloister_proto::agent::v1::{InferenceUp, inference_down, inference_up};
use cloister_proto::worker::v1::{Finished, RunEvent, RunRequest, Tokens, run_event};
use futures_util::StreamExt as _;
use tonic::Code;

use super::agent::{Agent, Data, Session, hello};
use super::fixture::{Fixture, soon, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_session_of_a_node_replaces_the_older_one() {
    let fixture = Fixture::start().await;
    let agent = Agent::enrol(&fixture, "node-1").await;
    let mut older = agent.open(&fixture).await;
    older.next().await.unwrap();
    let mut newer = agent.open(&fixture).await;
    newer.next().await.unwrap();
    assert_eq!(older.end().await.code(), Code::Aborted);
    assert!(fixture.controller.fleet().live()[&agent.node_id].connected, "the node is still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_agent_counts_as_unreachable() {
    let fixture = Fixture::with(&["--heartbeat-interval", "100ms"]).await;
    let agent = Agent::enrol(&fixture, "node-1").await;
    let mut session = agent.open(&fixture).await;
    assert_eq!(session.end().await.code(), Code::DeadlineExceeded);
    until("the node to be unreachable", async || {
        (!fixture.controller.fleet().live()[&agent.node_id].connected).then_some(())
    })
    .await;
}

fn replica(agent: &Agent) -> ReplicaRoute {
    ReplicaRoute { replica_id: "r1".to_owned(), node_id: agent.node_id.clone() }
}

fn request(id: &str) -> RunRequest {
    RunRequest { request_id: id.to_owned(), ..RunRequest::default() }
}

fn event(id: &str, event: run_event::Event) -> InferenceUp {
    let message = Some(inference_up::Message::Event(RunEvent { event: Some(event) }));
    InferenceUp { request_id: id.to_owned(), message }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inference_goes_down_the_tunnel_and_its_tokens_come_up() {
    let fixture = Fixture::start().await;
    let agent = Agent::enrol(&fixture, "node-1").await;
    let fleet = fixture.controller.fleet().clone();
    assert!(fleet.dispatch(&replica(&agent), request("a")).is_err(), "not connected yet");
    let mut client = agent.client(&fixture).await;
    let _session = Session::open(&mut client, hello(Vec::new())).await.unwrap();
    let mut data = Data::open(&mut client).await;
    let mut stream = fleet.dispatch(&replica(&agent), request("a")).unwrap();
    let down = data.next().await.unwrap();
    assert_eq!(down.request_id, "a");
    let Some(inference_down::Message::Run(run)) = down.message else { panic!("{down:?}") };
    assert_eq!(run.replica_id, "r1");
    let tokens = Tokens { text: "Guten Tag".to_owned(), ..Tokens::default() };
    data.up.send(event("a", run_event::Event::Tokens(tokens))).await.unwrap();
    data.up.send(event("a", run_event::Event::Finished(Finished::default()))).await.unwrap();
    let first = soon("tokens", stream.next()).await.unwrap().unwrap();
    assert!(matches!(first.event, Some(run_event::Event::Tokens(t)) if t.text == "Guten Tag"));
    assert!(matches!(soon("the end", stream.next()).await, Some(Ok(_))));
    assert!(soon("nothing more", stream.next()).await.is_none());

    drop(fleet.dispatch(&replica(&agent), request("b")).unwrap());
    let seen = [data.next().await.unwrap(), data.next().await.unwrap()];
    assert!(
        matches!(seen[1].message, Some(inference_down::Message::Cancel(_))),
        "a dropped call is cancelled"
    );

    let mut cut_off = fleet.dispatch(&replica(&agent), request("c")).unwrap();
    drop((data, client));
    let failed = soon("the failure", cut_off.next()).await.unwrap().unwrap_err();
    assert_eq!(failed.code, Code::Aborted);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_sessions_with_a_word_and_closes_the_record() {
    let fixture = Fixture::start().await;
    let agent = Agent::enrol(&fixture, "node-1").await;
    let mut session = agent.open(&fixture).await;
    session.next().await.unwrap();
    let (fixture, ended) = tokio::join!(fixture.restart(), session.end());
    assert_eq!(ended.code(), Code::Unavailable, "{}", ended.message());
    assert_eq!(fixture.records("controller.stopped").await.len(), 1);
    assert_eq!(fixture.records("fleet.created").await.len(), 1);
    assert_eq!(fixture.records("key.created").await.len(), 1);
    let mut again = agent.open(&fixture).await;
    assert!(again.next().await.is_ok(), "its certificate is still good");
}

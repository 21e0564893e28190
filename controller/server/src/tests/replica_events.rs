//! What happened to replicas, and what their workers wrote, as agents tell it.

use cloister_proto::agent::v1::{OutputLine, ReplicaOutput, ReplicaPhase, agent_message, controller_message};

use super::agent::{Agent, Session, hello, status};
use super::fixture::{Fixture, until};
use super::models::{deploy, deployment, import};
use crate::fleet::OutputError;

async fn words(fixture: &Fixture) -> Vec<String> {
    let events = fixture.store().replica_events("d1", None, 100).await.unwrap();
    events.into_iter().rev().map(|event| event.kind).collect()
}

async fn told(fixture: &Fixture, wanted: &[&str]) {
    until(&format!("{wanted:?}"), async || (words(fixture).await == wanted).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_a_replica_is_told_once_and_after_a_restart_of_the_controller_goes_on() {
    let fixture = Fixture::start().await;
    let agent = Agent::enrol(&fixture, "node-1").await;
    let mut session = agent.open(&fixture).await;
    import(&fixture).await;
    deploy(&fixture, deployment(1)).await;
    let id = session.order(false).await.replicas[0].replica_id.clone();
    for phase in [ReplicaPhase::Pending, ReplicaPhase::Loading, ReplicaPhase::Ready, ReplicaPhase::Ready] {
        session.report(status(&id, phase)).await;
    }
    told(&fixture, &["placed", "loading", "ready"]).await;
    let events = fixture.store().replica_events("d1", None, 100).await.unwrap();
    assert!(events.iter().all(|event| event.node_name.as_deref() == Some("node-1")), "{events:?}");
    assert!(events[2].detail.starts_with("placed on node-1"), "{}", events[2].detail);

    let fixture = fixture.restart().await;
    let mut client = agent.client(&fixture).await;
    let session = Session::open(&mut client, hello(vec![status(&id, ReplicaPhase::Ready)])).await.unwrap();
    let mut crashed = status(&id, ReplicaPhase::Crashed);
    (crashed.error, crashed.restarts) = ("the worker ended (signal: 9)".to_owned(), 1);
    session.report(crashed).await;
    told(&fixture, &["placed", "loading", "ready", "crashed"]).await;
    let newest = fixture.store().replica_events("d1", None, 1).await.unwrap().remove(0);
    assert_eq!(newest.detail, "the worker ended (signal: 9)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_goes_and_comes_back_is_told_of_each_of_its_replicas() {
    let fixture = Fixture::start().await;
    let agent = Agent::enrol(&fixture, "node-1").await;
    let mut session = agent.open(&fixture).await;
    import(&fixture).await;
    deploy(&fixture, deployment(1)).await;
    let id = session.order(false).await.replicas[0].replica_id.clone();
    session.report(status(&id, ReplicaPhase::Ready)).await;
    told(&fixture, &["placed", "ready"]).await;
    drop(session);
    told(&fixture, &["placed", "ready", "node_lost"]).await;
    let mut client = agent.client(&fixture).await;
    let _session = Session::open(&mut client, hello(vec![status(&id, ReplicaPhase::Ready)])).await.unwrap();
    told(&fixture, &["placed", "ready", "node_lost", "node_back"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_asked_what_a_worker_wrote_and_one_that_is_too_old_is_named() {
    let fixture = Fixture::start().await;
    let agent = Agent::enrol(&fixture, "node-1").await;
    let fleet = fixture.controller.fleet().clone();
    let nobody = fleet.replica_output(&agent.node_id, "r1", 5).await;
    assert_eq!(nobody.unwrap_err(), OutputError::NotConnected);

    let mut old = agent.open(&fixture).await;
    old.next().await.unwrap();
    let too_old = fleet.replica_output(&agent.node_id, "r1", 5).await.unwrap_err();
    assert_eq!(too_old, OutputError::TooOld { version: "test".to_owned() });

    let mut able = hello(Vec::new());
    able.answers_read_output = true;
    let mut session = Session::open(&mut agent.client(&fixture).await, able).await.unwrap();
    session.next().await.unwrap();
    let node_id = agent.node_id.clone();
    let asking = tokio::spawn(async move { fleet.replica_output(&node_id, "r1", 5).await });
    let question = loop {
        if let controller_message::Message::ReadOutput(question) = session.next().await.unwrap() {
            break question;
        }
    };
    assert_eq!((question.replica_id.as_str(), question.lines), ("r1", 5));
    let lines = vec![OutputLine { at_unix_ms: 1, run: 2, text: "worker.stop".to_owned() }];
    let output = ReplicaOutput { request: question.request, unknown: false, lines };
    session.say(agent_message::Message::Output(output.clone())).await;
    assert_eq!(asking.await.unwrap().unwrap(), output);
}

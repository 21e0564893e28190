//! A node that is drained: another serves first, requests end where they run, and then it is empty.

use cloister_evidence::record::Kind;
use cloister_proto::agent::v1::{ReplicaPhase, ReplicaStatus};
use cloister_proto::worker::v1::StatusResponse;
use cloister_scheduler::{NodeChange, Outcome};
use cloister_store::{Change, Scheduling};

use super::agent::{Agent, Data, Session, hello, status};
use super::fixture::{Fixture, until};
use super::models::{deploy, deployment, import};
use crate::fleet::RouteTable;

const DRAIN: Scheduling = Scheduling::Draining { force: false };

async fn schedule(fixture: &Fixture, agent: &Agent, scheduling: Scheduling) {
    let change = Change::SetNodeScheduling { node_id: agent.node_id.clone(), scheduling };
    fixture.change(Kind::NodeDrainStarted, vec![change]).await;
}

fn busy(replica_id: &str, running: u32) -> ReplicaStatus {
    let worker = Some(StatusResponse { running, ..StatusResponse::default() });
    ReplicaStatus { worker, ..status(replica_id, ReplicaPhase::Ready) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_replica_keeps_its_requests_and_gets_no_new_ones_once_another_serves() {
    let fixture = Fixture::start().await;
    let (first, second) = (Agent::enrol(&fixture, "node-1").await, Agent::enrol(&fixture, "node-2").await);
    let mut client = first.client(&fixture).await;
    let mut session = Session::open(&mut client, hello(Vec::new())).await.unwrap();
    let _data = Data::open(&mut client).await;
    import(&fixture).await;
    deploy(&fixture, deployment(1)).await;
    let old = session.order(false).await.replicas[0].replica_id.clone();
    session.report(busy(&old, 1)).await;
    let mut client = second.client(&fixture).await;
    let mut other = Session::open(&mut client, hello(Vec::new())).await.unwrap();
    let _other_data = Data::open(&mut client).await;
    let (table, routes) = RouteTable::new(fixture.controller.fleet().clone());
    tokio::spawn(table.run(tokio_util::sync::CancellationToken::new()));
    let routed = |id: &str| {
        let (routes, id) = (routes.clone(), id.to_owned());
        async move || {
            let ready = routes.borrow().deployments.get("notes")?.replicas.clone();
            (ready.len() == 1 && ready[0].replica_id == id).then_some(())
        }
    };
    until("the first replica to be routed to", routed(&old)).await;

    schedule(&fixture, &first, DRAIN).await;
    let new = other.order(false).await.replicas[0].replica_id.clone();
    until("the first one still, for the other does not serve yet", routed(&old)).await;
    other.report(busy(&new, 0)).await;
    until("the other replica alone to be routed to", routed(&new)).await;

    let is_there = async || fixture.store().replica(&old).await.unwrap().is_some();
    assert!(is_there().await, "a request still runs there");
    let told = fixture.records("placement.changed").await;
    assert_eq!(told.last().unwrap()["change"][&old], "draining");
    session.report(busy(&old, 0)).await;
    assert!(session.order(true).await.replicas.is_empty(), "and is over");
    assert!(!is_there().await);
    schedule(&fixture, &first, Scheduling::Open).await;
    until("the node to be open", async || {
        let node = fixture.store().node("node-1").await.unwrap()?;
        (node.scheduling == Scheduling::Open).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_other_node_can_take_is_told_before_and_held_after() {
    let fixture = Fixture::start().await;
    let agent = Agent::enrol(&fixture, "node-1").await;
    let mut session = agent.open(&fixture).await;
    import(&fixture).await;
    deploy(&fixture, deployment(1)).await;
    let replica_id = session.order(false).await.replicas[0].replica_id.clone();
    session.report(busy(&replica_id, 0)).await;
    let fleet = fixture.controller.fleet();
    let preview = |scheduling| fleet.preview(&agent.node_id, NodeChange::Schedule(scheduling));
    let told =
        until("a preview", async || preview(crate::reconcile::scheduling(DRAIN)).filter(|t| t.len() == 1))
            .await;
    assert_eq!((told[0].replica_id.as_str(), &told[0].outcome), (replica_id.as_str(), &Outcome::Stays));
    assert!(told[0].reason.contains("no other node can take"), "{}", told[0].reason);

    schedule(&fixture, &agent, DRAIN).await;
    until("the replica to be held", async || fleet.held().contains(&replica_id).then_some(())).await;
    assert!(fixture.store().replica(&replica_id).await.unwrap().is_some());

    schedule(&fixture, &agent, Scheduling::Draining { force: true }).await;
    assert!(session.order(true).await.replicas.is_empty(), "by force it ends all the same");
    let left = until("its successor, nowhere", async || {
        let rows = fixture.store().replicas().await.unwrap();
        rows.into_iter().find(|row| row.id != replica_id)
    })
    .await;
    assert_eq!(left.node_id, None);
    schedule(&fixture, &agent, Scheduling::Open).await;
    assert_eq!(session.order(false).await.replicas[0].replica_id, left.id, "it comes back");
}

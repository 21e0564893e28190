//! Several controllers of one fleet: each is told everything, and none of them matters alone.

use std::sync::Arc;
use std::time::Duration;

use cloister_proto::agent::v1::agent_message::Message as Up;
use cloister_proto::agent::v1::controller_message::Message as Down;
use cloister_proto::agent::v1::{DesiredState, RenewNow, ReplicaStatus};

use crate::support::agent::Agent;
use crate::support::authority::Authority;
use crate::support::controller::{Controller, Fault, PATIENCE};
use crate::support::model::Model;

fn verified(status: &ReplicaStatus) -> bool {
    status.checks.len() >= 4
}

fn accepted(up: &Up) -> Option<u64> {
    if let Up::Accepted(accepted) = up { Some(accepted.generation) } else { None }
}

/// Two controllers, and an agent that is linked with both.
async fn linked() -> (Controller, Controller, Agent, tempfile::TempDir) {
    let (first, directory) = (Controller::start().await, tempfile::tempdir().unwrap());
    let second = first.beside().await;
    let agent = Agent::join_all(&[&first, &second], directory.path());
    for controller in [&first, &second] {
        controller.reached(&controller.state.sessions, 1).await;
        controller.reached(&controller.state.tunnels, 1).await;
    }
    (first, second, agent, directory)
}

#[tokio::test]
async fn every_controller_is_told_what_the_node_does_whoever_ordered_it() {
    let (first, second, _agent, _directory) = linked().await;
    let model = Model::of(vec![("weights.gguf", vec![7; 1_000])]);
    first.add(&model);
    second.add(&model);
    first.order(1, &[("r1", &model)]);
    for controller in [&first, &second] {
        controller.replica("r1", "all checks passed", verified).await;
        controller.hear("a heartbeat", |up| matches!(up, Up::Heartbeat(_)).then_some(())).await;
    }
    second.order(2, &[("r1", &model), ("r2", &model)]);
    first.replica("r2", "all checks passed", verified).await;
}

#[tokio::test]
async fn an_older_order_is_refused_whichever_controller_sends_it_and_the_same_one_is_harmless() {
    let (first, second, _agent, _directory) = linked().await;
    first.order(7, &[]);
    assert_eq!(first.hear("7 accepted", accepted).await, 7);
    second.send(Down::Desired(DesiredState { generation: 6, replicas: vec![] }));
    let refused =
        |up: &Up| if let Up::Refused(refused) = up { Some((refused.ordered, refused.current)) } else { None };
    assert_eq!(second.hear("6 refused", refused).await, (6, 7));
    second.order(7, &[]);
    assert_eq!(second.hear("7 accepted", accepted).await, 7);
}

#[tokio::test]
async fn a_controller_that_goes_away_takes_nothing_with_it_and_is_linked_with_again() {
    let (mut first, second, agent, directory) = linked().await;
    first.go_away().await;
    second.order(1, &[]);
    assert_eq!(second.hear("1 accepted", accepted).await, 1);
    assert_eq!(*second.state.sessions.borrow(), 1, "the other link was not touched");
    let (well, said) = Agent::health(directory.path(), true).await;
    assert!(well && said.contains("in session with 1 controllers"), "{said}");
    first.restart().await;
    first.reached(&first.state.sessions, 2).await;
    first.reached(&first.state.tunnels, 2).await;
    assert!(agent.output().contains("replicas keep running"), "{}", agent.output());
}

#[tokio::test]
async fn model_bytes_come_from_whichever_controller_has_them() {
    let (first, second, agent, _directory) = linked().await;
    let only_second = Model::of(vec![("weights.gguf", vec![7; 1_000])]);
    second.add(&only_second);
    first.order(1, &[("r1", &only_second)]);
    first.replica("r1", "all checks passed", verified).await;

    // Both have this one, and one of them breaks off every time: what it sent is kept.
    let model = Model::of_three_ranges();
    first.add(&model);
    second.add(&model);
    first.state.faults.lock().unwrap().extend([Fault::Broken; 12]);
    first.order(2, &[("r2", &model)]);
    first.replica("r2", "all checks passed", verified).await;
    let reads = second.state.reads.lock().unwrap().clone();
    let resumed = |(_, offset, _): &(String, u64, u64)| offset % (8 * 1024 * 1024) != 0;
    assert!(reads.iter().any(resumed), "{reads:?}");
    let stored = agent.data.join("artifacts").join(&model.digest[7..]).join("files");
    for (name, bytes) in &model.files {
        assert!(std::fs::read(stored.join(name)).unwrap() == *bytes, "{name}");
    }
}

#[tokio::test]
async fn one_renewal_serves_all_links() {
    let (first, second, _agent, _directory) = linked().await;
    second.send(Down::Renew(RenewNow {}));
    for controller in [&first, &second] {
        controller.reached(&controller.state.sessions, 2).await;
        controller.reached(&controller.state.tunnels, 2).await;
    }
    assert_eq!(*first.state.renewals.borrow() + *second.state.renewals.borrow(), 1);
    let last =
        |controller: &Controller| controller.state.certificates.lock().unwrap().last().cloned().unwrap();
    assert_eq!(last(&first), last(&second));
    assert_ne!(last(&first), first.state.certificates.lock().unwrap()[0]);
}

#[tokio::test]
async fn a_node_that_one_controller_revokes_ends_although_another_has_not_heard_of_it() {
    let (first, second, agent, _directory) = linked().await;
    *second.state.revoked.lock().unwrap() = true;
    let _ = second.state.orders.send(Err(tonic::Status::permission_denied("this node was revoked")));
    let (success, output) = agent.ended().await;
    assert!(!success && output.contains("this node was revoked"), "{output}");
    drop(first);
}

#[tokio::test]
async fn an_address_where_a_stranger_answers_does_not_stop_a_node_that_others_take() {
    let (first, stranger) = (Controller::start().await, Controller::start().await);
    let directory = tempfile::tempdir().unwrap();
    let agent = Agent::join_all(&[&first, &stranger], directory.path());
    first.reached(&first.state.sessions, 1).await;
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let told = async {
        while !agent.output().contains("is not this fleet's controller") {
            looks.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.unwrap();
    first.order(1, &[]);
    assert_eq!(first.hear("1 accepted", accepted).await, 1);
}

#[tokio::test]
async fn one_controller_under_two_addresses_keeps_one_session() {
    let controller = Controller::of(Arc::new(Authority::new()), "0.0.0.0:0").await;
    let directory = tempfile::tempdir().unwrap();
    let port = controller.address.port();
    let urls = [1, 2].map(|last| format!("https://127.0.0.{last}:{port}"));
    let token = controller.join_token_at(&urls[0]);
    let options = ["--join", &token, "--name", "ward-3", "--controller", &urls[0], "--controller", &urls[1]];
    let agent = Agent::start(directory.path(), &options);
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let settled = async {
        while !agent.output().contains("is already linked as") {
            looks.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, settled).await.unwrap();
    controller.order(1, &[]);
    assert_eq!(controller.hear("1 accepted", accepted).await, 1);
    let (well, said) = Agent::health(directory.path(), true).await;
    assert!(well && said.contains("in session with 1 controllers"), "{said}");
}

//! Becoming a node, staying one, and being one no more.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use crate::support::agent::Agent;
use crate::support::controller::{Controller, PATIENCE};
use cloister_proto::agent::v1::agent_message::Message as Up;
use cloister_proto::agent::v1::controller_message::Message as Down;
use cloister_proto::agent::v1::{DesiredState, RenewNow};

#[tokio::test]
async fn a_node_joins_reports_itself_and_comes_back_without_a_token() {
    let (controller, directory) = (Controller::start().await, tempfile::tempdir().unwrap());
    let options = ["--region", "de-fra-1", "--jurisdiction", "de-he", "--label", "rack=b7"];
    let agent = Agent::join(&controller, directory.path(), &options);
    let hello = controller
        .hear("hello", |up| if let Up::Hello(hello) = up { Some(hello.clone()) } else { None })
        .await;
    let inventory = hello.inventory.unwrap();
    let locality = inventory.locality.unwrap();
    assert_eq!((locality.region.as_str(), locality.jurisdiction.as_str()), ("de-fra-1", "DE-HE"));
    assert_eq!(locality.labels["rack"], "b7");
    assert!(inventory.memory.unwrap().available_bytes > 0);
    controller.hear("a heartbeat", |up| matches!(up, Up::Heartbeat(_)).then_some(())).await;
    let key = directory.path().join("identity/node.key");
    assert_eq!(std::fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);

    agent.signal(rustix::process::Signal::TERM);
    let (success, output) = agent.ended().await;
    assert!(success, "{output}");
    let sessions = *controller.state.sessions.borrow();
    let _again = Agent::start(directory.path(), &[]);
    controller.reached(&controller.state.sessions, sessions + 1).await;
}

#[tokio::test]
async fn a_used_token_is_explained_and_not_repeated() {
    let (controller, directory) = (Controller::start().await, tempfile::tempdir().unwrap());
    let token = controller.join_token();
    let token = {
        use base64::Engine;
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let json = String::from_utf8(engine.decode(&token[5..]).unwrap()).unwrap();
        format!("cjt1.{}", engine.encode(json.replace("one-time-secret", "an-older-secret")))
    };
    let (success, output) = Agent::start(directory.path(), &["--join", &token]).ended().await;
    assert!(!success);
    assert!(output.contains("refused the join token: the token was already used"), "{output}");
    assert!(output.contains("cloister nodes join-token"), "{output}");
    assert!(!output.contains("an-older-secret"), "{output}");
}

#[tokio::test]
async fn a_controller_of_another_fleet_is_not_joined() {
    let (controller, impostor) = (Controller::start().await, Controller::start().await);
    let directory = tempfile::tempdir().unwrap();
    let token = {
        use base64::Engine;
        let json = serde_json::json!({
            "url": format!("https://{}", impostor.address), "ca": controller.state.authority.pem, "secret": "s",
        });
        format!("cjt1.{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json.to_string()))
    };
    let (success, output) = Agent::start(directory.path(), &["--join", &token]).ended().await;
    assert!(!success);
    assert!(output.contains("is not this fleet's controller"), "{output}");
}

#[tokio::test]
async fn an_agent_that_never_joined_says_how_to() {
    let directory = tempfile::tempdir().unwrap();
    let (success, output) = Agent::start(directory.path(), &[]).ended().await;
    assert!(!success);
    assert!(output.contains("has not joined a fleet yet: start it with --join"), "{output}");
}

#[tokio::test]
async fn an_older_generation_is_refused_also_after_a_restart() {
    let (controller, directory) = (Controller::start().await, tempfile::tempdir().unwrap());
    let agent = Agent::join(&controller, directory.path(), &[]);
    controller.order(7, &[]);
    let accepted = |up: &Up| if let Up::Accepted(accepted) = up { Some(accepted.generation) } else { None };
    assert_eq!(controller.hear("7 accepted", accepted).await, 7);
    agent.kill().await;

    *controller.state.standing_order.lock().unwrap() = Some(DesiredState { generation: 6, replicas: vec![] });
    let _again = Agent::start(directory.path(), &[]);
    let refused =
        |up: &Up| if let Up::Refused(refused) = up { Some((refused.ordered, refused.current)) } else { None };
    assert_eq!(controller.hear("6 refused", refused).await, (6, 7));
    let resumed =
        |up: &Up| if let Up::Hello(hello) = up { (hello.generation == 7).then_some(()) } else { None };
    controller.hear("a hello with generation 7", resumed).await;
}

#[tokio::test]
async fn a_certificate_is_renewed_in_time_and_on_demand() {
    let (controller, directory) = (Controller::start().await, tempfile::tempdir().unwrap());
    *controller.state.lifetime.lock().unwrap() = Duration::from_secs(6);
    let _agent = Agent::join(&controller, directory.path(), &[]);
    // Two thirds of six seconds; the certificate's "not before" lies five minutes back and must not count.
    controller.reached(&controller.state.sessions, 2).await;
    *controller.state.lifetime.lock().unwrap() = Duration::from_secs(3_600);
    controller.send(Down::Renew(RenewNow {}));
    controller.reached(&controller.state.sessions, 3).await;
    let certificates = controller.state.certificates.lock().unwrap().clone();
    assert!(
        certificates.windows(2).all(|pair| pair[0] != pair[1]),
        "each session has a certificate of its own"
    );
}

#[tokio::test]
async fn a_revoked_node_ends_and_says_why() {
    let (controller, directory) = (Controller::start().await, tempfile::tempdir().unwrap());
    let agent = Agent::join(&controller, directory.path(), &[]);
    controller.reached(&controller.state.sessions, 1).await;
    *controller.state.revoked.lock().unwrap() = true;
    let _ = controller.state.orders.send(Err(tonic::Status::permission_denied("this node was revoked")));
    let (success, output) = agent.ended().await;
    assert!(!success);
    assert!(output.contains("does not accept this node's certificate (this node was revoked)"), "{output}");
}

#[tokio::test]
async fn an_agent_outlives_its_controller_and_reconnects() {
    let (mut controller, directory) = (Controller::start().await, tempfile::tempdir().unwrap());
    let agent = Agent::join(&controller, directory.path(), &[]);
    controller.reached(&controller.state.sessions, 1).await;
    controller.reached(&controller.state.tunnels, 1).await;
    controller.restart().await;
    controller.reached(&controller.state.sessions, 2).await;
    controller.reached(&controller.state.tunnels, 2).await;
    assert!(agent.output().contains("replicas keep running"), "{}", agent.output());
}

#[tokio::test]
async fn a_certificate_of_another_fleet_is_rejected_and_not_tried_for_ever() {
    let (controller, other) = (Controller::start().await, Controller::start().await);
    let (directory, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (controller, directory) in [(&controller, &directory), (&other, &elsewhere)] {
        let agent = Agent::join(controller, directory.path(), &[]);
        controller.reached(&controller.state.sessions, 1).await;
        agent.kill().await;
    }
    for file in ["identity/node.pem", "identity/node.key"] {
        std::fs::copy(elsewhere.path().join(file), directory.path().join(file)).unwrap();
    }
    let (success, output) = Agent::start(directory.path(), &[]).ended().await;
    assert!(!success);
    assert!(output.contains("does not accept this node's certificate"), "{output}");
    assert!(output.contains("start the agent with a new token"), "{output}");
}

#[tokio::test]
async fn a_node_whose_certificate_ran_out_ends_and_can_join_again_with_a_new_token() {
    let (mut controller, directory) = (Controller::start().await, tempfile::tempdir().unwrap());
    *controller.state.lifetime.lock().unwrap() = Duration::from_secs(2);
    *controller.state.refuse_renewal.lock().unwrap() = true;
    let (success, output) = Agent::join(&controller, directory.path(), &[]).ended().await;
    assert!(!success);
    assert!(output.contains("and could not be renewed"), "{output}");

    *controller.state.lifetime.lock().unwrap() = Duration::from_secs(3_600);
    let sessions = *controller.state.sessions.borrow();
    controller.change_token("another-secret");
    let _agent = Agent::join(&controller, directory.path(), &[]);
    controller.reached(&controller.state.sessions, sessions + 1).await;
}

#[tokio::test]
async fn a_request_for_a_replica_that_is_not_here_fails_at_once_and_alone() {
    use cloister_proto::agent::v1::{InferenceDown, RunOnReplica, inference_down, inference_up};
    let (controller, directory) = (Controller::start().await, tempfile::tempdir().unwrap());
    let _agent = Agent::join(&controller, directory.path(), &[]);
    controller.reached(&controller.state.tunnels, 1).await;
    let run = |request_id: &str, request| {
        let run = RunOnReplica { replica_id: "elsewhere".into(), request };
        let message = Some(inference_down::Message::Run(run));
        let _ = controller.state.requests.send(InferenceDown { request_id: request_id.into(), message });
    };
    run("q1", Some(cloister_proto::worker::v1::RunRequest::default()));
    run("q2", None);
    let mut events = controller.state.events.subscribe();
    let events =
        tokio::time::timeout(PATIENCE, events.wait_for(|events| events.len() == 2)).await.unwrap().unwrap();
    let codes: std::collections::BTreeMap<_, _> = events
        .iter()
        .map(|event| match &event.message {
            Some(inference_up::Message::Failed(failed)) => {
                (event.request_id.clone(), tonic::Code::from(failed.code))
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(codes["q1"], tonic::Code::Unavailable);
    assert_eq!(codes["q2"], tonic::Code::InvalidArgument);
}

//! An agent in a pod: it enrols by its pod's token, by itself, and again when it has to.

use std::path::Path;

use crate::support::agent::Agent;
use crate::support::controller::{Controller, PATIENCE};

const NAME: &str = "worker-1.clinic.internal";

struct Pod {
    files: tempfile::TempDir,
}

impl Pod {
    fn new(token: &str) -> Self {
        let pod = Self { files: tempfile::tempdir().unwrap() };
        pod.write("token", token);
        pod
    }

    fn write(&self, name: &str, content: &str) {
        // As kubelet does: a reader sees the old file or the new one.
        let (path, next) = (self.path(name), self.path("next"));
        std::fs::write(&next, content).unwrap();
        std::fs::rename(next, path).unwrap();
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.files.path().join(name)
    }

    fn start(&self, controllers: &[&Controller], more: &[&str]) -> Agent {
        let (token, ca) = (self.path("token"), self.path("ca.pem"));
        let urls: Vec<String> = controllers.iter().map(|controller| controller.url()).collect();
        let mut options = vec!["--kubernetes-token", token.to_str().unwrap()];
        options.extend(["--controller-ca", ca.to_str().unwrap(), "--name", NAME]);
        options.extend(urls.iter().flat_map(|url| ["--controller", url]));
        options.extend(more);
        Agent::start(&self.path("data"), &options)
    }

    fn data(&self) -> std::path::PathBuf {
        self.path("data")
    }
}

/// Waits until the controller was asked `count` times; returns the names and tokens.
async fn applications(controller: &Controller, count: usize) -> Vec<(String, String)> {
    let mut applications = controller.state.applications.subscribe();
    let enough = applications.wait_for(|applications| applications.len() >= count);
    tokio::time::timeout(PATIENCE, enough).await.unwrap().unwrap().clone()
}

fn trusts(controller: &Controller, token: &str) {
    controller.state.pods.lock().unwrap().push(token.to_owned());
}

async fn well(data: &Path, ready: bool) -> bool {
    Agent::health(data, ready).await.0
}

#[tokio::test]
async fn a_pod_waits_for_the_fleets_authority_and_reads_its_token_anew_at_each_attempt() {
    let controller = Controller::start().await;
    trusts(&controller, "second.to.ken");
    let pod = Pod::new("first.to.ken\n");
    assert!(!well(&pod.path("."), false).await);
    let agent = pod.start(&[&controller], &[]);
    let waiting = async {
        while !agent.output().contains("puts its authority there") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
    assert!(well(&pod.data(), false).await && !well(&pod.data(), true).await);
    pod.write("ca.pem", &controller.state.authority.pem);
    assert_eq!(applications(&controller, 1).await[0], (NAME.to_owned(), "first.to.ken".to_owned()));
    pod.write("token", "second.to.ken\n");
    controller.reached(&controller.state.sessions, 1).await;
    assert_eq!(applications(&controller, 2).await.last().unwrap().1, "second.to.ken");
    assert!(!well(&pod.data(), true).await, "it does not know yet what it has to run");
    controller.order(1, &[]);
    let ready = async { while !well(&pod.data(), true).await {} };
    tokio::time::timeout(PATIENCE, ready).await.unwrap();
    assert!(!agent.output().contains("first.to.ken"), "{}", agent.output());
}

#[tokio::test]
async fn a_pod_that_comes_back_is_in_already_unless_it_has_news() {
    let controller = Controller::start().await;
    trusts(&controller, "to.k.en");
    let pod = Pod::new("to.k.en");
    pod.write("ca.pem", &controller.state.authority.pem);
    for (sessions, asked, more) in [(1, 1, &[][..]), (2, 1, &[]), (3, 2, &["--label", "rack=b7"])] {
        let agent = pod.start(&[&controller], more);
        controller.reached(&controller.state.sessions, sessions).await;
        assert_eq!(applications(&controller, asked).await.len(), asked);
        agent.kill().await;
    }
}

#[tokio::test]
async fn a_rejected_pod_enrols_again_by_itself() {
    let controller = Controller::start().await;
    trusts(&controller, "to.k.en");
    let pod = Pod::new("to.k.en");
    pod.write("ca.pem", &controller.state.authority.pem);
    let agent = pod.start(&[&controller], &[]);
    controller.reached(&controller.state.sessions, 1).await;
    *controller.state.revoked.lock().unwrap() = true;
    let _ =
        controller.state.orders.send(Err(tonic::Status::permission_denied("this fleet knows no such node")));
    controller.reached(&controller.state.sessions, 2).await;
    assert_eq!(applications(&controller, 2).await.len(), 2);
    assert!(agent.output().contains("It enrols again"), "{}", agent.output());
}

#[tokio::test]
async fn a_pod_asks_another_controller_when_the_first_one_is_away() {
    let (mut first, pod) = (Controller::start().await, Pod::new("to.k.en"));
    let second = first.beside().await;
    trusts(&second, "to.k.en");
    pod.write("ca.pem", &first.state.authority.pem);
    first.go_away().await;
    let _agent = pod.start(&[&first, &second], &[]);
    second.reached(&second.state.sessions, 1).await;
}

#[tokio::test]
async fn a_pods_token_needs_to_know_where_to_go() {
    let pod = Pod::new("to.k.en");
    let (token, data) = (pod.path("token"), pod.data());
    let (success, output) =
        Agent::start(&data, &["--kubernetes-token", token.to_str().unwrap()]).ended().await;
    assert!(!success && output.contains("--controller"), "{output}");
}

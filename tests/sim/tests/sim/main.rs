//! Simulated nodes against the real controller.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)]

use std::process::{Child, Command, Stdio};

use cloister_e2e::models::import_tiny_model;
use cloister_e2e::process::pid;
use cloister_e2e::{Fleet, FleetOptions, until};
use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

const NODES: u64 = 20;

/// The program under test; killed when dropped.
struct Sim {
    child: Child,
    log: std::path::PathBuf,
}

impl Sim {
    fn start(fleet: &Fleet, name: &str, nodes: u64) -> Self {
        let log = fleet.folder.path().join(format!("{name}.log"));
        let (agents, http) = (fleet.endpoint("agents"), fleet.endpoint("http"));
        let folder = fleet.controller_folder();
        let output = std::fs::File::create(&log).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_cloister-sim"))
            .args(["--agents", &format!("https://{agents}"), "--http", &format!("http://{http}")])
            .arg("--ca")
            .arg(folder.join("ca.pem"))
            .arg("--api-key-file")
            .arg(folder.join("admin.key"))
            .args(["--nodes", &nodes.to_string(), "--phase-ms", "20", "--token-ms", "0"])
            .stderr(Stdio::from(output.try_clone().unwrap()))
            .stdout(Stdio::from(output))
            .spawn()
            .unwrap();
        Self { child, log }
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    async fn until_said(&self, what: &str) {
        until(&format!("the simulation to say {what:?}: {}", self.said()), async || {
            self.said().contains(what).then_some(())
        })
        .await;
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn ready_nodes(fleet: &Fleet) -> u64 {
    let nodes = fleet.admin.get("/api/v1/nodes").await.ok();
    let ready = nodes["nodes"].as_array().unwrap().iter().filter(|node| node["state"] == "ready");
    ready.count() as u64
}

async fn ask(fleet: &Fleet, deployment: &str) -> Value {
    let key = fleet.inference_key("caller", &[deployment]).await;
    let body =
        json!({"model": deployment, "max_tokens": 3, "messages": [{"role": "user", "content": "hello"}]});
    fleet.admin.with_key(&key).post("/v1/chat/completions", &body).await.ok()
}

#[tokio::test]
async fn a_simulated_fleet_is_placed_on_answers_and_survives_its_controller() {
    let mut fleet = Fleet::start(FleetOptions::default()).await;
    let mut sim = Sim::start(&fleet, "sim", NODES);
    sim.until_said("ready: 20 nodes connected").await;
    until("every node", async || (ready_nodes(&fleet).await == NODES).then_some(())).await;

    import_tiny_model(&fleet.admin, "tiny").await;
    fleet.deploy("ward", &json!({"model": "tiny", "replicas": NODES})).await;
    let nodes: std::collections::BTreeSet<String> =
        fleet.replicas("ward").await.iter().map(|replica| replica["node_name"].to_string()).collect();
    assert_eq!(nodes.len() as u64, NODES, "a replica on each node");
    let answer = ask(&fleet, "ward").await;
    assert_eq!(answer["choices"][0]["message"]["content"], "This answer is");
    assert_eq!(answer["choices"][0]["finish_reason"], "length");

    // The replicas stay where they are while the controller is away, and are told to the next one.
    let before = fleet.replicas("ward").await.iter().map(|replica| replica["id"].clone()).collect::<Vec<_>>();
    fleet.kill_controller();
    fleet.restart_controller().await;
    fleet.ready("ward", NODES).await;
    let after = fleet.replicas("ward").await.iter().map(|replica| replica["id"].clone()).collect::<Vec<_>>();
    assert_eq!(before, after);

    fleet.admin.delete("/api/v1/deployments/ward").await.ok();
    sim.until_said("replicas 0 (0 ready)").await;

    kill_process(pid(sim.child.id()), Signal::TERM).unwrap();
    let status = until("the end of the simulation", async || sim.child.try_wait().unwrap()).await;
    assert!(status.success(), "{}", sim.said());
    assert!(sim.said().contains("stopped: enrolled 20"), "{}", sim.said());
}

#[tokio::test]
async fn certificates_are_renewed_before_they_end() {
    let lifetime = ["--node-certificate-lifetime", "9s"].map(str::to_owned).to_vec();
    let fleet = Fleet::start(FleetOptions { arguments: lifetime, ..FleetOptions::default() }).await;
    let sim = Sim::start(&fleet, "sim", 3);
    sim.until_said("ready: 3 nodes connected").await;
    until("a second renewal of each", async || {
        (fleet.records("node.certificate_renewed").await.len() >= 6).then_some(())
    })
    .await;
    // A simulated node leaves before it comes back with its new certificate.
    until("every node", async || (ready_nodes(&fleet).await == 3).then_some(())).await;
}

#[tokio::test]
async fn a_taken_name_is_told_and_ends_the_run() {
    let fleet = Fleet::start(FleetOptions::default()).await;
    let first = Sim::start(&fleet, "first", 1);
    first.until_said("ready: 1 nodes connected").await;
    let mut second = Sim::start(&fleet, "second", 1);
    let status = until("the end of the second run", async || second.child.try_wait().unwrap()).await;
    assert!(!status.success());
    assert!(second.said().contains("node sim-0000 could not enrol: AlreadyExists"), "{}", second.said());
}

//! A fleet under test: one controller, any number of agents, each in a folder of its own.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Client, Program, until};

/// Where the controller keeps its state.
#[derive(Debug, Clone)]
pub enum Database {
    /// A file in the controller's folder.
    Sqlite,
    /// A PostgreSQL URL.
    Url(String),
}

/// What all controllers of one fleet have alike, in the folder of each.
const IDENTITY: [&str; 5] = ["ca.key", "ca.pem", "audit.key", "audit.vkey", "admin.key"];

#[derive(Debug, Clone)]
pub struct FleetOptions {
    pub database: Database,
    /// Where the controller listens for agents; port 0: any.
    pub agents_address: String,
    /// More arguments for the controller.
    pub arguments: Vec<String>,
    /// Bytes of the disk that uploads go to, where that is to be a small one.
    pub uploads_disk_bytes: Option<u64>,
}

impl Default for FleetOptions {
    fn default() -> Self {
        Self {
            database: Database::Sqlite,
            agents_address: "127.0.0.1:0".to_string(),
            arguments: Vec::new(),
            uploads_disk_bytes: None,
        }
    }
}

pub struct Fleet {
    /// `None` only while a test has killed it.
    controller: Option<Program>,
    pub folder: TempDir,
    options: FleetOptions,
    pub endpoints: Value,
    pub admin: Client,
    agents: u32,
}

pub struct Agent {
    pub program: Program,
    pub name: String,
    pub folder: PathBuf,
    arguments: Vec<String>,
}

impl Fleet {
    pub async fn start(options: FleetOptions) -> Self {
        let mut fleet = Self::in_a_new_folder(options);
        fleet.start_controller(&fleet.options.agents_address.clone()).await;
        fleet
    }

    /// Another controller of the fleet that `first` is one of: with its identity, and on its database.
    pub async fn start_beside(first: &Self, options: FleetOptions) -> Self {
        let mut fleet = Self::in_a_new_folder(options);
        std::fs::create_dir(fleet.controller_folder()).expect("a folder for the controller");
        for name in IDENTITY {
            let (from, to) = (first.controller_folder().join(name), fleet.controller_folder().join(name));
            // With its mode.
            std::fs::copy(from, to).expect("the identity can be copied");
        }
        fleet.start_controller(&fleet.options.agents_address.clone()).await;
        fleet
    }

    fn in_a_new_folder(options: FleetOptions) -> Self {
        Self {
            controller: None,
            folder: tempfile::tempdir().expect("a temporary folder"),
            options,
            endpoints: Value::Null,
            admin: Client::new("http://127.0.0.1:0", ""),
            agents: 0,
        }
    }

    pub fn controller_folder(&self) -> PathBuf {
        self.folder.path().join("controller")
    }

    pub fn controller(&self) -> &Program {
        self.controller.as_ref().expect("the controller runs")
    }

    /// The address of a listener: `http`, `grpc` or `agents`.
    pub fn endpoint(&self, name: &str) -> String {
        let text = self.endpoints[name].as_str().expect("a listener").to_string();
        text.split("://").last().expect("an address").to_string()
    }

    async fn start_controller(&mut self, agents_address: &str) {
        let folder = self.controller_folder();
        let mut arguments: Vec<String> = [
            "--data",
            folder.to_str().expect("UTF-8"),
            "--http",
            "127.0.0.1:0",
            "--grpc",
            "127.0.0.1:0",
            "--agents",
            agents_address,
        ]
        .map(str::to_string)
        .to_vec();
        if let Database::Url(url) = &self.options.database {
            arguments.extend(["--database".to_string(), url.clone()]);
        }
        arguments.extend(self.options.arguments.iter().cloned());
        let _ = std::fs::remove_file(folder.join("endpoints.json"));
        let log = self.folder.path().join("controller.log");
        let mut program = match self.options.uploads_disk_bytes {
            None => Program::start("cloister-controller", &arguments, log),
            Some(bytes) => {
                let uploads = folder.join("uploads");
                std::fs::create_dir_all(&uploads).expect("a folder to mount at");
                Program::start_with_small_disk("cloister-controller", &arguments, log, &uploads, bytes)
            }
        };
        self.endpoints = until("the controller's endpoints", async || {
            assert!(program.has_ended().is_none(), "the controller ended:\n{}", program.log());
            serde_json::from_slice(&std::fs::read(folder.join("endpoints.json")).ok()?).ok()
        })
        .await;
        self.controller = Some(program);
        let key = std::fs::read_to_string(folder.join("admin.key")).expect("the admin key");
        self.admin = Client::new(&format!("http://{}", self.endpoint("http")), key.trim());
        let admin = self.admin.clone();
        until("the controller to be ready", async || {
            admin.get("/readyz").await.status.is_success().then_some(())
        })
        .await;
    }

    /// `kill -9`.
    pub fn kill_controller(&mut self) {
        self.controller.take().expect("the controller runs").kill();
    }

    /// Starts it again where its agents look for it.
    pub async fn restart_controller(&mut self) {
        let agents = self.endpoint("agents");
        self.start_controller(&agents).await;
    }

    pub async fn join_token(&self) -> String {
        let answer = self.admin.post("/api/v1/nodes/join-tokens", &json!({})).await.ok();
        answer["token"].as_str().expect("a token").to_string()
    }

    /// Starts an agent and waits until the controller sees its node.
    pub async fn agent(&mut self, extra: &[&str]) -> Agent {
        self.agents += 1;
        let name = format!("node-{}", self.agents);
        let folder = self.folder.path().join(&name);
        let token = self.join_token().await;
        let mut arguments: Vec<String> =
            ["--data", folder.to_str().expect("UTF-8"), "--name", &name].map(str::to_string).to_vec();
        arguments.extend(extra.iter().map(ToString::to_string));
        let mut first = arguments.clone();
        first.extend(["--join".to_string(), token]);
        let program =
            Program::start("cloister-agent", &first, self.folder.path().join(format!("{name}.log")));
        let agent = Agent { program, name, folder, arguments };
        self.node_is(&agent.name, "ready").await;
        agent
    }

    pub async fn node_is(&self, name: &str, state: &str) {
        until(&format!("{name} to be {state}"), async || {
            let nodes = self.admin.get("/api/v1/nodes").await.ok();
            let found = nodes["nodes"].as_array()?.iter().find(|n| n["name"] == name)?.clone();
            (found["state"] == state).then_some(())
        })
        .await;
    }

    /// Deploys and waits until every replica is ready.
    pub async fn deploy(&self, name: &str, body: &Value) {
        self.admin.put(&format!("/api/v1/deployments/{name}"), body).await.ok();
        let wanted = body.get("replicas").and_then(Value::as_u64).unwrap_or(1);
        self.ready(name, wanted).await;
    }

    pub async fn ready(&self, name: &str, replicas: u64) {
        until(&format!("{replicas} ready replicas of {name}"), async || {
            let deployment = self.admin.get(&format!("/api/v1/deployments/{name}")).await.ok();
            (deployment["ready_replicas"].as_u64() == Some(replicas)).then_some(())
        })
        .await;
    }

    pub async fn replicas(&self, deployment: &str) -> Vec<Value> {
        let list = self.admin.get(&format!("/api/v1/replicas?deployment={deployment}")).await.ok();
        list["replicas"].as_array().cloned().unwrap_or_default()
    }

    /// A key that may ask this deployment and nothing else.
    pub async fn inference_key(&self, name: &str, models: &[&str]) -> String {
        let body = json!({"name": name, "role": "inference", "models": models});
        let answer = self.admin.post("/api/v1/keys", &body).await.ok();
        answer["secret"].as_str().expect("a secret").to_string()
    }

    /// Records of a kind, newest first, parsed.
    pub async fn records(&self, kind: &str) -> Vec<Value> {
        let page = self.admin.get(&format!("/api/v1/audit/records?kind={kind}&limit=1000")).await.ok();
        let records = page["records"].as_array().expect("records").clone();
        records
            .iter()
            .map(|r| serde_json::from_str(r["leaf_json"].as_str().expect("a leaf")).expect("JSON"))
            .collect()
    }

    /// Exports the whole log and runs the outsider's verifier over it: exit status and what it printed.
    pub async fn verify_log(&self) -> (i32, String) {
        let answer = self
            .admin
            .request(reqwest::Method::GET, "/api/v1/audit/evidence")
            .send()
            .await
            .expect("an export");
        let file = self.folder.path().join("log.evidence");
        std::fs::write(&file, answer.bytes().await.expect("a whole export")).expect("written");
        verify_evidence(&file, &self.controller_folder().join("audit.vkey"))
    }
}

/// Runs `cloister-audit verify` with the file and the key, and nothing else.
pub fn verify_evidence(file: &Path, vkey: &Path) -> (i32, String) {
    let output = std::process::Command::new(crate::program("cloister-audit"))
        .arg("verify")
        .arg(file)
        .arg("--key")
        .arg(vkey)
        .env_clear()
        .output()
        .expect("the verifier runs");
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap_or(-1), text)
}

impl Agent {
    /// Starts the same agent again, with the identity that it has.
    pub fn start_again(&mut self, log: PathBuf) {
        self.program = Program::start("cloister-agent", &self.arguments, log);
    }

    /// Process ids of its workers.
    pub fn workers(&self) -> Vec<u32> {
        crate::process::children_with(self.program.id(), "worker")
    }
}

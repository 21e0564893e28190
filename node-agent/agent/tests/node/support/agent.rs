//! The real agent, as a process.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::controller::{Controller, PATIENCE};

pub(crate) struct Agent {
    child: Child,
    pub(crate) data: PathBuf,
    output: Arc<Mutex<Vec<String>>>,
    reader: tokio::task::JoinHandle<()>,
}

impl Agent {
    /// Starts an agent that joins `controller`, with more options.
    pub(crate) fn join(controller: &Controller, data: &Path, options: &[&str]) -> Self {
        let token = controller.join_token();
        Self::start(data, &[&["--join", &token, "--name", "ward-3"], options].concat())
    }

    /// The same, linked with all of `controllers` and joining the first one.
    pub(crate) fn join_all(controllers: &[&Controller], data: &Path) -> Self {
        let urls: Vec<String> = controllers.iter().map(|controller| controller.url()).collect();
        let options: Vec<&str> = urls.iter().flat_map(|url| ["--controller", url]).collect();
        Self::join(controllers[0], data, &options)
    }

    /// Asks the agent of `data` how it is; whether it is well, and what it said.
    pub(crate) async fn health(data: &Path, ready: bool) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloister-agent"));
        command.args(["health", "--data"]).arg(data).args(ready.then_some("--ready"));
        let output = command.output().await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    pub(crate) fn start(data: &Path, options: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cloister-agent"))
            .arg("--data")
            .arg(data)
            .args(options)
            .env_remove("CLOISTER_JOIN_TOKEN")
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let output = Arc::<Mutex<Vec<String>>>::default();
        let (lines, stderr) = (Arc::clone(&output), child.stderr.take().unwrap());
        let reader = tokio::spawn(async move {
            let mut reader = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = reader.next_line().await {
                lines.lock().unwrap().push(line);
            }
        });
        Self { child, data: data.to_owned(), output, reader }
    }

    pub(crate) fn output(&self) -> String {
        self.output.lock().unwrap().join("\n")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.pid().cast_signed()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits until the agent ends by itself; returns whether it did so in success, and what it said.
    pub(crate) async fn ended(mut self) -> (bool, String) {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = status.unwrap_or_else(|_| panic!("the agent does not end:\n{}", self.output())).unwrap();
        self.reader.await.unwrap();
        let output = self.output.lock().unwrap().join("\n");
        (status.success(), output)
    }
}

/// The process that runs a replica of the agent in `data`, found by the socket it was started with.
pub(crate) fn worker_pid(data: &Path, replica_id: &str) -> Option<u32> {
    let socket = data.canonicalize().ok()?.join("run").join(format!("{replica_id}.sock"));
    let socket = socket.to_str()?.to_owned();
    let started_with = |pid: &u32| {
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&command).split('\0').any(|argument| argument == socket)
    };
    let pids =
        std::fs::read_dir("/proc").ok()?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.into_iter().find(started_with)
}

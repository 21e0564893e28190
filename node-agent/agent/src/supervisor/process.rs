//! One worker process, from start to end.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use cloister_proto::agent::v1::DesiredReplica;
use cloister_proto::worker::v1::worker_service_client::WorkerServiceClient;
use cloister_proto::worker::v1::{DrainRequest, StatusRequest, StatusResponse};
use hyper_util::rt::TokioIo;
use rustix::process::{Pid, Signal, kill_process};
use tokio::net::UnixStream;
use tokio::process::Child;
use tonic::transport::{Channel, Endpoint, Uri};

use super::launch::Launcher;
use super::output::{Output, follow};
use crate::files;
use crate::limits::{DRAIN_DEADLINE, MESSAGE_MAX_BYTES, STATUS_TIMEOUT, TERM_GRACE};

/// A started worker and the way to talk to it.
#[derive(Debug)]
pub(crate) struct WorkerProcess {
    child: Child,
    pub(crate) pid: u32,
    pub(crate) client: WorkerServiceClient<Channel>,
    socket: PathBuf,
    output: Output,
}

impl WorkerProcess {
    pub(crate) fn start(
        launcher: &Launcher,
        order: &DesiredReplica,
        model: File,
        output: Output,
    ) -> io::Result<Self> {
        let socket = launcher.socket(&order.replica_id);
        let mut child = launcher.start(order, &socket, model)?;
        output.begin_run();
        let id = &order.replica_id;
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(follow(id.clone(), stdout, output.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(follow(id.clone(), stderr, output.clone()));
        }
        let pid = child.id().unwrap_or_default();
        Ok(Self { child, pid, client: client(socket.clone()), socket, output })
    }

    /// Asks the worker where it stands.
    pub(crate) async fn status(&self) -> Result<StatusResponse, tonic::Status> {
        let mut request = tonic::Request::new(StatusRequest {});
        request.set_timeout(STATUS_TIMEOUT);
        Ok(self.client.clone().status(request).await?.into_inner())
    }

    /// Returns when the process has ended.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// How it ended, in a few words.
    pub(crate) fn cause_of_end(status: &io::Result<ExitStatus>) -> String {
        match status {
            Ok(status) => format!("the worker ended ({status})"),
            Err(error) => format!("the worker cannot be watched: {error}"),
        }
    }

    /// The same, with what it said last.
    pub(crate) fn obituary(&self, how: &str) -> String {
        match self.output.end_of_run() {
            lines if lines.is_empty() => how.to_owned(),
            lines => format!("{how}; it last said: {lines}"),
        }
    }

    /// Lets running sequences end within the deadline, then ends the process: asked first, killed at last.
    pub(crate) async fn stop(mut self) {
        let mut request = tonic::Request::new(DrainRequest { deadline_ms: milliseconds(DRAIN_DEADLINE) });
        request.set_timeout(DRAIN_DEADLINE + TERM_GRACE);
        let mut client = self.client.clone();
        tokio::select! {
            _ = client.drain(request) => {}
            _ = self.child.wait() => {}
        }
        if let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw)
            && matches!(self.child.try_wait(), Ok(None))
        {
            let _ = kill_process(pid, Signal::TERM);
        }
        if tokio::time::timeout(TERM_GRACE, self.child.wait()).await.is_err() {
            tracing::warn!(pid = self.pid, "the worker does not end on SIGTERM: killing it");
        }
        self.kill().await;
    }

    /// Ends the process at once.
    pub(crate) async fn kill(mut self) {
        let _ = self.child.kill().await;
        let _ = files::remove_stale(&self.socket);
    }
}

fn client(socket: PathBuf) -> WorkerServiceClient<Channel> {
    // The name only fills the HTTP/2 authority: the connector goes to the socket.
    let endpoint = Endpoint::from_static("http://worker");
    let connector = tower::service_fn(move |_: Uri| {
        let socket = socket.clone();
        async move { UnixStream::connect(socket).await.map(TokioIo::new) }
    });
    WorkerServiceClient::new(endpoint.connect_with_connector_lazy(connector))
        .max_decoding_message_size(MESSAGE_MAX_BYTES)
        .max_encoding_message_size(MESSAGE_MAX_BYTES)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

//! The life of one replica: fetch, verify, load, serve; and again after a crash.

mod report;

use std::sync::Arc;
use std::time::Duration;

use cloister_proto::agent::v1::{DesiredReplica, ReplicaPhase};
use cloister_proto::worker::v1::{StatusResponse, WorkerPhase};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::process::WorkerProcess;
use super::{Shared, Worker};
use crate::artifact::{self, ArtifactError, VerifiedModel};
use crate::backoff::Backoff;
use crate::limits::{DRAIN_NOTICE, LOADING_STATUS_INTERVAL, STATUS_INTERVAL};
use report::Report;

/// A worker that served this long was healthy: its next crash starts the back-off anew.
const HEALTHY_AFTER: Duration = Duration::from_secs(60);

/// One replica, as ordered.
#[derive(Debug)]
pub(crate) struct Replica {
    shared: Arc<Shared>,
    order: DesiredReplica,
    stop: CancellationToken,
    report: Report,
}

/// How one attempt at running it ended.
enum Ended {
    Stopped,
    /// The model is not what was signed: no attempt helps.
    Refused(String),
    /// Another attempt may help.
    Failed(String),
    /// The worker's process ended by itself.
    Crashed {
        /// In a few words.
        how: String,
        /// The same with what the worker said last.
        error: String,
        served: Duration,
    },
}

impl Replica {
    pub(crate) fn new(shared: Arc<Shared>, order: DesiredReplica, stop: CancellationToken) -> Self {
        let report = Report::new(Arc::clone(&shared.board), &order.replica_id);
        Self { shared, order, stop, report }
    }

    /// Puts it on the board.
    pub(crate) fn announce(&self, generation: u64) {
        self.report.pending(generation);
    }

    /// Runs until told to stop, and has drained its worker when it returns.
    #[tracing::instrument(name = "agent.replica", skip_all, fields(replica = self.order.replica_id))]
    pub(crate) async fn run(self) {
        let mut backoff = Backoff::restart();
        while !self.stop.is_cancelled() {
            match self.attempt().await {
                Ended::Stopped => break,
                Ended::Refused(reason) => {
                    tracing::error!("model refused: {reason}");
                    self.report.refused(reason);
                    self.stop.cancelled().await;
                }
                Ended::Failed(error) => {
                    tracing::warn!("will try again: {error}");
                    self.report.error(error);
                    self.wait(&mut backoff).await;
                }
                Ended::Crashed { error, served, .. } => {
                    tracing::error!("{error}");
                    self.report.crashed(error);
                    if served >= HEALTHY_AFTER {
                        backoff.reset();
                    }
                    self.wait(&mut backoff).await;
                }
            }
        }
        self.report.stopped();
    }

    async fn wait(&self, backoff: &mut Backoff) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(backoff.next_wait()) => {}
        }
    }

    async fn attempt(&self) -> Ended {
        let model = tokio::select! {
            () = self.stop.cancelled() => return Ended::Stopped,
            model = self.obtain() => model,
        };
        match model {
            Ok(model) => self.work(model).await,
            Err(ArtifactError::Stopped) => Ended::Stopped,
            Err(ArtifactError::Refused { reason }) => Ended::Refused(reason),
            Err(error) => Ended::Failed(error.to_string()),
        }
    }

    /// The model in sealed memory, every byte of it verified.
    async fn obtain(&self) -> Result<VerifiedModel, ArtifactError> {
        let digest = &self.order.model_digest;
        let fetching = self.report.progress(ReplicaPhase::Fetching);
        let artifact = self.shared.artifacts.ensure(digest, &fetching).await?;
        let verifying = self.report.progress(ReplicaPhase::Verifying);
        verifying(0, 0);
        let (signers, digest) = (self.shared.artifacts.signers().clone(), digest.clone());
        // Also when this future is dropped, the copying must not go on in the background.
        let stop = self.stop.child_token();
        let _ends_with_this_call = stop.clone().drop_guard();
        artifact::blocking(move || artifact::load(&artifact, &digest, &signers, &stop, &verifying)).await
    }

    async fn work(&self, model: VerifiedModel) -> Ended {
        self.report.verified(model.checks);
        let output = self.shared.outputs.of(&self.order.replica_id);
        let started = WorkerProcess::start(&self.shared.launcher, &self.order, model.memory, output.clone());
        let mut process = match started {
            Ok(process) => process,
            Err(error) => return Ended::Failed(format!("cannot start a worker: {error}")),
        };
        self.publish(&process, false);
        let ended = self.watch(&mut process).await;
        if matches!(ended, Ended::Stopped) && self.shared.board.drains(&self.order.replica_id) {
            // Whoever routes here has to hear it first; what is on its way until then is still taken.
            tokio::time::sleep(DRAIN_NOTICE).await;
        }
        self.shared.workers.remove(&self.order.replica_id);
        match &ended {
            Ended::Stopped => {
                self.report.phase(ReplicaPhase::Draining);
                process.stop().await;
            }
            Ended::Crashed { how, .. } => {
                output.push(format!("agent: {how}"));
                process.kill().await;
            }
            Ended::Failed(_) | Ended::Refused(_) => process.kill().await,
        }
        ended
    }

    fn publish(&self, process: &WorkerProcess, ready: bool) {
        let worker = Worker { client: process.client.clone(), pid: process.pid, ready };
        self.shared.workers.insert(&self.order.replica_id, worker);
    }

    /// Follows the worker until it ends or is to be stopped.
    async fn watch(&self, process: &mut WorkerProcess) -> Ended {
        let mut serving: Option<Instant> = None;
        self.report.phase(ReplicaPhase::Loading);
        loop {
            let interval = if serving.is_some() { STATUS_INTERVAL } else { LOADING_STATUS_INTERVAL };
            tokio::select! {
                () = self.stop.cancelled() => return Ended::Stopped,
                status = process.ended() => {
                    let served = serving.map_or(Duration::ZERO, |since| since.elapsed());
                    let how = WorkerProcess::cause_of_end(&status);
                    return Ended::Crashed { error: process.obituary(&how), how, served };
                }
                () = tokio::time::sleep(interval) => {}
            }
            let status = tokio::select! {
                () = self.stop.cancelled() => return Ended::Stopped,
                status = process.status() => status,
            };
            match self.judge(process, status, serving.is_some()) {
                Verdict::Continue => {}
                Verdict::Ready => serving = Some(Instant::now()),
                Verdict::Failed(error) => {
                    let served = serving.map_or(Duration::ZERO, |since| since.elapsed());
                    return Ended::Crashed { how: error.clone(), error, served };
                }
            }
        }
    }

    fn judge(
        &self,
        process: &WorkerProcess,
        status: Result<StatusResponse, tonic::Status>,
        serving: bool,
    ) -> Verdict {
        let status = match status {
            Ok(status) => status,
            // It does not listen yet, or has just ended: its end is seen next.
            Err(status) if status.code() == tonic::Code::Unavailable => return Verdict::Continue,
            Err(status) => {
                return Verdict::Failed(format!("the worker does not answer: {}", status.message()));
            }
        };
        let phase = status.phase();
        let error = status.error.clone();
        let speed = self.shared.workers.speeds().lately(&self.order.replica_id, Instant::now());
        self.report.worker(status, process.pid, speed);
        match phase {
            WorkerPhase::Failed => Verdict::Failed(error),
            WorkerPhase::Ready if !serving => {
                self.publish(process, true);
                self.report.ready();
                Verdict::Ready
            }
            _ => Verdict::Continue,
        }
    }
}

enum Verdict {
    Continue,
    Ready,
    Failed(String),
}

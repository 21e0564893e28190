//! One connection of one node: its session and its inference stream. The end of either is the end of both.

use std::collections::HashMap;
use std::pin::Pin;
use std::time::Duration;

use cloister_proto::agent::v1::agent_message::Message as Up;
use cloister_proto::agent::v1::agent_service_client::AgentServiceClient;
use cloister_proto::agent::v1::controller_message::Message as Down;
use cloister_proto::agent::v1::inference_down::Message as Request;
use cloister_proto::agent::v1::{
    AgentMessage, ControllerMessage, DesiredState, GenerationAccepted, GenerationRefused, Heartbeat, Hello,
    InferenceDown, InferenceUp, RenewRequest, RunOnReplica,
};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio::time::{Instant, Interval, MissedTickBehavior, Sleep, interval_at, sleep, sleep_until, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

use crate::answer::{answer, failed};
use crate::board::Connected;
use crate::identity::{Identity, KeyAndRequest};
use crate::limits::{
    CALL_TIMEOUT, HEARTBEAT_MAX_MS, HEARTBEAT_MIN_MS, INFERENCES_MAX, LONGEST_SLEEP, RENEWAL_RETRY,
    SESSION_QUEUE_MESSAGES, TUNNEL_QUEUE_EVENTS,
};
use crate::node::Node;
use crate::orders::Verdict;
use crate::profile::disk;

/// How a link ended.
pub(crate) enum Ended {
    /// There is a new certificate: connect with it.
    Renewed(Box<Identity>),
    Lost(Status),
}

struct Link<'a> {
    node: &'a mut Node,
    client: AgentServiceClient<Channel>,
    up: mpsc::Sender<AgentMessage>,
    down: Streaming<ControllerMessage>,
    events: mpsc::Sender<InferenceUp>,
    requests: Streaming<InferenceDown>,
    heartbeats: Interval,
    renewal: Pin<Box<Sleep>>,
    answers: JoinSet<String>,
    /// By request id.
    running: HashMap<String, AbortHandle>,
    _connected: Connected,
}

/// Connects, and serves until one side ends it. Dropping it ends everything that runs in it.
pub(crate) async fn run(node: &mut Node) -> Ended {
    match Link::open(node).await {
        Ok(mut link) => match link.serve().await {
            Ok(identity) => Ended::Renewed(Box::new(identity)),
            Err(status) => Ended::Lost(status),
        },
        Err(status) => Ended::Lost(status),
    }
}

impl<'a> Link<'a> {
    async fn open(node: &'a mut Node) -> Result<Self, Status> {
        let around = std::sync::Arc::clone(&node.around);
        let _turn = around.connecting.acquire().await.map_err(|_| Status::cancelled("stopping"))?;
        let channel = around.door.connect(Some(&node.identity)).await;
        let channel = channel.map_err(|error| Status::unavailable(error.to_string()))?;
        let mut client = AgentServiceClient::new(channel);
        let (up, messages) = mpsc::channel(SESSION_QUEUE_MESSAGES);
        send(&up, Up::Hello(hello(node))).await?;
        let down = in_time(client.session(ReceiverStream::new(messages))).await?;
        let mut down = down.into_inner();
        let interval_ms = welcome(&mut down).await?;
        let (events, queue) = mpsc::channel(TUNNEL_QUEUE_EVENTS);
        // The first message announces the stream; without it the controller would not see the call at all.
        events.send(InferenceUp::default()).await.map_err(|_| closed())?;
        let requests = in_time(client.inference(ReceiverStream::new(queue))).await?.into_inner();
        Ok(Self {
            heartbeats: heartbeats(interval_ms, &mut node.profile.chance),
            renewal: Box::pin(sleep(renewal_due(&node.identity))),
            _connected: around.board.connect(),
            answers: JoinSet::new(),
            running: HashMap::new(),
            node,
            client,
            up,
            down,
            events,
            requests,
        })
    }

    /// Until there is a new certificate, or an error.
    async fn serve(&mut self) -> Result<Identity, Status> {
        loop {
            let next_change = self.node.replicas.next_change();
            tokio::select! {
                message = self.down.message() => self.obey(message?.ok_or_else(closed)?).await?,
                request = self.requests.message() => self.take(request?.ok_or_else(closed)?).await?,
                _ = self.heartbeats.tick() => self.beat().await?,
                () = at(next_change) => self.report().await?,
                Some(done) = self.answers.join_next() => self.forget(done),
                () = &mut self.renewal => match self.renew().await {
                    Ok(identity) => return Ok(identity),
                    Err(status) if status.code() == Code::PermissionDenied => return Err(status),
                    Err(_) => self.renewal.as_mut().reset(Instant::now() + RENEWAL_RETRY),
                },
            }
        }
    }

    async fn obey(&mut self, message: ControllerMessage) -> Result<(), Status> {
        match message.message {
            Some(Down::Desired(desired)) => self.order(desired).await,
            Some(Down::Renew(_)) => {
                self.renewal.as_mut().reset(Instant::now());
                Ok(())
            }
            // A second welcome says nothing new, and neither does what this program does not know or never offered.
            Some(Down::Welcome(_) | Down::ReadOutput(_)) | None => Ok(()),
        }
    }

    async fn order(&mut self, desired: DesiredState) -> Result<(), Status> {
        let ordered = desired.generation;
        match self.node.generation.judge(ordered) {
            Verdict::Refuse { current } => {
                self.node.around.board.orders_refused.add_one();
                send(&self.up, Up::Refused(GenerationRefused { ordered, current })).await
            }
            Verdict::Obey => {
                self.node.around.board.orders_obeyed.add_one();
                let chance = &mut self.node.profile.chance;
                self.node.replicas.obey(ordered, desired.replicas, Instant::now(), chance);
                send(&self.up, Up::Accepted(GenerationAccepted { generation: ordered })).await?;
                self.report().await
            }
        }
    }

    async fn report(&mut self) -> Result<(), Status> {
        let changed = self.node.replicas.step(Instant::now(), &mut self.node.profile.chance);
        self.node.count();
        for status in changed {
            send(&self.up, Up::Replica(status)).await?;
        }
        Ok(())
    }

    async fn beat(&mut self) -> Result<(), Status> {
        let heartbeat = Heartbeat {
            memory: Some(self.node.profile.memory(self.node.replicas.resident_bytes())),
            gpus: Vec::new(),
            disk: Some(disk()),
            uptime_ms: u64::try_from(self.node.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            ..Heartbeat::default()
        };
        send(&self.up, Up::Heartbeat(heartbeat)).await
    }

    async fn take(&mut self, request: InferenceDown) -> Result<(), Status> {
        let id = request.request_id;
        match request.message {
            Some(Request::Run(run)) => self.run(id, run).await,
            Some(Request::Cancel(_)) => {
                // One that has ended already is no error: cancel and last event crossed on the way.
                if let Some(running) = self.running.remove(&id) {
                    running.abort();
                }
                Ok(())
            }
            None => Ok(()),
        }
    }

    async fn run(&mut self, id: String, run: RunOnReplica) -> Result<(), Status> {
        let refusal = if self.running.contains_key(&id) {
            Some((Code::AlreadyExists, "a request with this id is running on this node"))
        } else if self.running.len() >= INFERENCES_MAX {
            Some((Code::ResourceExhausted, "this node carries as many requests as it can"))
        } else if !self.node.replicas.is_ready(&run.replica_id) {
            Some((Code::Unavailable, "the replica does not take requests on this node now"))
        } else {
            None
        };
        if let Some((code, message)) = refusal {
            return self.events.send(failed(id, code, message)).await.map_err(|_| closed());
        }
        let around = &self.node.around;
        let (up, board) = (self.events.clone(), std::sync::Arc::clone(&around.board));
        let answered = answer(id.clone(), run.request.unwrap_or_default(), around.token_pause, up, board);
        let running = self.answers.spawn(answered);
        self.running.insert(id, running);
        Ok(())
    }

    fn forget(&mut self, done: Result<String, JoinError>) {
        match done {
            Ok(id) => drop(self.running.remove(&id)),
            Err(_) => self.running.retain(|_, running| !running.is_finished()),
        }
    }

    async fn renew(&mut self) -> Result<Identity, Status> {
        let key = KeyAndRequest::generate().map_err(|error| Status::internal(error.to_string()))?;
        let answer = in_time(self.client.renew(RenewRequest { csr_der: key.csr_der.clone() })).await?;
        let certificate = answer.into_inner().certificate;
        let certificate = certificate.ok_or_else(|| Status::internal("the answer holds no certificate"))?;
        Ok(key.certified(certificate, now_unix_s()))
    }
}

fn hello(node: &mut Node) -> Hello {
    Hello {
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        boot_id: node.profile.boot_id.clone(),
        generation: node.generation.current(),
        inventory: Some(node.profile.inventory(node.replicas.resident_bytes())),
        replicas: node.replicas.tell_all(),
        // No worker, nothing that it wrote.
        answers_read_output: false,
    }
}

/// Waits for the welcome; gives the heartbeat interval.
async fn welcome(down: &mut Streaming<ControllerMessage>) -> Result<u32, Status> {
    loop {
        let message = in_time(down.message()).await?.ok_or_else(closed)?;
        if let Some(Down::Welcome(welcome)) = message.message {
            return Ok(welcome.heartbeat_interval_ms);
        }
    }
}

/// The first one comes at any time within the interval: a fleet does not beat in step.
fn heartbeats(interval_ms: u32, chance: &mut fastrand::Rng) -> Interval {
    let period = Duration::from_millis(interval_ms.clamp(HEARTBEAT_MIN_MS, HEARTBEAT_MAX_MS).into());
    let mut ticks = interval_at(Instant::now() + period.mul_f64(chance.f64()), period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

fn renewal_due(identity: &Identity) -> Duration {
    Duration::from_secs(identity.renewal_due_in_s(now_unix_s())).min(LONGEST_SLEEP)
}

fn now_unix_s() -> i64 {
    jiff::Timestamp::now().as_second()
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

async fn send(up: &mpsc::Sender<AgentMessage>, message: Up) -> Result<(), Status> {
    up.send(AgentMessage { message: Some(message) }).await.map_err(|_| closed())
}

async fn in_time<T>(call: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
    let late = |_| Status::deadline_exceeded("the controller did not answer in time");
    timeout(CALL_TIMEOUT, call).await.map_err(late)?
}

fn closed() -> Status {
    Status::unavailable("the controller ended the stream")
}

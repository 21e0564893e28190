//! One control session: what the agent reports goes into the live view, what it is to run goes down.

use std::sync::Arc;
use std::time::Duration;

use cloister_api::EventKind;
use cloister_proto::agent::v1::{
    AgentMessage, ControllerMessage, DesiredState, Hello, ReplicaPhase, ReplicaStatus, Welcome,
    agent_message, controller_message,
};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tonic::{Status, Streaming};

use super::events::{Happening, news};
use super::identity::{NodeIdentity, enrolled_again, revoked};
use super::output::OutputDesk;
use super::report::{bounded_inventory, bounded_status, plausible_generation};
use super::sessions::{EndReason, SessionEnd};
use super::{Orders, Shared};
use crate::clock::unix_now;
use crate::limits::{AGENT_QUEUE_MAX, HEARTBEATS_MISSED_MAX, REPLICAS_PER_NODE_MAX};

type Down = mpsc::Sender<Result<ControllerMessage, Status>>;

/// Serves the session in a task of its own; the receiver is the stream that goes down.
pub(super) fn serve(
    shared: Arc<Shared>,
    identity: NodeIdentity,
    up: Streaming<AgentMessage>,
) -> mpsc::Receiver<Result<ControllerMessage, Status>> {
    let (down, messages) = mpsc::channel(AGENT_QUEUE_MAX);
    tokio::spawn(async move {
        let orders = shared.orders.subscribe();
        let up = Upstream {
            patience: shared.settings.heartbeat_interval * HEARTBEATS_MISSED_MAX,
            heard: Instant::now(),
            up,
        };
        let mut session = Session { shared, identity, up, down, orders, sent: None, desk: None };
        let error = session.run().await;
        tracing::info!(node = %session.identity.node_id, reason = error.message(), "session ended");
        // A full queue means a peer that reads nothing: it learns the end from the closed stream.
        let _ = session.down.try_send(Err(error));
    });
    messages
}

struct Session {
    shared: Arc<Shared>,
    identity: NodeIdentity,
    up: Upstream,
    down: Down,
    orders: watch::Receiver<Arc<Orders>>,
    /// Generation that went down last.
    sent: Option<u64>,
    /// Where questions to the agent wait for its answers, if it answers such.
    desk: Option<Arc<OutputDesk>>,
}

impl Session {
    /// Until one side ends it; the status says why.
    async fn run(&mut self) -> Status {
        let hello = match self.expect_hello().await {
            Ok(hello) => hello,
            Err(status) => return status,
        };
        let end = self.shared.sessions.open_session(&self.identity.node_id);
        self.begin(hello, &end);
        let reason = match self.welcome() {
            Ok(()) => self.exchange(&end).await,
            Err(status) => status,
        };
        if self.shared.sessions.close_session(&self.identity.node_id, &end) {
            self.shared.live.update(&self.identity.node_id, |node| node.connected = false);
            self.tell_of_all(EventKind::NodeLost);
        }
        // Also when it was ended from outside: the reconciler clears what a revoked node left.
        self.shared.wake();
        reason
    }

    async fn expect_hello(&mut self) -> Result<Hello, Status> {
        match self.up.next().await?.message {
            Some(agent_message::Message::Hello(hello)) => Ok(hello),
            _ => Err(Status::invalid_argument("the first message of a session must be hello")),
        }
    }

    fn begin(&mut self, hello: Hello, end: &SessionEnd) {
        tracing::info!(node = %self.identity.node_id, agent = %hello.agent_version, "session started");
        if hello.answers_read_output {
            let desk = OutputDesk::new(self.down.clone());
            self.shared.sessions.open_desk(&self.identity.node_id, end, Arc::clone(&desk));
            self.desk = Some(desk);
        }
        let before = self.shared.live.snapshot().get(&self.identity.node_id).cloned();
        if before.as_ref().is_some_and(|node| !node.connected) {
            self.tell_of_all(EventKind::NodeBack);
        }
        self.shared.live.update(&self.identity.node_id, |node| {
            node.connected = true;
            node.heard_now();
            node.agent_version = super::report::bounded_text(hello.agent_version);
            let boot_id = super::report::bounded_text(hello.boot_id);
            if boot_id != node.boot_id {
                // Another process counts anew, and tells so with its first heartbeat.
                (node.cpu_time, node.work) = (None, None);
            }
            node.boot_id = boot_id;
            node.generation = plausible_generation(hello.generation).unwrap_or(node.generation);
            node.inventory = bounded_inventory(hello.inventory.unwrap_or_default());
            let statuses = hello.replicas.into_iter().take(REPLICAS_PER_NODE_MAX).map(bounded_status);
            node.replicas = statuses.map(|status| (status.replica_id.clone(), status)).collect();
            node.has_freed = false;
        });
        let now = self.shared.live.snapshot().get(&self.identity.node_id).cloned();
        for status in now.iter().flat_map(|node| node.replicas.values()) {
            let known = before.as_ref().and_then(|node| node.replicas.get(&status.replica_id));
            self.tell_news(known, status);
        }
        self.shared.wake();
    }

    fn tell_news(&self, before: Option<&ReplicaStatus>, now: &ReplicaStatus) {
        if let Some((kind, detail)) = news(before, now) {
            self.tell(&now.replica_id, kind, detail);
        }
    }

    /// The same of every replica that is, or should be, on the node.
    fn tell_of_all(&self, kind: EventKind) {
        let node = self.shared.live.snapshot().get(&self.identity.node_id).cloned();
        let over = [ReplicaPhase::Stopped, ReplicaPhase::Refused];
        let there = node.iter().flat_map(|node| node.replicas.values());
        for status in there.filter(|status| !over.contains(&status.phase())) {
            self.tell(&status.replica_id, kind, String::new());
        }
    }

    fn tell(&self, replica_id: &str, kind: EventKind, detail: String) {
        self.shared.tell(Happening {
            replica_id: replica_id.to_owned(),
            deployment_id: None,
            node_id: Some(self.identity.node_id.clone()),
            kind,
            detail,
            at: jiff::Timestamp::now(),
        });
    }

    fn welcome(&mut self) -> Result<(), Status> {
        let interval_ms = self.shared.settings.heartbeat_interval.as_millis();
        self.send(controller_message::Message::Welcome(Welcome {
            node_id: self.identity.node_id.clone(),
            fleet_id: self.shared.fleet_id.clone(),
            heartbeat_interval_ms: u32::try_from(interval_ms).unwrap_or(u32::MAX),
            controller_id: self.shared.controller_id.clone(),
        }))?;
        self.send_orders()
    }

    async fn exchange(&mut self, end: &SessionEnd) -> Status {
        let expiry = tokio::time::sleep(until(self.identity.not_after_unix_s));
        tokio::pin!(expiry);
        loop {
            let step = tokio::select! {
                reason = end.ended() => return end_status(reason),
                () = &mut expiry => return Status::unauthenticated(
                    "the certificate of this session has expired; connect with a renewed one"),
                () = self.down.closed() => return Status::cancelled("the agent closed the session"),
                changed = self.orders.changed() => match changed {
                    Ok(()) => self.send_orders(),
                    Err(_) => return end_status(EndReason::Stopping),
                },
                message = self.up.next() => message.map(|message| self.take(message)),
            };
            if let Err(status) = step {
                return status;
            }
        }
    }

    fn take(&self, message: AgentMessage) {
        let message = match message.message {
            Some(agent_message::Message::Output(output)) => {
                if let Some(desk) = &self.desk {
                    desk.answer(output);
                }
                return;
            }
            Some(message) => message,
            None => return,
        };
        let reported = match &message {
            agent_message::Message::Replica(status) => Some(status.replica_id.clone()),
            _ => None,
        };
        let (mut notable, mut before, mut now) = (false, None, None);
        self.shared.live.update(&self.identity.node_id, |node| {
            node.heard_now();
            before = reported.as_ref().and_then(|id| node.replicas.get(id)).cloned();
            notable = node.take(message);
            now = reported.as_ref().and_then(|id| node.replicas.get(id)).cloned();
        });
        if let Some(now) = now {
            self.tell_news(before.as_ref(), &now);
        }
        if notable {
            self.shared.wake();
        }
    }

    /// What the node should run, if that has changed since it was last sent.
    fn send_orders(&mut self) -> Result<(), Status> {
        let desired: Option<DesiredState> =
            self.orders.borrow_and_update().get(&self.identity.node_id).cloned();
        match desired {
            Some(desired) if self.sent != Some(desired.generation) => {
                self.sent = Some(desired.generation);
                self.send(controller_message::Message::Desired(desired))
            }
            _ => Ok(()),
        }
    }

    fn send(&self, message: controller_message::Message) -> Result<(), Status> {
        self.down
            .try_send(Ok(ControllerMessage { message: Some(message) }))
            .map_err(|_| Status::resource_exhausted("the agent does not read what it is sent; connect again"))
    }
}

/// What comes up, with the time limit that a live agent keeps.
struct Upstream {
    up: Streaming<AgentMessage>,
    heard: Instant,
    patience: Duration,
}

impl Upstream {
    /// The next message. Cancel-safe: a message is only taken off the stream when it is returned,
    /// and the time runs from the last message, not from the call.
    async fn next(&mut self) -> Result<AgentMessage, Status> {
        match tokio::time::timeout_at(self.heard + self.patience, self.up.message()).await {
            Ok(Ok(Some(message))) => {
                self.heard = Instant::now();
                Ok(message)
            }
            Ok(Ok(None)) => Err(Status::cancelled("the agent ended the session")),
            Ok(Err(status)) => Err(status),
            Err(_) => Err(Status::deadline_exceeded("no heartbeat in time; the node counts as unreachable")),
        }
    }
}

fn end_status(reason: EndReason) -> Status {
    match reason {
        EndReason::Replaced => Status::aborted("a newer session of this node has taken over"),
        EndReason::Revoked => revoked(),
        EndReason::EnrolledAgain => enrolled_again(),
        EndReason::Stopping => Status::unavailable("the controller is stopping; connect again"),
    }
}

fn until(unix_s: i64) -> Duration {
    Duration::from_secs(u64::try_from(unix_s).unwrap_or(0)).saturating_sub(unix_now())
}

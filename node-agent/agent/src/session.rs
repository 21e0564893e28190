//! The control session: what this node is and does goes up, what it should do comes down.

mod heartbeat;
mod orders;
mod renewal;

use std::sync::Arc;
use std::time::Duration;

use cloister_proto::agent::v1::agent_message::Message as Up;
use cloister_proto::agent::v1::agent_service_client::AgentServiceClient;
use cloister_proto::agent::v1::controller_message::Message as Down;
use cloister_proto::agent::v1::{AgentMessage, ControllerMessage, Hello};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Streaming;
use tonic::transport::Channel;

use crate::backoff::Backoff;
use crate::channel::ChannelPublisher;
use crate::identity::Identity;
use crate::inventory::Surveyor;
use crate::limits::SESSION_QUEUE_MESSAGES;
use crate::link::{self, LinkError};
use crate::state::GenerationFile;
use crate::supervisor::Supervisor;
use heartbeat::Heartbeats;
use renewal::Renewal;

/// Keeps this node in touch with its controller.
pub(crate) struct Session {
    pub(crate) identity: Mutex<Identity>,
    pub(crate) identity_directory: std::path::PathBuf,
    pub(crate) boot_id: String,
    pub(crate) generation: Arc<std::sync::Mutex<GenerationFile>>,
    pub(crate) surveyor: Arc<Surveyor>,
    pub(crate) supervisor: Arc<Supervisor>,
    pub(crate) channel: ChannelPublisher,
}

/// A session that lasted this long was sound: the wait before the next one starts anew. Two agents with one
/// identity, which replace each other for ever, never get there.
const SOUND_AFTER: Duration = Duration::from_secs(10);

/// How one connection ended.
enum Ended {
    Stopped,
    /// There is a new certificate: connect with it, and keep the old session until the new one stands.
    Renewed(Previous),
    Lost(LinkError),
}

/// A session that is about to be replaced by the next one.
struct Previous {
    _up: mpsc::Sender<AgentMessage>,
    _down: Streaming<ControllerMessage>,
}

impl Session {
    /// Connects, and connects again, until told to stop. While the controller is away replicas keep running.
    ///
    /// # Errors
    ///
    /// The controller does not accept this node, or is not the fleet's: waiting does not mend that.
    pub(crate) async fn run(&self, stop: &CancellationToken) -> Result<(), LinkError> {
        let mut backoff = Backoff::reconnect();
        let mut previous = None;
        loop {
            let began = Instant::now();
            let ended = tokio::select! {
                () = stop.cancelled() => Ended::Stopped,
                ended = self.connect_and_serve(&mut previous, stop) => ended,
            };
            match ended {
                Ended::Stopped => return Ok(()),
                Ended::Renewed(session) => {
                    previous = Some(session);
                    continue;
                }
                Ended::Lost(error) if !error.is_transient() => return Err(error),
                Ended::Lost(error) => {
                    self.channel.publish(None);
                    if began.elapsed() >= SOUND_AFTER {
                        backoff.reset();
                    }
                    let wait = backoff.next_wait();
                    tracing::warn!(retry_in_ms = wait.as_millis(), "{error}; replicas keep running");
                    tokio::select! {
                        () = stop.cancelled() => return Ok(()),
                        () = tokio::time::sleep(wait) => {}
                    }
                }
            }
        }
    }

    async fn connect_and_serve(&self, previous: &mut Option<Previous>, stop: &CancellationToken) -> Ended {
        let identity = self.identity.lock().await.clone();
        if let Err(error) = refuse_if_expired(&identity) {
            return Ended::Lost(error);
        }
        let channel = match link::connect(&identity).await {
            Ok(channel) => channel,
            Err(error) => return Ended::Lost(error),
        };
        match self.serve(channel, &identity, previous, stop).await {
            Ok(ended) => ended,
            Err(status) => {
                let error = LinkError::from_status(&identity.facts.url, &status);
                let hidden = if error.is_transient() { link::diagnose(&identity).await } else { None };
                Ended::Lost(hidden.unwrap_or(error))
            }
        }
    }

    async fn serve(
        &self,
        channel: Channel,
        identity: &Identity,
        previous: &mut Option<Previous>,
        stop: &CancellationToken,
    ) -> Result<Ended, tonic::Status> {
        let (up, queue) = mpsc::channel(SESSION_QUEUE_MESSAGES);
        let mut changes = self.supervisor.board().subscribe();
        let mut reported = self.say_hello(&up).await?;
        let mut client = AgentServiceClient::new(channel.clone());
        let mut down = client.session(ReceiverStream::new(queue)).await?.into_inner();
        let mut heartbeats = Heartbeats::new();
        let mut renewal = Renewal::of(identity);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(Ended::Stopped),
                message = down.message() => match message? {
                    Some(message) => match self.obey(message, &up, &mut heartbeats).await? {
                        Obeyed::Done => {}
                        Obeyed::Welcomed => {
                            self.channel.publish(Some(channel.clone()));
                            *previous = None;
                        }
                        Obeyed::RenewNow => renewal.now(),
                    },
                    None => return Err(tonic::Status::unavailable("the controller ended the session")),
                },
                () = next_version(&mut changes) => reported = self.report(reported, &up).await?,
                () = heartbeats.due() => {
                    let message = heartbeats.measure(&self.surveyor, &self.supervisor).await;
                    send(&up, message).await?;
                }
                () = renewal.due() => match self.renew(channel.clone(), identity).await {
                    Ok(()) => return Ok(Ended::Renewed(Previous { _up: up, _down: down })),
                    Err(error) if error.is_fatal() => return Err(error.into_status()),
                    Err(error) => match refuse_if_expired(identity) {
                        Ok(()) => renewal.postpone(&error),
                        Err(expired) => return Ok(Ended::Lost(expired)),
                    },
                },
            }
        }
    }

    /// Queues the first message; returns up to which change of the board it tells.
    async fn say_hello(&self, up: &mpsc::Sender<AgentMessage>) -> Result<u64, tonic::Status> {
        let (reported, replicas) = self.supervisor.board().changed_since(0);
        let (surveyor, own_bytes) = (Arc::clone(&self.surveyor), self.supervisor.resident_bytes());
        let inventory = heartbeat::measure(move || surveyor.inventory(own_bytes)).await?;
        let hello = Hello {
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            boot_id: self.boot_id.clone(),
            generation: orders::current(&self.generation),
            inventory: Some(inventory),
            replicas,
        };
        send(up, Up::Hello(hello)).await?;
        Ok(reported)
    }

    async fn report(&self, reported: u64, up: &mpsc::Sender<AgentMessage>) -> Result<u64, tonic::Status> {
        let (version, changed) = self.supervisor.board().changed_since(reported);
        for status in changed {
            send(up, Up::Replica(status)).await?;
        }
        Ok(version)
    }

    async fn obey(
        &self,
        message: ControllerMessage,
        up: &mpsc::Sender<AgentMessage>,
        heartbeats: &mut Heartbeats,
    ) -> Result<Obeyed, tonic::Status> {
        match message.message {
            Some(Down::Welcome(welcome)) => {
                tracing::info!(node = welcome.node_id, fleet = welcome.fleet_id, "connected");
                heartbeats.every(welcome.heartbeat_interval_ms);
                Ok(Obeyed::Welcomed)
            }
            Some(Down::Desired(desired)) => {
                let answer = orders::accept(&self.generation, desired, &self.supervisor).await?;
                send(up, answer).await?;
                Ok(Obeyed::Done)
            }
            Some(Down::Renew(_)) => Ok(Obeyed::RenewNow),
            // From a newer controller; what this agent must know is in the fields it knows.
            None => Ok(Obeyed::Done),
        }
    }
}

enum Obeyed {
    Done,
    Welcomed,
    RenewNow,
}

async fn send(up: &mpsc::Sender<AgentMessage>, message: Up) -> Result<(), tonic::Status> {
    let message = AgentMessage { message: Some(message) };
    up.send(message).await.map_err(|_| tonic::Status::unavailable("the session was closed"))
}

async fn next_version(changes: &mut watch::Receiver<u64>) {
    if changes.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn refuse_if_expired(identity: &Identity) -> Result<(), LinkError> {
    let now_unix_s = jiff::Timestamp::now().as_second();
    if !identity.validity.expired(now_unix_s) {
        return Ok(());
    }
    let at = jiff::Timestamp::from_second(identity.validity.not_after_unix_s)
        .map_or_else(|_| "?".into(), |at| at.to_string());
    Err(LinkError::Rejected { reason: format!("it expired at {at} and could not be renewed") })
}

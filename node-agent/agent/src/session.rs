//! The control session with one controller: what this node is and does goes up, what it should do comes down.

mod heartbeat;
mod open;
mod orders;
mod output;
mod standby;

use std::sync::Arc;
use std::time::Duration;

use cloister_proto::agent::v1::agent_service_client::AgentServiceClient;
use cloister_proto::agent::v1::controller_message::Message as Down;
use cloister_proto::agent::v1::{AgentMessage, ControllerMessage};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Streaming;

use crate::address::Target;
use crate::backoff::Backoff;
use crate::channel::ChannelPublisher;
use crate::controllers::Controllers;
use crate::identity::{CurrentIdentity, Identity};
use crate::inventory::Surveyor;
use crate::limits::SESSION_QUEUE_MESSAGES;
use crate::link::{self, LinkError};
use crate::supervisor::Supervisor;
use crate::work::Work;
use heartbeat::Heartbeats;
use open::{Open, next_version, send};
pub(crate) use orders::Orders;
use output::output;

/// The node, as all of its links share it.
pub(crate) struct Node {
    pub(crate) identity: CurrentIdentity,
    pub(crate) boot_id: String,
    pub(crate) orders: Orders,
    pub(crate) surveyor: Arc<Surveyor>,
    pub(crate) supervisor: Arc<Supervisor>,
    pub(crate) work: Arc<Work>,
    pub(crate) controllers: Controllers,
    /// Notified when a controller wants the certificate renewed.
    pub(crate) renew: Arc<Notify>,
}

/// Keeps this node in touch with the controller at one address.
pub(crate) struct Session {
    pub(crate) node: Arc<Node>,
    pub(crate) target: Target,
    /// For the tunnel beside it.
    pub(crate) channel: ChannelPublisher,
    /// Whether the controllers' names still lead to this address. If not, a session that ends is the last one.
    pub(crate) listed: watch::Receiver<bool>,
}

/// A session that lasted this long was sound: the wait before the next one starts anew. Two agents with one
/// identity, which replace each other for ever, never get there.
const SOUND_AFTER: Duration = Duration::from_secs(10);

/// How one connection ended.
enum Ended {
    Stopped,
    /// There is a new certificate: connect with it, and keep the old session until the new one stands.
    Renewed(Previous),
    /// The controller behind this address is in session under another one.
    Twin {
        controller_id: String,
    },
    Lost(LinkError),
}

/// A session that is about to be replaced by the next one.
struct Previous {
    _up: mpsc::Sender<AgentMessage>,
    _down: Streaming<ControllerMessage>,
}

impl Session {
    /// Connects, and connects again, until told to stop or until the address is no controller's any more.
    /// While the controller is away replicas keep running.
    ///
    /// # Errors
    ///
    /// The controller does not accept this node, or is not the fleet's.
    pub(crate) async fn run(&mut self, stop: &CancellationToken) -> Result<(), LinkError> {
        let mut backoff = Backoff::reconnect();
        let mut previous = None;
        loop {
            let began = Instant::now();
            match self.connect_and_serve(&mut previous, stop).await {
                Ended::Stopped => return Ok(()),
                Ended::Renewed(session) => {
                    previous = Some(session);
                    continue;
                }
                Ended::Twin { controller_id } => self.stand_by(&controller_id, stop).await,
                Ended::Lost(error) => {
                    self.hang_up();
                    if !error.is_transient() {
                        return Err(error);
                    }
                    if began.elapsed() >= SOUND_AFTER {
                        backoff.reset();
                    }
                    self.wait(&error, &mut backoff, stop).await;
                }
            }
            if stop.is_cancelled() || !*self.listed.borrow() {
                return Ok(());
            }
        }
    }

    /// Nobody is to use this link now.
    fn hang_up(&self) {
        self.node.controllers.leave(&self.target);
        self.channel.publish(None);
    }

    async fn wait(&mut self, error: &LinkError, backoff: &mut Backoff, stop: &CancellationToken) {
        let wait = backoff.next_wait();
        tracing::warn!(retry_in_ms = wait.as_millis(), "{error}; replicas keep running");
        tokio::select! {
            () = stop.cancelled() => {}
            _ = self.listed.wait_for(|listed| !listed) => {}
            () = tokio::time::sleep(wait) => {}
        }
    }

    async fn connect_and_serve(&self, previous: &mut Option<Previous>, stop: &CancellationToken) -> Ended {
        let identity = self.node.identity.get();
        if identity.has_expired() {
            // Whether there will be another one is not for this link to say.
            tokio::select! {
                () = stop.cancelled() => return Ended::Stopped,
                () = self.node.identity.replaced(&identity) => {}
            }
            return Box::pin(self.connect_and_serve(previous, stop)).await;
        }
        let opened = tokio::select! {
            () = stop.cancelled() => return Ended::Stopped,
            opened = self.open(&identity) => opened,
        };
        let ended = match opened {
            Ok(Ok(open)) => self.serve(open, &identity, previous, stop).await,
            Ok(Err(status)) => Err(status),
            Err(error) => return self.judge(error, &identity),
        };
        match ended {
            Ok(ended) => ended,
            Err(status) => {
                let error = LinkError::from_status(&self.target.to_string(), &status);
                let hidden = match error.is_transient() {
                    true => link::diagnose(&self.target, &identity).await,
                    false => None,
                };
                self.judge(hidden.unwrap_or(error), &identity)
            }
        }
    }

    /// A verdict on a certificate that was replaced in the meantime is none.
    fn judge(&self, error: LinkError, identity: &Arc<Identity>) -> Ended {
        if error.is_transient() || self.node.identity.is(identity) {
            return Ended::Lost(error);
        }
        Ended::Lost(LinkError::Unreachable { url: self.target.to_string(), reason: error.to_string() })
    }

    /// Connects and says hello. The outer error is the connection's, the inner one the call's.
    async fn open(&self, identity: &Identity) -> Result<Result<Open, tonic::Status>, LinkError> {
        let channel = link::connect(&self.target, identity).await?;
        let (up, queue) = mpsc::channel(SESSION_QUEUE_MESSAGES);
        let changes = self.node.supervisor.board().subscribe();
        let mut client = AgentServiceClient::new(channel.clone());
        let calling = async {
            let told = self.say_hello(&up).await?;
            let down = client.session(ReceiverStream::new(queue)).await?.into_inner();
            Ok(Open { channel, up, down, changes, told, heartbeats: Heartbeats::new() })
        };
        Ok(calling.await)
    }

    async fn serve(
        &self,
        mut open: Open,
        identity: &Arc<Identity>,
        previous: &mut Option<Previous>,
        stop: &CancellationToken,
    ) -> Result<Ended, tonic::Status> {
        loop {
            tokio::select! {
                () = stop.cancelled() => {
                    self.say_goodbye(open).await;
                    return Ok(Ended::Stopped);
                }
                message = open.down.message() => match message?.map(|message| message.message) {
                    Some(Some(Down::Welcome(welcome))) => match self.enter(&mut open, &welcome) {
                        Ok(()) => *previous = None,
                        Err(()) => return Ok(Ended::Twin { controller_id: welcome.controller_id }),
                    },
                    Some(Some(Down::Desired(desired))) => {
                        let answer = self.node.orders.accept(desired, &self.node.supervisor).await?;
                        send(&open.up, answer).await?;
                    }
                    Some(Some(Down::Renew(_))) => self.node.renew.notify_one(),
                    Some(Some(Down::ReadOutput(asked))) => {
                        send(&open.up, output(&self.node.supervisor, &asked)).await?;
                    }
                    // From a newer controller; what this agent must know is in the fields it knows.
                    Some(None) => {}
                    None => return Err(tonic::Status::unavailable("the controller ended the session")),
                },
                () = next_version(&mut open.changes) => self.report(&mut open).await?,
                () = open.heartbeats.due() => {
                    let message = open.heartbeats.measure(&self.node).await;
                    send(&open.up, message).await?;
                }
                () = self.node.identity.replaced(identity) => {
                    return Ok(Ended::Renewed(Previous { _up: open.up, _down: open.down }));
                }
            }
        }
    }
}

//! The data path: requests come down one stream, each goes to its replica's worker, events go up.

mod active;
mod run;

use std::sync::Arc;
use std::time::Duration;

use cloister_proto::agent::v1::agent_service_client::AgentServiceClient;
use cloister_proto::agent::v1::inference_down::Message as Down;
use cloister_proto::agent::v1::inference_up::Message as Up;
use cloister_proto::agent::v1::{InferenceDown, InferenceUp, RunFailed};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::backoff::Backoff;
use crate::channel::ControllerChannel;
use crate::limits::{MESSAGE_MAX_BYTES, TUNNEL_QUEUE_EVENTS};
use crate::supervisor::Workers;
use crate::work::{Timing, Work};
use active::{Active, Admission};

/// A tunnel that lasted this long was sound: the wait before the next one starts anew.
const SOUND_AFTER: Duration = Duration::from_secs(10);
/// How often a tunnel that is to be replaced is looked at for being idle.
const IDLE_CHECK: Duration = Duration::from_millis(250);

/// Carries inferences while there is a session.
pub(crate) struct Tunnel {
    pub(crate) controller: ControllerChannel,
    pub(crate) workers: Arc<Workers>,
    pub(crate) work: Arc<Work>,
}

impl Tunnel {
    /// Opens the tunnel whenever there is a connection, until told to stop.
    ///
    /// A newer connection (the node's certificate was renewed) is moved to between requests, not under them: the
    /// controller keeps one tunnel per node, and opening the next one ends what runs in this one.
    pub(crate) async fn run(mut self, stop: &CancellationToken) {
        let mut backoff = Backoff::reconnect();
        loop {
            let channel = tokio::select! {
                () = stop.cancelled() => return,
                channel = self.controller.connected() => channel,
            };
            let Some(channel) = channel else { return };
            let began = Instant::now();
            let ended = tokio::select! {
                () = stop.cancelled() => return,
                ended = self.carry(channel) => ended,
            };
            let Err(status) = ended else { continue };
            if began.elapsed() >= SOUND_AFTER {
                backoff.reset();
            }
            let wait = backoff.next_wait();
            tracing::warn!(
                retry_in_ms = wait.as_millis(),
                "the inference stream ended: {}",
                status.message()
            );
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Carries requests until the stream ends, which is an error, or until it is idle and there is a newer
    /// connection. Every sequence that still runs is then cancelled: nobody listens any more.
    async fn carry(&mut self, channel: Channel) -> Result<(), tonic::Status> {
        let (up, queue) = mpsc::channel(TUNNEL_QUEUE_EVENTS);
        // The first message announces the stream; without it the controller would not see the call at all.
        up.try_send(InferenceUp::default())
            .map_err(|_| tonic::Status::internal("no room for the first message"))?;
        let mut client = AgentServiceClient::new(channel)
            .max_decoding_message_size(MESSAGE_MAX_BYTES)
            .max_encoding_message_size(MESSAGE_MAX_BYTES);
        let mut down = client.inference(ReceiverStream::new(queue)).await?.into_inner();
        let active = Active::default();
        let mut newer = false;
        loop {
            if newer && active.is_empty() {
                return Ok(());
            }
            tokio::select! {
                message = down.message() => match message? {
                    Some(message) => self.handle(message, &active, &up).await,
                    None => return Err(tonic::Status::unavailable("the controller ended it")),
                },
                () = self.controller.replaced(), if !newer => newer = true,
                () = tokio::time::sleep(IDLE_CHECK), if newer => {}
            }
        }
    }

    async fn handle(&self, message: InferenceDown, active: &Active, up: &mpsc::Sender<InferenceUp>) {
        let id = message.request_id;
        match message.message {
            Some(Down::Run(run)) => match active.admit(&id) {
                Admission::Admitted(ticket) => {
                    let (workers, timing) =
                        (Arc::clone(&self.workers), Timing::begin(Arc::clone(&self.work)));
                    tokio::spawn(run::run(id, run, workers, up.clone(), ticket, timing));
                }
                Admission::Refused(code, reason) => fail(up, id, code, reason.to_owned()).await,
            },
            Some(Down::Cancel(_)) => active.cancel(&id),
            None => {}
        }
    }
}

async fn fail(up: &mpsc::Sender<InferenceUp>, request_id: String, code: tonic::Code, message: String) {
    let failed = RunFailed { code: code.into(), message };
    // A closed queue means that the tunnel is gone, and with it whoever asked.
    let _ = up.send(InferenceUp { request_id, message: Some(Up::Failed(failed)) }).await;
}

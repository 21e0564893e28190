//! The data path to one node: requests down, events up, many at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloister_gateway::RunFailed;
use cloister_proto::agent::v1::{
    Cancel, InferenceDown, InferenceUp, RunOnReplica, inference_down, inference_up,
};
use cloister_proto::worker::v1::{RunEvent, RunRequest, run_event};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::limits::{EVENTS_BESIDE_TOKENS, EVENTS_PER_INFERENCE_MAX, INFERENCES_PER_NODE_MAX};

pub(super) type Event = Result<RunEvent, RunFailed>;
type Down = Result<InferenceDown, Status>;

/// The run and the cancel of every inference that may be in flight.
const DOWN_QUEUE: usize = INFERENCES_PER_NODE_MAX * 2;

/// One node's stream, as long as it lasts.
pub(super) struct Tunnel {
    down: mpsc::Sender<Down>,
    pending: Mutex<HashMap<String, mpsc::Sender<Event>>>,
    pub(super) ended: CancellationToken,
}

/// Why a request did not get onto the tunnel.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SendError {
    Ended,
    Saturated,
}

impl Tunnel {
    pub(super) fn open() -> (Arc<Self>, mpsc::Receiver<Down>) {
        let (down, messages) = mpsc::channel(DOWN_QUEUE);
        let tunnel = Self { down, pending: Mutex::default(), ended: CancellationToken::new() };
        (Arc::new(tunnel), messages)
    }

    /// Sends a request down; what comes back arrives at [`Running`], whose drop cancels it.
    pub(super) fn run(self: &Arc<Self>, replica_id: &str, request: RunRequest) -> Result<Running, SendError> {
        let request_id = request.request_id.clone();
        // Room for both messages is taken now, so that a cancel can never be lost to a full queue.
        let (run, cancel) = (self.reserve()?, self.reserve()?);
        let events = self.expect_events(&request)?;
        let message = RunOnReplica { replica_id: replica_id.to_owned(), request: Some(request) };
        run.send(Ok(down(&request_id, inference_down::Message::Run(message))));
        Ok(Running { request_id, events, cancel: Some(cancel), tunnel: Arc::clone(self) })
    }

    fn reserve(&self) -> Result<mpsc::OwnedPermit<Down>, SendError> {
        self.down.clone().try_reserve_owned().map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => SendError::Saturated,
            mpsc::error::TrySendError::Closed(_) => SendError::Ended,
        })
    }

    fn expect_events(&self, request: &RunRequest) -> Result<mpsc::Receiver<Event>, SendError> {
        let max_tokens = request.decode.as_ref().and_then(|d| d.max_tokens).unwrap_or(u32::MAX) as usize;
        let room = max_tokens.saturating_add(EVENTS_BESIDE_TOKENS).min(EVENTS_PER_INFERENCE_MAX);
        let (events, receiver) = mpsc::channel(room);
        let mut pending = self.pending();
        // Under the lock that `end` takes: a request is either refused here or failed there.
        if self.ended.is_cancelled() {
            return Err(SendError::Ended);
        }
        if pending.len() >= INFERENCES_PER_NODE_MAX || pending.contains_key(&request.request_id) {
            return Err(SendError::Saturated);
        }
        pending.insert(request.request_id.clone(), events);
        Ok(receiver)
    }

    /// Takes what the agent sent to whom it concerns. Events of requests that are gone are dropped:
    /// they crossed with the cancel.
    pub(super) fn receive(&self, up: InferenceUp) {
        let Some(message) = up.message else { return };
        let event = match message {
            inference_up::Message::Event(event) => Ok(event),
            inference_up::Message::Failed(failed) => Err(run_failed(failed)),
        };
        let last = is_last(&event);
        let mut pending = self.pending();
        let Some(events) = pending.get(&up.request_id) else { return };
        // Never waits: one slow reader must not delay the others on this stream.
        let overflowed = matches!(events.try_send(event), Err(mpsc::error::TrySendError::Full(_)));
        if last || overflowed {
            pending.remove(&up.request_id);
        }
    }

    /// Fails everything in flight; the tunnel takes no more.
    pub(super) fn end(&self) {
        let mut pending = self.pending();
        self.ended.cancel();
        for (_, events) in pending.drain() {
            // Full or abandoned: then its reader learns it from the end of the channel.
            let _ = events.try_send(Err(lost()));
        }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.pending().len()
    }

    fn pending(&self) -> MutexGuard<'_, HashMap<String, mpsc::Sender<Event>>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request in flight. Dropping it before it ended cancels it on the node.
pub(super) struct Running {
    request_id: String,
    events: mpsc::Receiver<Event>,
    /// Taken when the node has ended the request by itself, or has been told to.
    cancel: Option<mpsc::OwnedPermit<Down>>,
    tunnel: Arc<Tunnel>,
}

impl Running {
    /// The next event; `None` after the last. A lost tunnel, and a reader so slow that its buffer
    /// overflowed, end in an error.
    pub(super) async fn next(&mut self) -> Option<Event> {
        self.cancel.as_ref()?;
        match self.events.recv().await {
            Some(event) => {
                if is_last(&event) {
                    self.cancel = None;
                }
                Some(event)
            }
            None if self.tunnel.ended.is_cancelled() => {
                self.cancel = None;
                Some(Err(lost()))
            }
            None => {
                self.send_cancel();
                Some(Err(overflow()))
            }
        }
    }

    fn send_cancel(&mut self) {
        if let Some(cancel) = self.cancel.take() {
            cancel.send(Ok(down(&self.request_id, inference_down::Message::Cancel(Cancel {}))));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tunnel.pending().remove(&self.request_id);
        self.send_cancel();
    }
}

fn is_last(event: &Event) -> bool {
    event.as_ref().map_or(true, |event| matches!(event.event, Some(run_event::Event::Finished(_))))
}

fn down(request_id: &str, message: inference_down::Message) -> InferenceDown {
    InferenceDown { request_id: request_id.to_owned(), message: Some(message) }
}

fn run_failed(failed: cloister_proto::agent::v1::RunFailed) -> RunFailed {
    RunFailed { code: tonic::Code::from_i32(failed.code), message: failed.message }
}

fn lost() -> RunFailed {
    RunFailed { code: tonic::Code::Aborted, message: "the connection to the node was lost; ask again".into() }
}

fn overflow() -> RunFailed {
    RunFailed {
        code: tonic::Code::ResourceExhausted,
        message: "the answer was not read as fast as it was decoded; ask again and read it as it comes"
            .into(),
    }
}

#[cfg(test)]
mod tests;

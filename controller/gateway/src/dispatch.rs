//! The wall between the front door and the fleet: how a request reaches a replica. The gateway knows
//! nothing of connections, agents or nodes beyond this.

use std::pin::Pin;

use cloister_proto::worker::v1::{RunEvent, RunRequest};
use futures_util::Stream;

use crate::routes::ReplicaRoute;

/// What a replica answers, as it answers it. Dropping the stream cancels the sequence.
///
/// A call that went well ends with `RunEvent::finished`; an `Err` is the last item. A stream that
/// ends with neither is taken for a replica that died.
pub type RunStream = Pin<Box<dyn Stream<Item = Result<RunEvent, RunFailed>> + Send>>;

/// Carries requests to replicas.
pub trait Dispatcher: Send + Sync + 'static {
    /// Sends `request` to `replica` and returns at once; what the replica says of it, refusals
    /// included, comes over the stream.
    ///
    /// # Errors
    /// The request did not leave this process.
    fn dispatch(&self, replica: &ReplicaRoute, request: RunRequest) -> Result<RunStream, DispatchError>;
}

/// Why a request could not be sent. Another replica may be tried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DispatchError {
    #[error("node {node_id} is not connected")]
    NotConnected { node_id: String },
    #[error("the connection to node {node_id} is saturated")]
    Saturated { node_id: String },
}

/// How a replica, or the way to it, ended a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({code:?})")]
pub struct RunFailed {
    /// As `WorkerService.Run` defines them; `Unavailable` also when the connection broke.
    pub code: tonic::Code,
    /// What happened and what to do; never a prompt's text.
    pub message: String,
}

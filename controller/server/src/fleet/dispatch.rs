//! What the gateway dispatches through: requests go to replicas over their nodes' tunnels.

use cloister_gateway::{DispatchError, Dispatcher, ReplicaRoute, RunStream};
use cloister_proto::worker::v1::RunRequest;

use super::FleetHandle;
use super::tunnel::{Running, SendError};

impl Dispatcher for FleetHandle {
    fn dispatch(&self, replica: &ReplicaRoute, request: RunRequest) -> Result<RunStream, DispatchError> {
        let node_id = || replica.node_id.clone();
        let tunnel = self
            .shared
            .sessions
            .tunnel(&replica.node_id)
            .ok_or_else(|| DispatchError::NotConnected { node_id: node_id() })?;
        let running = tunnel.run(&replica.replica_id, request).map_err(|error| match error {
            SendError::Ended => DispatchError::NotConnected { node_id: node_id() },
            SendError::Saturated => DispatchError::Saturated { node_id: node_id() },
        })?;
        Ok(Box::pin(futures_util::stream::unfold(running, next_event)))
    }
}

async fn next_event(mut running: Running) -> Option<(super::tunnel::Event, Running)> {
    let event = running.next().await?;
    Some((event, running))
}

//! What is said over an open session.

use std::sync::Arc;

use cloister_proto::agent::v1::agent_message::Message as Up;
use cloister_proto::agent::v1::{AgentMessage, ControllerMessage, Hello, Welcome};
use tokio::sync::{mpsc, watch};
use tonic::Streaming;
use tonic::transport::Channel;

use super::Session;
use super::heartbeat::{self, Heartbeats};
use crate::limits::GOODBYE_TIMEOUT;

/// An open session, welcomed or about to be.
pub(super) struct Open {
    pub(super) channel: Channel,
    pub(super) up: mpsc::Sender<AgentMessage>,
    pub(super) down: Streaming<ControllerMessage>,
    pub(super) changes: watch::Receiver<u64>,
    /// Up to which change of the board it was told.
    pub(super) told: u64,
    pub(super) heartbeats: Heartbeats,
}

impl Session {
    /// Queues the first message; returns up to which change of the board it tells.
    pub(super) async fn say_hello(&self, up: &mpsc::Sender<AgentMessage>) -> Result<u64, tonic::Status> {
        let (told, replicas) = self.node.supervisor.board().changed_since(0);
        let (surveyor, own_bytes) = (Arc::clone(&self.node.surveyor), self.node.supervisor.resident_bytes());
        let inventory = heartbeat::measure(move || surveyor.inventory(own_bytes)).await?;
        let hello = Hello {
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            boot_id: self.node.boot_id.clone(),
            generation: self.node.orders.current(),
            inventory: Some(inventory),
            replicas,
            answers_read_output: true,
        };
        send(up, Up::Hello(hello)).await?;
        Ok(told)
    }

    /// The session stands. An error: it stands under another address already.
    pub(super) fn enter(&self, open: &mut Open, welcome: &Welcome) -> Result<(), ()> {
        let Welcome { node_id, fleet_id, heartbeat_interval_ms, controller_id } = welcome;
        let controllers = &self.node.controllers;
        if let Err(other) = controllers.enter(&self.target, open.channel.clone(), controller_id, open.told) {
            tracing::info!("the controller at {} is already linked as {other}", self.target);
            return Err(());
        }
        tracing::info!(node = node_id, fleet = fleet_id, controller = %self.target, "connected");
        open.heartbeats.every(*heartbeat_interval_ms);
        self.channel.publish(Some(open.channel.clone()));
        Ok(())
    }

    pub(super) async fn report(&self, open: &mut Open) -> Result<(), tonic::Status> {
        let (version, changed) = self.node.supervisor.board().changed_since(open.told);
        for status in changed {
            send(&open.up, Up::Replica(status)).await?;
        }
        open.told = version;
        self.node.controllers.told(&self.target, version);
        Ok(())
    }

    /// Ends the session so that everything that was said arrives.
    pub(super) async fn say_goodbye(&self, mut open: Open) {
        let goodbye = async {
            self.report(&mut open).await?;
            drop(open.up);
            while open.down.message().await?.is_some() {}
            Ok::<_, tonic::Status>(())
        };
        // A controller that does not end its side learns from the closed connection.
        let _ = tokio::time::timeout(GOODBYE_TIMEOUT, goodbye).await;
        self.node.controllers.leave(&self.target);
    }
}

pub(super) async fn send(up: &mpsc::Sender<AgentMessage>, message: Up) -> Result<(), tonic::Status> {
    let message = AgentMessage { message: Some(message) };
    up.send(message).await.map_err(|_| tonic::Status::unavailable("the session was closed"))
}

pub(super) async fn next_version(changes: &mut watch::Receiver<u64>) {
    if changes.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

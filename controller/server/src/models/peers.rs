//! Every controller keeps every model. One that lacks a model (it is new, or another one imported it) fetches
//! the files from a peer, checks each against the digest that the store holds, and moves them into place whole.

mod fetch;

use std::collections::HashSet;
use std::sync::Arc;

use cloister_store::{Model, StoreError};
use tokio_util::sync::CancellationToken;

use super::ModelFolder;
use crate::fleet::{FleetCa, FleetHandle};
use crate::limits::PEER_FETCH_INTERVAL;
use fetch::{FetchError, Peer};

/// What is needed to find the peers and to be let in by them.
pub struct PeerAccess {
    pub ca: Arc<FleetCa>,
    pub fleet_id: String,
    /// This controller's own id in the register of controllers.
    pub controller_id: String,
    /// The name in every controller's certificate.
    pub host: String,
}

/// Keeps this controller's models complete.
pub struct PeerModels {
    fleet: FleetHandle,
    folder: ModelFolder,
    access: PeerAccess,
    /// Models that the store listed at the last turn: what was listed and is no longer has been removed.
    listed: HashSet<String>,
}

impl PeerModels {
    pub fn new(fleet: FleetHandle, folder: ModelFolder, access: PeerAccess) -> Self {
        Self { fleet, folder, access, listed: HashSet::new() }
    }

    /// Looks at every change of the fleet, and now and then without one, until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut changes = self.fleet.shared.subscribe();
        while !stop.is_cancelled() {
            changes.mark_unchanged();
            tokio::select! {
                turn = self.turn() => {
                    if let Err(error) = turn {
                        tracing::warn!(%error, "the models of this controller could not be compared with the store");
                    }
                }
                () = stop.cancelled() => return,
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = tokio::time::sleep(PEER_FETCH_INTERVAL) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    async fn turn(&mut self) -> Result<(), StoreError> {
        let models = self.fleet.shared.store.models().await?;
        let listed: HashSet<String> = models.iter().map(|model| model.digest.clone()).collect();
        for digest in self.listed.difference(&listed) {
            self.forget(digest.clone()).await;
        }
        self.listed = listed;
        for model in models {
            if !self.has(&model.digest).await {
                self.gather(&model).await?;
            }
        }
        Ok(())
    }

    async fn has(&self, digest: &str) -> bool {
        let (folder, digest) = (self.folder.clone(), digest.to_owned());
        tokio::task::spawn_blocking(move || folder.has(&digest)).await.unwrap_or(true)
    }

    async fn forget(&self, digest: String) {
        let folder = self.folder.clone();
        let removed = tokio::task::spawn_blocking(move || folder.remove(&digest)).await;
        if let Ok(Err(error)) = removed {
            tracing::warn!(%error, "a removed model's files stay until the next start");
        }
    }

    /// From the first peer that has it.
    async fn gather(&self, model: &Model) -> Result<(), StoreError> {
        for controller in self.fleet.shared.store.controllers().await? {
            let another = controller.living && controller.id != self.access.controller_id;
            let Some(address) = controller.address.filter(|_| another) else { continue };
            match self.gather_from(&address, model).await {
                Ok(()) => {
                    tracing::info!(model = %model.name, peer = %address, "model fetched from another controller");
                    // Nodes may be waiting for it.
                    self.fleet.wake();
                    return Ok(());
                }
                Err(FetchError::NotThere) => {}
                Err(error) => {
                    tracing::warn!(model = %model.name, peer = %address, %error, "a peer could not send a model");
                }
            }
        }
        Ok(())
    }

    async fn gather_from(&self, address: &str, model: &Model) -> Result<(), FetchError> {
        let peer = Peer::connect(address, &self.access).await?;
        let into = self.folder.arriving(&model.digest)?;
        peer.fetch(model, &into).await?;
        let (folder, model) = (self.folder.clone(), model.clone());
        let kept = tokio::task::spawn_blocking(move || {
            let names: Vec<&str> = model.files.iter().map(|file| file.name.as_str()).collect();
            folder.keep(&model.digest, &into, &names).map(drop)
        });
        kept.await.map_err(|_| FetchError::Stopped)?.map_err(FetchError::from)
    }
}

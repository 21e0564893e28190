//! What every operation works with.

use std::sync::Arc;

use cloister_ledger::LedgerHandle;
use cloister_store::Store;

use super::denials::Denials;
use crate::fleet::FleetHandle;
use crate::models::{ModelFolder, Uploads};

/// Cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    shared: Arc<Shared>,
}

struct Shared {
    fleet_name: String,
    store: Store,
    ledger: LedgerHandle,
    fleet: FleetHandle,
    uploads: Uploads,
    models: ModelFolder,
    denials: Denials,
}

impl ApiState {
    pub fn new(
        fleet_name: String,
        store: Store,
        ledger: LedgerHandle,
        fleet: FleetHandle,
        (uploads, models): (Uploads, ModelFolder),
    ) -> Self {
        let denials = Denials::new(std::time::Instant::now());
        let shared = Shared { fleet_name, store, ledger, fleet, uploads, models, denials };
        Self { shared: Arc::new(shared) }
    }

    pub(crate) fn fleet_name(&self) -> &str {
        &self.shared.fleet_name
    }
    pub(crate) fn store(&self) -> &Store {
        &self.shared.store
    }
    pub(crate) fn ledger(&self) -> &LedgerHandle {
        &self.shared.ledger
    }
    pub(crate) fn fleet(&self) -> &FleetHandle {
        &self.shared.fleet
    }
    pub(crate) fn uploads(&self) -> &Uploads {
        &self.shared.uploads
    }
    pub(crate) fn models(&self) -> &ModelFolder {
        &self.shared.models
    }
    pub(crate) fn denials(&self) -> &Denials {
        &self.shared.denials
    }
}

//! What every operation works with.

use std::sync::Arc;

use cloister_api::OptionInForce;
use cloister_ledger::LedgerHandle;
use cloister_store::Store;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::auth::SessionSettings;
use super::denials::Denials;
use super::events::Events;
use super::passwords::Passwords;
use super::second_factors::SecondFactors;
use crate::fleet::FleetHandle;
use crate::imports::Imports;
use crate::models::{ModelFolder, Uploads};
use crate::oidc::Oidc;
use crate::sources::SourceSettings;

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
    sources: SourceSettings,
    imports: Imports,
    denials: Denials,
    events: Events,
    sessions: SessionSettings,
    passwords: Passwords,
    second_factors: SecondFactors,
    oidc: Oidc,
    options: Vec<OptionInForce>,
    started_at: Timestamp,
}

/// What follows from the options.
#[derive(Default)]
pub struct ApiSettings {
    pub sources: SourceSettings,
    pub sessions: SessionSettings,
    pub oidc: Oidc,
    /// The options themselves, for people.
    pub options: Vec<OptionInForce>,
}

impl ApiState {
    pub fn new(
        fleet_name: String,
        store: Store,
        ledger: LedgerHandle,
        fleet: FleetHandle,
        (uploads, models): (Uploads, ModelFolder),
        settings: ApiSettings,
    ) -> Self {
        let ApiSettings { sources, sessions, oidc, options } = settings;
        let denials = Denials::new(std::time::Instant::now());
        let imports = Imports::new();
        let passwords = Passwords::new();
        let second_factors = SecondFactors::new(&fleet);
        let shared = Shared {
            fleet_name,
            store,
            ledger,
            fleet,
            uploads,
            models,
            sources,
            imports,
            denials,
            events: Events::new(),
            sessions,
            passwords,
            second_factors,
            oidc,
            options,
            started_at: Timestamp::now(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Waits for `stop`, then ends the imports that are under way. What is being committed then is
    /// committed first: the ledger must not be closed before this returns.
    pub(crate) async fn end_imports_at(self, stop: CancellationToken) {
        stop.cancelled().await;
        self.shared.imports.close().await;
    }

    /// Ends all streams of events: they have no end of their own.
    pub(crate) fn end_streams(&self) {
        self.shared.events.end();
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
    pub(crate) fn sources(&self) -> &SourceSettings {
        &self.shared.sources
    }
    pub(crate) fn imports(&self) -> &Imports {
        &self.shared.imports
    }
    pub(crate) fn sessions(&self) -> &SessionSettings {
        &self.shared.sessions
    }
    pub(crate) fn passwords(&self) -> &Passwords {
        &self.shared.passwords
    }
    pub(super) fn second_factors(&self) -> &SecondFactors {
        &self.shared.second_factors
    }
    pub(crate) fn oidc(&self) -> &Oidc {
        &self.shared.oidc
    }
    pub(crate) fn options(&self) -> &[OptionInForce] {
        &self.shared.options
    }
    pub(crate) fn started_at(&self) -> Timestamp {
        self.shared.started_at
    }
    pub(super) fn events(&self) -> &Events {
        &self.shared.events
    }
    pub(crate) fn denials(&self) -> &Denials {
        &self.shared.denials
    }
}

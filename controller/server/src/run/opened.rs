//! What a controller works with: opened in order, before anybody can reach it.

use std::sync::Arc;

use cloister_gateway::{Gateway, Routes};
use cloister_ledger::{Ledger, LedgerHandle, LedgerOptions, LedgerTask};
use cloister_store::{Store, StoreError};
use prometheus_client::registry::Registry;
use tokio::sync::watch;

use super::kubernetes::InCluster;
use super::leadership::Leadership;
use super::servers::{Apis, Listeners, Servers};
use super::{RunError, first_start, health};
use crate::api::{ApiSettings, ApiState, SessionSettings};
use crate::data_dir::DataDir;
use crate::fleet::{FleetCa, FleetHandle, FleetParts, FleetSettings, NodeAttestor};
use crate::limits::UPLOAD_QUOTA_DEFAULT_BYTES;
use crate::metrics;
use crate::models::{self, ModelFolder};
use crate::oidc::{Oidc, OidcError, OidcFile};
use crate::options::Options;
use crate::sources::SourceSettings;

pub(super) struct Opened {
    pub(super) data: DataDir,
    pub(super) store: Store,
    pub(super) ledger: LedgerHandle,
    pub(super) ca: Arc<FleetCa>,
    pub(super) fleet_id: String,
    pub(super) fleet: FleetHandle,
    pub(super) models: ModelFolder,
    pub(super) admin: ApiState,
    pub(super) cluster: Option<InCluster>,
}

impl Opened {
    /// `agents_url`: where agents are told to connect. `attestor` vouches for agents that come with a ServiceAccount
    /// token, in place of the cluster.
    pub(super) async fn open(
        options: &Options,
        agents_url: String,
        attestor: Option<Arc<dyn NodeAttestor>>,
    ) -> Result<(Self, LedgerTask), RunError> {
        let oidc = open_oidc(options)?;
        let data = DataDir::open(&options.data)?;
        let store = open_store(options, &data).await?;
        let cluster = InCluster::connect(options).await?;
        if let Some(cluster) = &cluster {
            cluster.settle_identity(&data, &store, &options.fleet_name).await?;
        }
        let ca = Arc::new(FleetCa::open(&data, &options.fleet_name)?);
        let (ledger, ledger_task) = open_ledger(options, &data, &store).await?;
        let fleet_id = first_start::ensure_fleet(options, &data, &store, &ledger).await?;
        let fleet = FleetHandle::new(FleetParts {
            fleet_id: fleet_id.clone(),
            ca: Arc::clone(&ca),
            agents_url,
            store: store.clone(),
            ledger: ledger.clone(),
            data: data.clone(),
            settings: FleetSettings::from(options),
            attestor: attestor.or_else(|| cluster.as_ref().map(InCluster::attestor)),
        });
        let (uploads, models) = models::open(&data, &store, UPLOAD_QUOTA_DEFAULT_BYTES).await?;
        let name = first_start::fleet_name(&store).await?;
        let kept = (uploads, models.clone());
        let settings = api_settings(options, oidc);
        let admin = ApiState::new(name, store.clone(), ledger.clone(), fleet.clone(), kept, settings);
        Ok((Self { data, store, ledger, ca, fleet_id, fleet, models, admin, cluster }, ledger_task))
    }

    /// From here on callers and agents get in.
    pub(super) fn serve(
        &self,
        listeners: Listeners,
        options: &Options,
        routes: watch::Receiver<Arc<Routes>>,
    ) -> Result<(Gateway, Servers), RunError> {
        let (fleet, ledger) = (&self.fleet, &self.ledger);
        let mut registry = Registry::default();
        metrics::register(&mut registry, fleet.clone(), ledger.clone());
        if let Some(cluster) = &self.cluster {
            cluster.register_metrics(&mut registry);
        }
        let dispatcher = Arc::new(fleet.clone());
        let gateway_options = cloister_gateway::Options::default();
        let gateway = Gateway::new(gateway_options, routes, dispatcher, ledger.clone(), &mut registry);
        let health = health::Health::new(self.store.clone(), ledger.clone(), fleet.clone(), registry);
        let apis = Apis { gateway: gateway.clone(), fleet: fleet.clone(), admin: self.admin.clone(), health };
        Ok((gateway, Servers::start(listeners, options, &self.ca, apis)?))
    }

    pub(super) fn leadership(&self) -> Leadership {
        match &self.cluster {
            Some(cluster) => cluster.leadership(self.ledger.controller_id()),
            None => Leadership::by_database(&self.store),
        }
    }
}

fn api_settings(options: &Options, oidc: Oidc) -> ApiSettings {
    ApiSettings {
        sources: SourceSettings::new(&options.sources),
        sessions: SessionSettings::from(options),
        oidc,
        options: options.in_force.clone(),
    }
}

async fn open_store(options: &Options, data: &DataDir) -> Result<Store, StoreError> {
    match &options.database {
        Some(url) => Store::open(url).await,
        None => Store::open(&format!("sqlite://{}", data.database().display())).await,
    }
}

async fn open_ledger(
    options: &Options,
    data: &DataDir,
    store: &Store,
) -> Result<(LedgerHandle, LedgerTask), RunError> {
    let origin = first_start::log_origin(data, store).await?;
    let key = cloister_ledger::load_or_create_log_key(&data.audit_key(), &origin).await?;
    let ledger_options = LedgerOptions { address: options.advertise.clone(), ..LedgerOptions::default() };
    Ok(Ledger::start(store.clone(), key, ledger_options).await?)
}

fn open_oidc(options: &Options) -> Result<Oidc, OidcError> {
    match &options.oidc {
        Some(path) => Oidc::new(OidcFile::read(path)?),
        None => Ok(Oidc::default()),
    }
}

impl From<&Options> for SessionSettings {
    fn from(options: &Options) -> Self {
        Self {
            idle: options.session_idle,
            lifetime: options.session_lifetime,
            tls: options.serves_tls(),
            second_factor_required: options.require_second_factor,
        }
    }
}

impl From<&Options> for FleetSettings {
    fn from(options: &Options) -> Self {
        Self {
            node_certificate_lifetime: options.node_certificate_lifetime,
            heartbeat_interval: options.heartbeat_interval,
            unreachable_grace: options.unreachable_grace,
        }
    }
}

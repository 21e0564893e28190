//! Starts every part of the controller, in order, and stops them in order.

mod endpoints;
mod first_start;
mod follow;
mod health;
#[cfg(feature = "kubernetes")]
mod kubernetes;
#[cfg(not(feature = "kubernetes"))]
#[path = "run/no_kubernetes.rs"]
mod kubernetes;
mod leadership;
mod servers;
mod unread_body;

use std::sync::Arc;

use cloister_gateway::Gateway;
use cloister_ledger::{KeyFileError, Ledger, LedgerHandle, LedgerOptions, LedgerTask, StartError};
use cloister_store::{Store, StoreError};
use prometheus_client::registry::Registry;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use endpoints::Endpoints;
pub use first_start::FirstStartError;

use crate::api::{ApiSettings, ApiState, SessionSettings};
use crate::data_dir::{DataDir, DataDirError};
use crate::fleet::{
    CaError, EventKeeper, FleetCa, FleetHandle, FleetParts, FleetSettings, NodeAttestor, RouteTable,
};
use crate::history::History;
use crate::limits::{DRAIN_TIMEOUT, UPLOAD_QUOTA_DEFAULT_BYTES};
use crate::listen::{BindError, TlsError};
use crate::metrics;
use crate::models;
use crate::models::peers::{PeerAccess, PeerModels};
use crate::oidc::{Oidc, OidcError, OidcFile};
use crate::options::{Options, OptionsError};
use crate::reconcile::Reconciler;
use crate::sources::SourceSettings;
use kubernetes::InCluster;
pub use kubernetes::KubernetesError;
use leadership::Leadership;
use servers::{Listeners, Servers};

/// Why the controller did not start, or did not stop in good order.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Options(#[from] OptionsError),
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Oidc(#[from] OidcError),
    #[error(transparent)]
    Data(#[from] DataDirError),
    #[error(transparent)]
    Authority(#[from] CaError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Models(#[from] models::OpenError),
    #[error(transparent)]
    LogKey(#[from] KeyFileError),
    #[error(transparent)]
    Ledger(#[from] StartError),
    #[error(transparent)]
    FirstStart(#[from] FirstStartError),
    #[error(transparent)]
    Kubernetes(#[from] KubernetesError),
    #[error("a listening socket failed: {0}")]
    Socket(#[from] std::io::Error),
    #[error("the gRPC descriptions built into this program are damaged: {0}; install it anew")]
    Reflection(String),
    #[error("the last records could not be written: {0}; the next start closes what is open")]
    LastRecords(cloister_ledger::LedgerError),
}

/// A running controller.
pub struct Controller {
    endpoints: Endpoints,
    fleet: FleetHandle,
    gateway: Gateway,
    servers: Servers,
    leadership: Leadership,
    admin: ApiState,
    loops: Vec<JoinHandle<()>>,
    stop_loops: CancellationToken,
    ledger_task: LedgerTask,
    store: Store,
}

impl Controller {
    /// Opens everything and listens. When this returns, `endpoints.json` says where.
    ///
    /// # Errors
    /// [`RunError`], as a sentence with what to do.
    pub async fn start(options: Options) -> Result<Self, RunError> {
        Self::start_with(options, None).await
    }

    /// The same, where `attestor` vouches for agents that come with a ServiceAccount token.
    ///
    /// # Errors
    /// As [`Controller::start`].
    pub async fn start_with(
        options: Options,
        attestor: Option<Arc<dyn NodeAttestor>>,
    ) -> Result<Self, RunError> {
        options.validate()?;
        // Sockets first: the most common failure then leaves no trace.
        let listeners = Listeners::bind(&options).await?;
        let oidc = open_oidc(&options)?;
        let data = DataDir::open(&options.data)?;
        let store = open_store(&options, &data).await?;
        let cluster = InCluster::connect(&options).await?;
        if let Some(cluster) = &cluster {
            cluster.settle_identity(&data, &store, &options.fleet_name).await?;
        }
        let ca = Arc::new(FleetCa::open(&data, &options.fleet_name)?);
        let (ledger, ledger_task) = open_ledger(&options, &data, &store).await?;
        let fleet_id = first_start::ensure_fleet(&options, &data, &store, &ledger).await?;
        let endpoints = listeners.endpoints(&options)?;
        let fleet = FleetHandle::new(FleetParts {
            fleet_id: fleet_id.clone(),
            ca: Arc::clone(&ca),
            agents_url: format!("https://{}", endpoints.agents),
            store: store.clone(),
            ledger: ledger.clone(),
            data: data.clone(),
            settings: FleetSettings::from(&options),
            attestor: attestor.or_else(|| cluster.as_ref().map(InCluster::attestor)),
        });
        let (uploads, models) = models::open(&data, &store, UPLOAD_QUOTA_DEFAULT_BYTES).await?;
        let name = first_start::fleet_name(&store).await?;
        let sources = SourceSettings::new(&options.sources);
        let kept = (uploads, models.clone());
        let settings = ApiSettings {
            sources,
            sessions: SessionSettings::from(&options),
            oidc,
            options: options.in_force.clone(),
        };
        let admin = ApiState::new(name, store.clone(), ledger.clone(), fleet.clone(), kept, settings);

        let (table, routes) = RouteTable::new(fleet.clone());
        let mut registry = Registry::default();
        metrics::register(&mut registry, fleet.clone(), ledger.clone());
        if let Some(cluster) = &cluster {
            cluster.register_metrics(&mut registry);
        }
        let dispatcher = Arc::new(fleet.clone());
        let gateway_options = cloister_gateway::Options::default();
        let gateway = Gateway::new(gateway_options, routes, dispatcher, ledger.clone(), &mut registry);
        let health = health::Health::new(store.clone(), ledger.clone(), fleet.clone(), registry);
        let apis =
            servers::Apis { gateway: gateway.clone(), fleet: fleet.clone(), admin: admin.clone(), health };
        let servers = Servers::start(listeners, &options, &ca, apis)?;

        let leadership = match &cluster {
            Some(cluster) => cluster.leadership(ledger.controller_id()),
            None => Leadership::by_database(&store),
        };
        let access = PeerAccess {
            ca,
            fleet_id,
            controller_id: ledger.controller_id().to_owned(),
            host: options.agents_host(),
        };
        let stop_loops = CancellationToken::new();
        let reconciler = Reconciler::new(fleet.clone(), leadership.leading());
        let history = History::new(fleet.clone(), leadership.leading());
        let events = EventKeeper::new(fleet.clone(), leadership.leading());
        let peers = PeerModels::new(fleet.clone(), models, access);
        let mut loops = vec![
            tokio::spawn(reconciler.run(stop_loops.clone())),
            tokio::spawn(events.run(stop_loops.clone())),
            tokio::spawn(table.run(stop_loops.clone())),
            tokio::spawn(peers.run(stop_loops.clone())),
            tokio::spawn(history.run(stop_loops.clone())),
            tokio::spawn(ledger.clone().keep_searchable(stop_loops.clone())),
            tokio::spawn(follow::follow(store.clone(), fleet.clone(), stop_loops.clone())),
            tokio::spawn(admin.clone().end_imports_at(stop_loops.clone())),
            tokio::spawn(admin.clone().tell_changes(stop_loops.clone())),
        ];
        loops
            .extend(cluster.map(|cluster| {
                cluster.run_operator(admin.clone(), leadership.leading(), stop_loops.clone())
            }));
        endpoints.write(&data)?;
        Ok(Self {
            endpoints,
            fleet,
            gateway,
            servers,
            leadership,
            admin,
            loops,
            stop_loops,
            ledger_task,
            store,
        })
    }

    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    pub fn fleet(&self) -> &FleetHandle {
        &self.fleet
    }

    /// Stops in order: nothing new comes in, what runs may end, nodes are let go (they keep their
    /// replicas), and the record is closed last.
    ///
    /// # Errors
    /// The last records could not be written.
    pub async fn stop(mut self) -> Result<(), RunError> {
        self.servers.stop_accepting();
        self.admin.end_streams();
        self.gateway.drain(DRAIN_TIMEOUT).await;
        self.servers.stop_callers().await;
        self.fleet.close_sessions();
        self.servers.stop_agents().await;
        self.stop_loops.cancel();
        for task in self.loops {
            // A loop that panicked has said so; there is nothing more to wait for.
            let _ = task.await;
        }
        self.leadership.resign().await;
        let written = self.ledger_task.stop().await.map_err(RunError::LastRecords);
        self.store.close().await;
        written
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

/// Runs a controller until `stop`.
///
/// # Errors
/// [`RunError`].
pub async fn run(options: Options, stop: CancellationToken) -> Result<(), RunError> {
    let controller = Controller::start(options).await?;
    controller.endpoints().announce()?;
    stop.cancelled().await;
    tracing::info!("stopping; running inferences have {} s", DRAIN_TIMEOUT.as_secs());
    controller.stop().await
}

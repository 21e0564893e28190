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
mod loops;
mod opened;
mod servers;
mod unread_body;

use std::sync::Arc;

use cloister_gateway::Gateway;
use cloister_ledger::{KeyFileError, LedgerTask, StartError};
use cloister_store::{Store, StoreError};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use endpoints::Endpoints;
pub use first_start::FirstStartError;

use crate::api::ApiState;
use crate::data_dir::DataDirError;
use crate::fleet::{CaError, FleetHandle, NodeAttestor, RouteTable};
use crate::limits::DRAIN_TIMEOUT;
use crate::listen::{BindError, TlsError};
use crate::models;
use crate::oidc::OidcError;
use crate::options::{Options, OptionsError};
pub use kubernetes::KubernetesError;
use leadership::Leadership;
use loops::ByItself;
use opened::Opened;
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
        let endpoints = listeners.endpoints(&options)?;
        let agents_url = format!("https://{}", endpoints.agents);
        let (opened, ledger_task) = Opened::open(&options, agents_url, attestor).await?;
        let (table, routes) = RouteTable::new(opened.fleet.clone());
        let (gateway, servers) = opened.serve(listeners, &options, routes)?;
        let leadership = opened.leadership();
        let stop_loops = CancellationToken::new();
        let (data, store) = (opened.data.clone(), opened.store.clone());
        let (fleet, admin) = (opened.fleet.clone(), opened.admin.clone());
        let by_itself = ByItself { table, leading: leadership.leading(), host: options.agents_host() };
        let loops = by_itself.spawn(opened, &stop_loops);
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

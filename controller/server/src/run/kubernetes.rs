//! The controller in a Kubernetes cluster: where its identity is kept, who leads, who vouches for agents, and the
//! operator. What all of this means to Kubernetes only `cloister-operator` knows.

mod attestor;
mod identity;

use std::sync::Arc;

use cloister_operator::{
    Client, ConnectError, IdentityError, IdentitySecret, LeaderLease, Operator, OperatorMetrics,
    TokenReviewer,
};
use cloister_store::Store;
use prometheus_client::registry::Registry;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::leadership::Leadership;
use crate::api::ApiState;
use crate::data_dir::{DataDir, DataDirError};
use crate::fleet::{CaError, NodeAttestor};
use crate::options::{Installation, Options};
use attestor::ClusterAttestor;

#[derive(Debug, thiserror::Error)]
pub enum KubernetesError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Files(#[from] DataDirError),
    #[error(transparent)]
    Authority(#[from] CaError),
    #[error(transparent)]
    LogKey(#[from] cloister_ledger::KeyFileError),
    #[error(transparent)]
    FirstStart(#[from] super::FirstStartError),
    #[error(
        "Secret {secret} is empty, and the database holds fleet {fleet}: restore the Secret from a backup. A new identity \
         would shut every node out and break the audit log in two"
    )]
    IdentityLost { secret: String, fleet: String },
    #[error(
        "the data volume holds the keys of another fleet than Secret {secret} (they differ in {file}); give the \
         controller the volume that belongs to the Secret, or an empty one"
    )]
    OtherFleet { secret: String, file: String },
}

/// The connection to the cluster.
pub(super) struct InCluster {
    client: Client,
    installation: Installation,
    metrics: OperatorMetrics,
}

impl InCluster {
    /// `None` outside of a cluster. Nothing is sent yet.
    pub(super) async fn connect(options: &Options) -> Result<Option<Self>, KubernetesError> {
        let Some(installation) = options.kubernetes.installation() else { return Ok(None) };
        let metrics = OperatorMetrics::default();
        let client = cloister_operator::connect(&metrics).await?;
        Ok(Some(Self { client, installation, metrics }))
    }

    /// Brings the identity in the Secret and that in the data folder together, before anything else looks at
    /// either: the first of several controllers makes it, the others take it.
    pub(super) async fn settle_identity(
        &self,
        data: &DataDir,
        store: &Store,
        fleet_name: &str,
    ) -> Result<(), KubernetesError> {
        let name = self.installation.identity_secret();
        let secret = IdentitySecret::new(self.client.clone(), &self.installation.namespace, name.clone());
        identity::settle(&secret, &name, data, store, fleet_name).await?;
        let pem = crate::data_dir::read_optional(&data.ca_pem())?.unwrap_or_default();
        Ok(secret.publish_ca(&self.installation.ca_config_map(), &pem).await?)
    }

    pub(super) fn attestor(&self) -> Arc<dyn NodeAttestor> {
        let Installation { namespace, agent_service_account, .. } = &self.installation;
        let reviewer =
            TokenReviewer::new(self.client.clone(), namespace.clone(), agent_service_account.clone());
        Arc::new(ClusterAttestor { reviewer, namespace: namespace.clone() })
    }

    /// By the Lease, under a name that no other start of any controller has.
    pub(super) fn leadership(&self, controller_id: &str) -> Leadership {
        let Installation { namespace, pod, .. } = &self.installation;
        let identity = format!("{pod}_{controller_id}");
        let lease = LeaderLease::new(self.client.clone(), namespace, self.installation.lease(), identity);
        let (leading, seen) = watch::channel(false);
        let stop = CancellationToken::new();
        let task = tokio::spawn(lease.run(leading, stop.clone()));
        Leadership::by_lease(seen, task, stop)
    }

    pub(super) fn register_metrics(&self, registry: &mut Registry) {
        self.metrics.register(registry);
    }

    pub(super) fn run_operator(
        self,
        api: ApiState,
        leading: watch::Receiver<bool>,
        stop: CancellationToken,
    ) -> JoinHandle<()> {
        let Installation { namespace, pod, .. } = self.installation;
        let operator = Operator::new(self.client, namespace, pod, Arc::new(api), self.metrics);
        tokio::spawn(async move { operator.run_while_leading(leading, stop).await })
    }
}

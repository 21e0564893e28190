//! The way to the API server.

use kube::Client;
use kube::client::ClientBuilder;
use kube::config::{Config, InClusterError, KubeConfigOptions, KubeconfigError};

use crate::limits::REQUEST_TIMEOUT;
use crate::metrics::{CountRequests, OperatorMetrics};

/// The API server cannot be talked to.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// This program does not run in a pod, or the pod has no ServiceAccount token.
    #[error(
        "no ServiceAccount of a pod was found ({0}): run the controller in a pod whose ServiceAccount token is mounted, \
         or set KUBECONFIG"
    )]
    NotInCluster(#[from] InClusterError),
    /// `KUBECONFIG` names something that cannot be used.
    #[error("the file that KUBECONFIG names cannot be used: {0}")]
    Kubeconfig(#[from] KubeconfigError),
    /// No connection can be made of it.
    #[error("the connection to the API server cannot be prepared: {0}")]
    Client(#[from] kube::Error),
}

/// A client of the cluster that this pod runs in; with `KUBECONFIG` set, of the cluster that it names. The pod's token
/// is read again as it rotates. Every request is counted in `metrics`.
///
/// # Errors
/// [`ConnectError`]. Nothing is sent yet: an API server that does not answer shows later.
pub async fn connect(metrics: &OperatorMetrics) -> Result<Client, ConnectError> {
    let config = match std::env::var_os("KUBECONFIG") {
        Some(_) => Config::from_kubeconfig(&KubeConfigOptions::default()).await?,
        None => Config::incluster()?,
    };
    client(config, metrics)
}

/// A client of a given configuration, its requests counted in `metrics`.
///
/// # Errors
/// [`ConnectError::Client`].
pub fn client(mut config: Config, metrics: &OperatorMetrics) -> Result<Client, ConnectError> {
    config.connect_timeout = Some(REQUEST_TIMEOUT);
    config.write_timeout = Some(REQUEST_TIMEOUT);
    let builder = ClientBuilder::try_from(config)?;
    Ok(builder.with_layer(&CountRequests::new(metrics.clone())).build())
}

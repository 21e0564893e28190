//! Stands in for the cluster in a program that was built without the feature `kubernetes`: there is none.

use std::sync::Arc;

use cloister_store::Store;
use prometheus_client::registry::Registry;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::leadership::Leadership;
use crate::api::ApiState;
use crate::data_dir::DataDir;
use crate::fleet::NodeAttestor;
use crate::options::Options;

#[derive(Debug, thiserror::Error)]
pub enum KubernetesError {}

pub(super) enum InCluster {}

impl InCluster {
    #[allow(clippy::unused_async)]
    pub(super) async fn connect(_: &Options) -> Result<Option<Self>, KubernetesError> {
        Ok(None)
    }

    pub(super) async fn settle_identity(
        &self,
        _: &DataDir,
        _: &Store,
        _: &str,
    ) -> Result<(), KubernetesError> {
        match *self {}
    }

    pub(super) fn attestor(&self) -> Arc<dyn NodeAttestor> {
        match *self {}
    }

    pub(super) fn leadership(&self, _: &str) -> Leadership {
        match *self {}
    }

    pub(super) fn register_metrics(&self, _: &mut Registry) {
        match *self {}
    }

    pub(super) fn run_operator(
        self,
        _: ApiState,
        _: watch::Receiver<bool>,
        _: CancellationToken,
    ) -> JoinHandle<()> {
        match self {}
    }
}

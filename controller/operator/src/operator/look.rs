//! One look at everything.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::StreamExt as _;
use kube::{Resource, ResourceExt as _};

use super::events::Events;
use super::memory::Memory;
use super::watched::Watched;
use super::writer::{WriteError, Writer};
use super::{Operator, deployments, fleet_nodes, models, trust_policies};
use crate::decide::fleet_index::FleetIndex;
use crate::fleet_api::{FleetApi, FleetError, Origin};
use crate::limits::{CONCURRENT_OBJECTS_MAX, FLEET_CALL_TIMEOUT};

/// What settling one object works with.
pub(super) struct Look<'a> {
    pub(super) operator: &'a Operator,
    pub(super) watched: &'a Watched,
    pub(super) memory: &'a Memory,
    pub(super) events: &'a Events,
}

impl Look<'_> {
    pub(super) fn fleet(&self) -> &dyn FleetApi {
        self.operator.fleet.as_ref()
    }

    pub(super) fn now(&self) -> jiff::Timestamp {
        (self.operator.clock)()
    }

    pub(super) fn writer<K>(&self) -> Writer<'_, K>
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        Writer::new(self.operator.client.clone(), &self.operator.namespace, self.memory)
    }

    /// Settles every object, trust first: models wait for it, and deployments for models.
    ///
    /// # Errors
    /// If the fleet cannot be seen; then nothing was done.
    pub(super) async fn settle_all(&self) -> Result<(), FleetError> {
        let index = self.see().await?;
        let index = &index;
        self.each(self.watched.policies.state(), |object| trust_policies::settle(self, object, index)).await;
        self.each(self.watched.models.state(), |object| models::settle(self, object, index)).await;
        self.each(self.watched.deployments.state(), |object| deployments::settle(self, object, index)).await;
        fleet_nodes::settle(self, index).await;
        self.forget();
        Ok(())
    }

    async fn see(&self) -> Result<FleetIndex, FleetError> {
        let view = tokio::time::timeout(FLEET_CALL_TIMEOUT, self.fleet().view()).await;
        Ok(FleetIndex::new(view.unwrap_or_else(|_| Err(too_slow()))?))
    }

    async fn each<K, F, Settling>(&self, objects: Vec<Arc<K>>, settle: F)
    where
        K: Resource<DynamicType = ()>,
        F: Fn(Arc<K>) -> Settling,
        Settling: Future<Output = Result<(), WriteError>>,
    {
        let settle = &settle;
        let all = futures_util::stream::iter(objects).for_each_concurrent(
            CONCURRENT_OBJECTS_MAX,
            |object| async move {
                let (kind, name, uid) = (K::kind(&()), object.name_any(), object.uid().unwrap_or_default());
                let outdated = self.memory.is_outdated(&uid, object.meta().resource_version.as_deref());
                if outdated || self.memory.is_refused(&uid) {
                    return;
                }
                self.operator.metrics.decided();
                if let Err(error) = settle(object).await {
                    tracing::warn!(%kind, name, %error, "an object could not be written; it is tried again");
                    self.memory.refused(&uid);
                }
            },
        );
        all.await;
    }

    fn forget(&self) {
        let mut lives: HashSet<String> = HashSet::new();
        lives.extend(self.watched.models.state().iter().filter_map(|object| object.uid()));
        lives.extend(self.watched.deployments.state().iter().filter_map(|object| object.uid()));
        lives.extend(self.watched.policies.state().iter().filter_map(|object| object.uid()));
        self.memory.retain(|uid| lives.contains(uid));
    }
}

/// Waits for a call to the fleet, but not for ever.
pub(super) async fn in_time<T>(call: impl Future<Output = Result<T, FleetError>>) -> Result<T, FleetError> {
    tokio::time::timeout(FLEET_CALL_TIMEOUT, call).await.unwrap_or_else(|_| Err(too_slow()))
}

fn too_slow() -> FleetError {
    FleetError::new(cloister_api::ProblemKind::Unavailable, "the fleet did not answer in time")
}

/// Who asks, for the record.
pub(super) fn origin<K: Resource<DynamicType = ()>>(kind: &'static str, object: &K) -> Origin {
    Origin {
        kind,
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
        uid: object.uid().unwrap_or_default(),
        generation: object.meta().generation.unwrap_or_default(),
    }
}

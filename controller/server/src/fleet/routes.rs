//! The snapshot that the gateway serves from: built from store and live view, pushed when it changed.

use std::collections::HashMap;
use std::sync::Arc;

use cloister_evidence::record::ActorKind;
use cloister_gateway::{Grant, ReplicaRoute, Route, Routes};
use cloister_store::{Deployment, Key, KeyRole, Replica, StoreError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{FleetHandle, LiveNodes};
use crate::limits::{MAX_WAITING_PER_REPLICA, ROUTES_INTERVAL};
use crate::reconcile::{Explanation, ReplicaSpec};

/// Builds and pushes routes.
pub struct RouteTable {
    fleet: FleetHandle,
    routes: watch::Sender<Arc<Routes>>,
    /// Model names by digest, of deployed models: names do not change while a model is in use.
    model_names: HashMap<String, String>,
}

impl RouteTable {
    pub fn new(fleet: FleetHandle) -> (Self, watch::Receiver<Arc<Routes>>) {
        let (routes, receiver) = watch::channel(Arc::default());
        fleet.shared.routes_built.send_replace(Some(0));
        (Self { fleet, routes, model_names: HashMap::new() }, receiver)
    }

    /// Until `stop`. When the store cannot be read, the gateway goes on with what it has.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut changes = self.fleet.shared.subscribe();
        while !stop.is_cancelled() {
            let change = *changes.borrow_and_update();
            match self.build().await {
                Ok(routes) => {
                    self.routes.send_replace(Arc::new(routes));
                    self.fleet.shared.routes_built.send_replace(Some(change));
                }
                Err(error) => tracing::error!(%error, "routes could not be renewed; the last ones stay"),
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = tokio::time::sleep(ROUTES_INTERVAL) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    async fn build(&mut self) -> Result<Routes, StoreError> {
        let store = self.fleet.shared.store.clone();
        let (deployments, replicas) = (store.deployments().await?, store.replicas().await?);
        let keys = store.keys().await?;
        self.name_models(&deployments).await?;
        let live = self.fleet.live();
        let routes = deployments.iter().map(|deployment| {
            let ready = self.ready_replicas(deployment, &replicas, &live);
            (deployment.name.clone(), self.route(deployment, ready))
        });
        let deployments = routes.collect();
        let grants = keys.iter().filter(|key| key.revoked_at.is_none());
        Ok(Routes { deployments, keys: grants.map(|key| (key.secret_hash, grant(key))).collect() })
    }

    async fn name_models(&mut self, deployments: &[Deployment]) -> Result<(), StoreError> {
        self.model_names.retain(|digest, _| deployments.iter().any(|d| d.model_digest == *digest));
        for deployment in deployments {
            if !self.model_names.contains_key(&deployment.model_digest)
                && let Some(model) = self.fleet.shared.store.model(&deployment.model_digest).await?
            {
                self.model_names.insert(model.digest, model.name);
            }
        }
        Ok(())
    }

    /// Those that are loaded, on a node that is heard from and can be sent to. Only those that run
    /// what the deployment asks for now: an answer must come from the model that its record names. None that drain.
    fn ready_replicas(
        &self,
        deployment: &Deployment,
        replicas: &[Replica],
        live: &LiveNodes,
    ) -> Vec<ReplicaRoute> {
        let spec = ReplicaSpec::of(deployment);
        let takes_requests = |replica: &&Replica| {
            let explanation = Explanation::of(replica);
            explanation.spec == spec && !explanation.draining
        };
        let mine =
            replicas.iter().filter(|replica| replica.deployment_id == deployment.id).filter(takes_requests);
        mine.filter_map(|replica| {
            let node_id = replica.node_id.as_ref()?;
            let serves = live.get(node_id)?.serves(&replica.id) && self.fleet.shared.reaches(node_id);
            serves.then(|| ReplicaRoute { replica_id: replica.id.clone(), node_id: node_id.clone() })
        })
        .collect()
    }

    fn route(&self, deployment: &Deployment, replicas: Vec<ReplicaRoute>) -> Route {
        Route {
            deployment: deployment.name.clone(),
            model_name: self.model_names.get(&deployment.model_digest).cloned().unwrap_or_default(),
            model_digest: deployment.model_digest.clone(),
            tenant: deployment.tenant.clone(),
            context_length: deployment.context_length,
            max_sequences: deployment.max_sequences,
            max_waiting: MAX_WAITING_PER_REPLICA,
            created_unix_s: deployment.created_at.as_second(),
            replicas,
        }
    }
}

fn grant(key: &Key) -> Grant {
    Grant {
        kind: ActorKind::ApiKey,
        id: key.id.clone(),
        name: key.name.clone(),
        admin: key.role == KeyRole::Admin,
        tenant: key.tenant.clone(),
        models: key.models.clone(),
        expires_unix_s: key.expires_at.map(|at| at.as_second()),
    }
}

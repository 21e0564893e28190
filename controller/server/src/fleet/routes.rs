//! The snapshot that the gateway serves from: built from store and live view, pushed when it changed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use cloister_evidence::record::ActorKind;
use cloister_gateway::{Grant, ReplicaRoute, Route, Routes};
use cloister_store::{Deployment, Key, KeyRole, Replica, StoreError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{FleetHandle, LiveNodes};
use crate::limits::ROUTES_INTERVAL;
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
        let live = self.fleet.live();
        let served: Vec<_> = deployments.iter().map(|d| self.ready_replicas(d, &replicas, &live)).collect();
        self.name_models(&deployments, &served).await?;
        let routes = deployments.iter().zip(served).map(|(deployment, ready)| {
            // A model that nobody can name any more must not answer: its record could not name it either.
            let ready =
                ready.into_iter().filter(|(offer, _)| self.model_names.contains_key(&offer.model_digest));
            let (offer, replicas) = offered(Offer::of(&ReplicaSpec::of(deployment)), ready);
            (deployment.name.clone(), self.route(deployment, offer, replicas))
        });
        let deployments = routes.collect();
        let grants = keys.iter().filter(|key| key.revoked_at.is_none());
        Ok(Routes { deployments, keys: grants.map(|key| (key.secret_hash, grant(key))).collect() })
    }

    async fn name_models(&mut self, deployments: &[Deployment], served: &[Served]) -> Result<(), StoreError> {
        let wanted = deployments.iter().map(|deployment| &deployment.model_digest);
        let serving = served.iter().flatten().map(|(offer, _)| &offer.model_digest);
        let in_use: HashSet<&String> = wanted.chain(serving).collect();
        self.model_names.retain(|digest, _| in_use.contains(digest));
        for digest in in_use {
            if !self.model_names.contains_key(digest)
                && let Some(model) = self.fleet.shared.store.model(digest).await?
            {
                self.model_names.insert(model.digest, model.name);
            }
        }
        Ok(())
    }

    /// Those that are loaded, on a node that is heard from and can be sent to, and that do not drain; with what each
    /// offers.
    fn ready_replicas(&self, deployment: &Deployment, replicas: &[Replica], live: &LiveNodes) -> Served {
        let mine = replicas.iter().filter(|replica| replica.deployment_id == deployment.id);
        mine.filter_map(|replica| {
            let node_id = replica.node_id.as_ref()?;
            let serves = live.get(node_id)?.serves(&replica.id) && self.fleet.shared.reaches(node_id);
            let route = ReplicaRoute { replica_id: replica.id.clone(), node_id: node_id.clone() };
            let explanation = Explanation::of(replica);
            (serves && !explanation.draining).then(|| (Offer::of(&explanation.spec), route))
        })
        .collect()
    }

    fn route(&self, deployment: &Deployment, offer: Offer, replicas: Vec<ReplicaRoute>) -> Route {
        Route {
            deployment: deployment.name.clone(),
            model_name: self.model_names.get(&offer.model_digest).cloned().unwrap_or_default(),
            model_digest: offer.model_digest,
            tenant: deployment.tenant.clone(),
            context_length: offer.context_length,
            max_sequences: offer.max_sequences,
            max_waiting: offer.max_waiting,
            created_unix_s: deployment.created_at.as_second(),
            replicas,
        }
    }
}

/// What a caller gets of a replica, as far as a request and its record depend on it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Offer {
    model_digest: String,
    context_length: u32,
    max_sequences: u32,
    max_waiting: u32,
}

type Served = Vec<(Offer, ReplicaRoute)>;

impl Offer {
    fn of(spec: &ReplicaSpec) -> Self {
        let ReplicaSpec { model_digest, context_length, max_sequences, max_waiting, .. } = spec;
        Self {
            model_digest: model_digest.clone(),
            context_length: *context_length,
            max_sequences: *max_sequences,
            max_waiting: *max_waiting,
        }
    }
}

/// While a revision replaces another, replicas of both serve; callers are offered one thing at a time, because an
/// answer must come from the model that its record names. It is what most replicas offer, and what is wanted now if
/// as many offer that; without any replica what is wanted now.
fn offered(wanted: Offer, ready: impl Iterator<Item = (Offer, ReplicaRoute)>) -> (Offer, Vec<ReplicaRoute>) {
    let mut offers: BTreeMap<Offer, Vec<ReplicaRoute>> = BTreeMap::new();
    for (offer, route) in ready {
        offers.entry(offer).or_default().push(route);
    }
    let most = offers.into_iter().max_by_key(|(offer, routes)| (routes.len(), *offer == wanted));
    most.unwrap_or((wanted, Vec::new()))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(model: &str) -> Offer {
        Offer { model_digest: model.into(), context_length: 1, max_sequences: 1, max_waiting: 1 }
    }

    #[test]
    fn callers_are_offered_one_model_at_a_time_and_change_over_once() {
        let cases = [
            (vec![], "new", 0),
            (vec!["old"], "old", 1),
            (vec!["old", "new"], "new", 1),
            (vec!["old", "old", "new"], "old", 2),
            (vec!["old", "new", "new"], "new", 2),
        ];
        for (models, model, count) in cases {
            let route = |n: usize| ReplicaRoute { replica_id: n.to_string(), node_id: "n".into() };
            let ready = models.iter().enumerate().map(|(n, model)| (offer(model), route(n)));
            let (chosen, routes) = offered(offer("new"), ready);
            assert_eq!(chosen.model_digest, model, "{models:?}");
            assert_eq!(routes.len(), count, "{models:?}");
        }
    }
}

//! What Kubernetes has of each kind: one list and one watch per kind, kept in memory.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use futures_util::StreamExt as _;
use k8s_openapi::NamespaceResourceScope;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::reflector::{self, Store};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::crd::{FleetNode, FleetNodeStatus, Model, ModelDeployment, TrustPolicy};
use crate::limits::LIST_PAGE_OBJECTS;
use crate::request_error::plain;

pub(super) struct Watched {
    pub(super) models: Store<Model>,
    pub(super) deployments: Store<ModelDeployment>,
    pub(super) policies: Store<TrustPolicy>,
    nodes: Store<FleetNode>,
    tasks: JoinSet<()>,
}

impl Watched {
    pub(super) fn start(
        client: &Client,
        namespace: &str,
        wake: &Arc<Notify>,
        stop: &CancellationToken,
    ) -> Self {
        let mut tasks = JoinSet::new();
        let mut start = Start { client, namespace, wake, stop, tasks: &mut tasks };
        let (models, deployments) = (start.kind(), start.kind());
        let (policies, nodes) = (start.kind(), start.kind());
        Self { models, deployments, policies, nodes, tasks }
    }

    /// Until every kind was listed once: before, a Model that was not listed yet would look like one that is missing.
    pub(super) async fn ready(&self) {
        // An error says that the watch has ended: then the operator is about to, too.
        let ready = tokio::join!(
            self.models.wait_until_ready(),
            self.deployments.wait_until_ready(),
            self.policies.wait_until_ready(),
            self.nodes.wait_until_ready()
        );
        if let (Ok(()), Ok(()), Ok(()), Ok(())) = ready {
            tracing::info!("the operator knows every object of its namespace");
        }
    }

    pub(super) fn model(&self, name: &str) -> Option<Arc<Model>> {
        self.models.find(|model| model.name_any() == name)
    }

    /// Whether the load of any deployment is to be followed.
    pub(super) fn follows_load(&self) -> bool {
        self.deployments.find(|object| object.spec.autoscaling.is_some()).is_some()
    }

    pub(super) fn node_statuses(&self) -> BTreeMap<String, FleetNodeStatus> {
        let nodes = self.nodes.state();
        nodes.iter().map(|node| (node.name_any(), node.status.clone().unwrap_or_default())).collect()
    }

    pub(super) async fn join(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

struct Start<'a> {
    client: &'a Client,
    namespace: &'a str,
    wake: &'a Arc<Notify>,
    stop: &'a CancellationToken,
    tasks: &'a mut JoinSet<()>,
}

impl Start<'_> {
    fn kind<K>(&mut self) -> Store<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
        K: Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    {
        let (reader, writer) = reflector::store();
        let api: Api<K> = Api::namespaced(self.client.clone(), self.namespace);
        let config = watcher::Config::default().page_size(LIST_PAGE_OBJECTS);
        let events = watcher(api, config).default_backoff();
        // Who wrote which field is a third of an object, and of no use here.
        let events = events.modify(|object: &mut K| object.managed_fields_mut().clear()).reflect(writer);
        let (wake, stop) = (Arc::clone(self.wake), self.stop.clone());
        self.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = events.for_each(|event| { heard::<K>(event, &wake); std::future::ready(()) }) => {}
            }
        });
        reader
    }
}

fn heard<K: Resource<DynamicType = ()>>(event: watcher::Result<Event<K>>, wake: &Notify) {
    let kind = K::kind(&());
    match event {
        Ok(Event::Init | Event::InitApply(_)) => {}
        Ok(Event::Apply(_) | Event::Delete(_) | Event::InitDone) => wake.notify_one(),
        Err(watcher::Error::InitialListFailed(error) | watcher::Error::WatchStartFailed(error)) => {
            tracing::warn!(%kind, error = %plain(&error), "objects cannot be listed or watched; it is tried again");
        }
        Err(error) => tracing::debug!(%kind, %error, "a watch broke off; it is begun again"),
    }
}

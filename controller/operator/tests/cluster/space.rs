//! A namespace of one test's own, with an operator in it.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cloister_operator::{Client, Clock, Operator, OperatorMetrics, client};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, ObjectMeta, PostParams};
use kube::{Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::api_server::{ApiServer, text};
use crate::fleet::PlayedFleet;

/// How long anything may take; the machine may be busy.
pub(crate) const DEADLINE: Duration = Duration::from_secs(240);

pub(crate) struct Space {
    pub(crate) server: &'static ApiServer,
    pub(crate) client: Client,
    pub(crate) namespace: String,
    pub(crate) fleet: Arc<PlayedFleet>,
    pub(crate) metrics: OperatorMetrics,
}

impl Space {
    /// `None` where there is no API server to test against.
    pub(crate) async fn new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = tokio::task::spawn_blocking(ApiServer::shared).await.unwrap()?;
        let metrics = OperatorMetrics::default();
        let client = client(server.config(), &metrics).unwrap();
        let namespace = format!("space-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let object = Namespace {
            metadata: ObjectMeta { name: Some(namespace.clone()), ..ObjectMeta::default() },
            ..Namespace::default()
        };
        Api::<Namespace>::all(client.clone()).create(&PostParams::default(), &object).await.unwrap();
        Some(Self { server, client, namespace, fleet: Arc::default(), metrics })
    }

    pub(crate) fn operator(&self) -> Running {
        self.operator_at(Arc::new(jiff::Timestamp::now))
    }

    /// An operator by another clock.
    pub(crate) fn operator_at(&self, clock: Clock) -> Running {
        let fleet: Arc<PlayedFleet> = Arc::clone(&self.fleet);
        let operator =
            Operator::new(self.client.clone(), &self.namespace, "pod-0", fleet, self.metrics.clone())
                .with_clock(clock);
        let stop = CancellationToken::new();
        let task = tokio::spawn({
            let stop = stop.clone();
            async move { operator.run(stop).await }
        });
        Running { stop, task }
    }

    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    pub(crate) async fn kubectl(&self, arguments: &[&str]) -> String {
        let mut all = vec!["-n".to_owned(), self.namespace.clone()];
        all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        let server = self.server;
        let run = move || text(&server.kubectl(&all.iter().map(String::as_str).collect::<Vec<_>>()));
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    /// `kubectl apply` of an object given as JSON.
    pub(crate) async fn apply(&self, object: serde_json::Value) -> String {
        self.kubectl_with(&["apply"], object).await
    }

    pub(crate) async fn kubectl_with(&self, arguments: &[&str], object: serde_json::Value) -> String {
        let mut all = vec!["-n".to_owned(), self.namespace.clone()];
        all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        let server = self.server;
        let run = move || {
            server.kubectl_with(&all.iter().map(String::as_str).collect::<Vec<_>>(), &object.to_string())
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    /// Waits until an object is as wanted; tells its last state if it never is.
    pub(crate) async fn until<K>(&self, name: &str, wanted: impl Fn(&K) -> bool) -> K
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
        K: serde::Serialize,
    {
        let mut last = None;
        let found = eventually(async || {
            let object: Option<K> = self.api().get_opt(name).await.unwrap();
            last = object.clone();
            object.filter(&wanted)
        });
        match found.await {
            Some(object) => object,
            None => {
                panic!("{name} never came to be as wanted: {}", serde_json::to_string_pretty(&last).unwrap())
            }
        }
    }

    pub(crate) async fn until_gone<K>(&self, name: &str)
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    {
        let gone = eventually(async || {
            let object: Option<K> = self.api().get_opt(name).await.unwrap();
            object.is_none().then_some(())
        });
        assert!(gone.await.is_some(), "{name} never went away: {:?}", self.api::<K>().get_opt(name).await);
    }
}

/// An operator at work.
pub(crate) struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// Asks again and again until there is an answer, or time is up.
pub(crate) async fn eventually<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        if let Some(answer) = ask().await {
            return Some(answer);
        }
        if tokio::time::Instant::now() > deadline {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// `status/reason` of a condition.
pub(crate) fn condition<K: Resource + serde::Serialize>(object: &K, kind: &str) -> String {
    let json = serde_json::to_value(object).unwrap();
    let all = json["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let said = all.iter().find(|said| said["type"] == kind);
    said.map(|said| format!("{}/{}", said["status"].as_str().unwrap(), said["reason"].as_str().unwrap()))
        .unwrap_or_else(|| {
            format!("{} says nothing of {kind}", object.meta().name.clone().unwrap_or_default())
        })
}

/// The sentence of a condition.
pub(crate) fn message<K: Resource + serde::Serialize>(object: &K, kind: &str) -> String {
    let json = serde_json::to_value(object).unwrap();
    let all = json["status"]["conditions"].as_array().cloned().unwrap_or_default();
    all.iter()
        .find(|said| said["type"] == kind)
        .map(|said| said["message"].as_str().unwrap().to_owned())
        .unwrap_or_default()
}

pub(crate) fn has_finalizer(object: &impl Resource) -> bool {
    object.finalizers().iter().any(|name| name == cloister_operator::crd::FINALIZER)
}

//! What the operator costs: requests to the API server, and looks at the fleet.

mod request_labels;

use std::task::{Context, Poll};

use http::Request;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use tower::{Layer, Service};

pub use request_labels::RequestLabels;

/// Counters, shared by clones.
#[derive(Debug, Clone, Default)]
pub struct OperatorMetrics {
    requests: Family<RequestLabels, Counter>,
    looks: Counter,
    settled: Counter,
}

impl OperatorMetrics {
    /// Adds them to what `/metrics` tells. Labels are words of ours alone.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "cloister_kubernetes_requests",
            "Requests to the Kubernetes API server",
            self.requests.clone(),
        );
        registry.register(
            "cloister_kubernetes_looks",
            "Times the operator looked at everything",
            self.looks.clone(),
        );
        registry.register(
            "cloister_kubernetes_objects_settled",
            "Times the operator decided about one object",
            self.settled.clone(),
        );
    }

    /// Requests so far, with their labels, sorted.
    pub fn requests(&self) -> Vec<(RequestLabels, u64)> {
        let mut all: Vec<_> = request_labels::all()
            .filter_map(|labels| Some((labels, self.requests.get(&labels)?.get())))
            .collect();
        all.sort_unstable();
        all
    }

    /// Times an object was decided about.
    pub fn settled(&self) -> u64 {
        self.settled.get()
    }

    pub(crate) fn looked(&self) {
        self.looks.inc();
    }

    pub(crate) fn decided(&self) {
        self.settled.inc();
    }
}

/// Counts what passes.
#[derive(Debug, Clone)]
pub(crate) struct CountRequests {
    metrics: OperatorMetrics,
}

impl CountRequests {
    pub(crate) fn new(metrics: OperatorMetrics) -> Self {
        Self { metrics }
    }
}

impl<S> Layer<S> for CountRequests {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted { inner, metrics: self.metrics.clone() }
    }
}

/// A service whose requests are counted.
#[derive(Debug, Clone)]
pub(crate) struct Counted<S> {
    inner: S,
    metrics: OperatorMetrics,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for Counted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        self.metrics.requests.get_or_create(&RequestLabels::of(request.method(), request.uri())).inc();
        self.inner.call(request)
    }
}

//! What is counted. Labels are bounded: protocols, operations and outcomes are fixed lists, and
//! deployments come from the snapshot, never from a request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::limits;
use crate::request::{Operation, Protocol};

/// How an operation ended: `completed`, `client_gone`, or the code of a failure.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndLabels {
    protocol: &'static str,
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeploymentLabel {
    deployment: String,
}

type HistogramFamily = Family<DeploymentLabel, Histogram, fn() -> Histogram>;

/// All series of the front door.
pub(crate) struct Metrics {
    requests: Family<EndLabels, Counter>,
    in_flight: Family<DeploymentLabel, Gauge>,
    prompt_tokens: Family<DeploymentLabel, Counter>,
    output_tokens: Family<DeploymentLabel, Counter>,
    first_token: HistogramFamily,
    inter_token: HistogramFamily,
    total: HistogramFamily,
    dispatch_retries: Counter,
    by_deployment: Mutex<HashMap<String, DeploymentMetrics>>,
}

/// The series of one deployment, looked up once per request.
#[derive(Clone)]
pub(crate) struct DeploymentMetrics {
    pub(crate) in_flight: Gauge,
    pub(crate) prompt_tokens: Counter,
    pub(crate) output_tokens: Counter,
    /// Seconds from the gateway's acceptance to the first token.
    pub(crate) first_token: Histogram,
    /// Seconds per token between two events of a stream.
    pub(crate) inter_token: Histogram,
    /// Seconds from the gateway's acceptance to the last event.
    pub(crate) total: Histogram,
}

fn request_buckets() -> Histogram {
    Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 600.0])
}

fn token_buckets() -> Histogram {
    Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0, 5.0])
}

impl Metrics {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            requests: Family::default(),
            in_flight: Family::default(),
            prompt_tokens: Family::default(),
            output_tokens: Family::default(),
            first_token: Family::new_with_constructor(request_buckets as fn() -> Histogram),
            inter_token: Family::new_with_constructor(token_buckets as fn() -> Histogram),
            total: Family::new_with_constructor(request_buckets as fn() -> Histogram),
            dispatch_retries: Counter::default(),
            by_deployment: Mutex::default(),
        };
        metrics.describe(registry.sub_registry_with_prefix("cloister_gateway"));
        metrics
    }

    fn describe(&self, registry: &mut Registry) {
        registry.register("requests", "Requests, by how they ended", self.requests.clone());
        registry.register("in_flight", "Inferences being answered", self.in_flight.clone());
        registry.register(
            "prompt_tokens",
            "Tokens of prompts that were dispatched",
            self.prompt_tokens.clone(),
        );
        registry.register("output_tokens", "Tokens decoded for callers", self.output_tokens.clone());
        registry.register(
            "dispatch_retries",
            "Requests sent to a second replica because the first refused",
            self.dispatch_retries.clone(),
        );
        let seconds = || Unit::Seconds;
        registry.register_with_unit(
            "time_to_first_token",
            "From acceptance to the first token",
            seconds(),
            self.first_token.clone(),
        );
        registry.register_with_unit(
            "inter_token",
            "Between two tokens of a stream",
            seconds(),
            self.inter_token.clone(),
        );
        registry.register_with_unit("request", "From acceptance to the end", seconds(), self.total.clone());
    }

    /// One request ended. `outcome` is from a fixed list.
    pub(crate) fn ended(&self, protocol: Protocol, operation: Operation, outcome: &'static str) {
        let labels = EndLabels { protocol: protocol.as_str(), operation: operation.as_str(), outcome };
        self.requests.get_or_create(&labels).inc();
    }

    pub(crate) fn retried(&self) {
        self.dispatch_retries.inc();
    }

    /// The series of `deployment`, which must be a name out of the snapshot.
    pub(crate) fn deployment(&self, deployment: &str) -> DeploymentMetrics {
        let mut known = self.by_deployment.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(deployment) {
            return found.clone();
        }
        let name = if known.len() < limits::MAX_DEPLOYMENT_SERIES { deployment } else { "other" };
        let created = self.create(name);
        known.insert(name.to_owned(), created.clone());
        created
    }

    fn create(&self, name: &str) -> DeploymentMetrics {
        let label = DeploymentLabel { deployment: name.to_owned() };
        DeploymentMetrics {
            in_flight: self.in_flight.get_or_create_owned(&label),
            prompt_tokens: self.prompt_tokens.get_or_create_owned(&label),
            output_tokens: self.output_tokens.get_or_create_owned(&label),
            first_token: self.first_token.get_or_create_owned(&label),
            inter_token: self.inter_token.get_or_create_owned(&label),
            total: self.total.get_or_create_owned(&label),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deployments_beyond_the_limit_share_one_series() {
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        for index in 0..limits::MAX_DEPLOYMENT_SERIES + 10 {
            metrics.deployment(&format!("d{index}")).output_tokens.inc();
        }
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        let series = |line: &&str| line.starts_with("cloister_gateway_output_tokens_total{");
        assert_eq!(text.lines().filter(series).count(), limits::MAX_DEPLOYMENT_SERIES + 1);
        assert!(text.contains(r#"cloister_gateway_output_tokens_total{deployment="other"} 10"#));
    }
}

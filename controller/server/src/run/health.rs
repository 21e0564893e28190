//! `/livez`, `/readyz` and `/metrics`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::fleet::FleetHandle;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use cloister_ledger::LedgerHandle;
use cloister_store::Store;
use prometheus_client::registry::Registry;

/// After a failed commit, "not ready" for so long. Then requests must be let in again: only a
/// record that is written shows that the disk has room again.
const WRITE_FAILURE_HOLD: Duration = Duration::from_secs(10);

/// Nodes that have replicas are waited for, for so long after the start.
const NODES_CONNECT_WITHIN: Duration = Duration::from_secs(20);

/// Answers whether this process can serve.
#[derive(Clone)]
pub(super) struct Health {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    ledger: LedgerHandle,
    fleet: FleetHandle,
    started: Instant,
    /// Set once: that a node goes later is no reason to turn callers away.
    nodes_connected: AtomicBool,
    registry: Registry,
    failures: Mutex<Failures>,
}

/// The count of failed commits, and when it was first seen to be that.
#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u64,
    since: Instant,
}

impl Health {
    pub(super) fn new(store: Store, ledger: LedgerHandle, fleet: FleetHandle, registry: Registry) -> Self {
        let started = Instant::now();
        let failures = Mutex::new(Failures { count: 0, since: started });
        Self {
            shared: Arc::new(Shared {
                store,
                ledger,
                fleet,
                started,
                nodes_connected: AtomicBool::new(false),
                registry,
                failures,
            }),
        }
    }

    pub(super) fn router(&self) -> Router {
        Router::new()
            .route("/livez", get(|| async { "ok\n" }))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .with_state(self.clone())
    }

    /// That this process can serve, or why not.
    async fn check(&self) -> Result<(), String> {
        self.shared.store.ping().await.map_err(|error| error.to_string())?;
        let stats = self.shared.ledger.stats();
        if !stats.writable && self.failed_lately(stats.failed_commits) {
            return Err(
                "the audit log could not be written a moment ago; check the disk and the database".into()
            );
        }
        self.await_nodes().await
    }

    /// A controller that has just started knows which nodes have replicas, but not how to reach them until their
    /// agents have connected: traffic that comes before would be turned away. A node that is down must not keep
    /// the controller waiting for ever.
    async fn await_nodes(&self) -> Result<(), String> {
        let connected = &self.shared.nodes_connected;
        if connected.load(Ordering::Relaxed) || self.shared.started.elapsed() >= NODES_CONNECT_WITHIN {
            return Ok(());
        }
        let replicas = self.shared.store.replicas().await.map_err(|error| error.to_string())?;
        let away = replicas.iter().filter_map(|replica| replica.node_id.as_deref());
        match away.filter(|node_id| !self.shared.fleet.shared.reaches(node_id)).count() {
            0 => {
                connected.store(true, Ordering::Relaxed);
                Ok(())
            }
            count => Err(format!("started a moment ago; the nodes of {count} replicas have yet to connect")),
        }
    }

    fn failed_lately(&self, count: u64) -> bool {
        let mut failures = self.shared.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.count != count {
            *failures = Failures { count, since: Instant::now() };
        }
        failures.since.elapsed() < WRITE_FAILURE_HOLD
    }
}

async fn readyz(State(health): State<Health>) -> (StatusCode, String) {
    match health.check().await {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}

async fn metrics(State(health): State<Health>) -> Response {
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &health.shared.registry) {
        Ok(()) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "metrics could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

//! `/livez`, `/readyz` and `/metrics`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

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

/// Answers whether this process can serve.
#[derive(Clone)]
pub(super) struct Health {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    ledger: LedgerHandle,
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
    pub(super) fn new(store: Store, ledger: LedgerHandle, registry: Registry) -> Self {
        let failures = Mutex::new(Failures { count: 0, since: Instant::now() });
        Self { shared: Arc::new(Shared { store, ledger, registry, failures }) }
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
        Ok(())
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

//! The front door as the server sees it.

use std::sync::Arc;
use std::time::Duration;

use cloister_ledger::LedgerHandle;
use cloister_proto::inference::v1::inference_service_server::InferenceServiceServer;
use prometheus_client::registry::Registry;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::balance::Balance;
use crate::core::Core;
use crate::dispatch::Dispatcher;
use crate::grpc::InferenceFront;
use crate::journal::Journal;
use crate::limits;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::routes::Routes;
use crate::{grpc, http};

/// Serves inference over both protocols. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    core: Arc<Core>,
}

impl Gateway {
    /// A gateway that serves from the newest snapshot in `routes`, and registers its series under
    /// `cloister_gateway_` in `registry`.
    pub fn new(
        options: Options,
        routes: watch::Receiver<Arc<Routes>>,
        dispatcher: Arc<dyn Dispatcher>,
        ledger: LedgerHandle,
        registry: &mut Registry,
    ) -> Self {
        let core = Core {
            balance: Arc::new(Balance::new(options.max_in_flight)),
            options,
            routes,
            dispatcher,
            journal: Journal::new(ledger),
            metrics: Metrics::register(registry),
            open: Arc::new(Semaphore::new(limits::MAX_OPEN_INFERENCES as usize)),
            draining: CancellationToken::new(),
            stop: CancellationToken::new(),
        };
        Self { core: Arc::new(core) }
    }

    /// `/v1/…`, OpenAI-compatible. To put the peer's address on record, serve it with
    /// `into_make_service_with_connect_info::<SocketAddr>()`, or add that `ConnectInfo` to the request's
    /// extensions. Accept connections with `TCP_NODELAY`: a token is a small packet, and should not wait.
    pub fn http_router(&self) -> axum::Router {
        http::router(Arc::clone(&self.core))
    }

    /// `cloister.inference.v1.InferenceService`.
    pub fn grpc_service(&self) -> InferenceServiceServer<InferenceFront> {
        grpc::service(Arc::clone(&self.core))
    }

    /// Inferences that are being answered.
    pub fn in_flight(&self) -> usize {
        self.core.balance.in_flight()
    }

    /// Lets nothing new in, gives what runs `grace` to end by itself, then ends it. Returns when every
    /// inference has its closing record: stop the ledger after this, not before.
    pub async fn drain(&self, grace: Duration) {
        self.core.draining.cancel();
        let all_settled = self.core.open.acquire_many(limits::MAX_OPEN_INFERENCES);
        tokio::pin!(all_settled);
        let permits = match tokio::time::timeout(grace, &mut all_settled).await {
            Ok(permits) => permits,
            Err(_) => {
                self.core.stop.cancel();
                all_settled.await
            }
        };
        // Never given back, so that one who was let in a moment ago cannot start now.
        if let Ok(permits) = permits {
            permits.forget();
        }
    }
}

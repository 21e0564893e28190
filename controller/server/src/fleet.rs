//! The controller's side of its nodes: their identity, their sessions, and what they report.

mod ca;
mod live;

use std::sync::Arc;

use tokio::sync::watch;

pub use ca::{CaError, CsrError, FleetCa, NodeCertificate, NodeKey};
use live::LiveView;
pub use live::{LiveNode, LiveNodes, NodeId};

/// Reads the live view, and wakes those who act on changes. Cheap to clone.
#[derive(Clone)]
pub struct FleetHandle {
    shared: Arc<Shared>,
}

struct Shared {
    ca: Arc<FleetCa>,
    /// `https://host:port` where agents connect.
    agents_url: String,
    live: LiveView,
    /// Counts the changes that reconciler and routes should look at.
    changes: watch::Sender<u64>,
}

impl FleetHandle {
    /// A handle with no node connected yet.
    pub fn new(ca: Arc<FleetCa>, agents_url: String) -> Self {
        let shared = Shared { ca, agents_url, live: LiveView::new(), changes: watch::Sender::new(0) };
        Self { shared: Arc::new(shared) }
    }

    /// Every node that has reported since the controller started, as of now.
    pub fn live(&self) -> Arc<LiveNodes> {
        self.shared.live.snapshot()
    }

    /// Call after every committed change of models, deployments, nodes or keys: reconciler, routes
    /// and sessions then look at the store again. Never blocks.
    pub fn wake(&self) {
        self.shared.changes.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// The text of a join token (`cjt1.…`) around a one-time secret: all that an agent needs to
    /// find this controller and to know it for the right one.
    pub fn join_token(&self, secret: &str) -> String {
        use base64::Engine as _;
        let parts = serde_json::json!({ "url": self.shared.agents_url, "ca": self.shared.ca.pem(), "secret": secret });
        format!("cjt1.{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(parts.to_string()))
    }
}

//! The controller's side of its nodes: their identity, their sessions, and what they report.

mod artifacts;
mod attestation;
mod ca;
mod dispatch;
mod enrolment;
pub(crate) mod events;
mod identity;
mod live;
mod locality;
mod output;
mod peer;
pub(crate) mod records;
mod report;
mod routes;
mod server_tls;
mod service;
mod session;
mod sessions;
mod tunnel;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cloister_ledger::LedgerHandle;
use cloister_proto::agent::v1::DesiredState;
use cloister_proto::agent::v1::agent_service_server::AgentServiceServer;
use cloister_proto::agent::v1::enrolment_service_server::EnrolmentServiceServer;
use cloister_proto::peer::v1::peer_service_server::PeerServiceServer;
use cloister_store::Store;
use tokio::sync::{Semaphore, watch};

pub use attestation::{AttestationError, AttestedNode, NodeAttestor};
pub use ca::{CaError, CsrError, FleetCa, NodeCertificate, NodeKey};
#[cfg(feature = "kubernetes")]
pub(crate) use enrolment::PLATFORM_NODE_LABEL;
pub use events::EventKeeper;
use events::{EventQueue, Happening};
use live::LiveView;
pub use live::{LiveNode, LiveNodes, NodeId};
pub(crate) use locality::is_jurisdiction;
pub(crate) use output::OutputError;
pub use routes::RouteTable;
pub use server_tls::{agents_tls, callers_tls};
use sessions::{EndReason, Sessions};

use crate::data_dir::DataDir;
use crate::limits::{AGENT_MESSAGE_MAX_BYTES, ATTESTATIONS_MAX, ROUTES_SETTLE_TIMEOUT};
use crate::reconcile::Situation;

/// What every node is to run now, by node id.
pub(crate) type Orders = HashMap<NodeId, DesiredState>;

/// What the fleet works with.
pub struct FleetParts {
    pub fleet_id: String,
    pub ca: Arc<FleetCa>,
    /// `https://host:port` where agents connect.
    pub agents_url: String,
    pub store: Store,
    pub ledger: LedgerHandle,
    pub data: DataDir,
    pub settings: FleetSettings,
    /// Vouches for agents that come with a ServiceAccount token; without one they are refused.
    pub attestor: Option<Arc<dyn NodeAttestor>>,
}

#[derive(Debug, Clone)]
pub struct FleetSettings {
    pub node_certificate_lifetime: Duration,
    pub heartbeat_interval: Duration,
    pub unreachable_grace: Duration,
}

/// Reads the live view, and wakes those who act on changes. Cheap to clone.
#[derive(Clone)]
pub struct FleetHandle {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) fleet_id: String,
    /// Random per process: agents tell controllers apart by it.
    pub(crate) controller_id: String,
    ca: Arc<FleetCa>,
    agents_url: String,
    pub(crate) store: Store,
    pub(crate) ledger: LedgerHandle,
    pub(crate) data: DataDir,
    pub(crate) settings: FleetSettings,
    pub(crate) live: LiveView,
    sessions: Sessions,
    events: EventQueue,
    /// What the reconciler ordered last.
    orders: watch::Sender<Arc<Orders>>,
    /// What the reconciler decided last.
    pub(crate) plan: watch::Sender<Arc<cloister_scheduler::Plan>>,
    /// What it decided by; `None` before its first look.
    pub(crate) situation: watch::Sender<Option<Arc<Situation>>>,
    /// Counts the changes that reconciler and routes should look at.
    changes: watch::Sender<u64>,
    /// The change up to which the gateway's routes are built; `None` while nothing builds them.
    pub(crate) routes_built: watch::Sender<Option<u64>>,
    /// The serial that each node was last seen to use while it was its current one.
    serials_in_use: Mutex<HashMap<NodeId, Arc<str>>>,
    enrolment_turn: tokio::sync::Mutex<()>,
    attestor: Option<Arc<dyn NodeAttestor>>,
    attestation_turns: Semaphore,
    refusal_budget: records::RefusalBudget,
}

impl FleetHandle {
    /// A handle with no node connected yet.
    pub fn new(parts: FleetParts) -> Self {
        let FleetParts { fleet_id, ca, agents_url, store, ledger, data, settings, attestor } = parts;
        let shared = Shared {
            fleet_id,
            controller_id: ulid::Ulid::new().to_string(),
            ca,
            agents_url,
            store,
            ledger,
            data,
            settings,
            live: LiveView::new(),
            sessions: Sessions::default(),
            events: EventQueue::default(),
            orders: watch::Sender::new(Arc::default()),
            plan: watch::Sender::new(Arc::default()),
            situation: watch::Sender::new(None),
            changes: watch::Sender::new(0),
            routes_built: watch::Sender::new(None),
            serials_in_use: Mutex::default(),
            enrolment_turn: tokio::sync::Mutex::default(),
            attestor,
            attestation_turns: Semaphore::new(ATTESTATIONS_MAX),
            refusal_budget: records::RefusalBudget::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Every node that has reported since the controller started, as of now.
    pub fn live(&self) -> Arc<LiveNodes> {
        self.shared.live.snapshot()
    }

    /// Call after every committed change of models, deployments, nodes or keys: reconciler, routes
    /// and sessions then look at the store again. Never blocks.
    pub fn wake(&self) {
        self.shared.wake();
    }

    /// As [`FleetHandle::wake`], and waits until the gateway serves from what the store holds now: a key
    /// works when its creator has it, and a revoked one no longer does. Gives up after
    /// [`ROUTES_SETTLE_TIMEOUT`]; the change is committed either way.
    pub async fn wake_and_settle(&self) {
        self.shared.wake();
        self.settle().await;
    }

    /// Waits until the gateway serves from every change that was made known before.
    pub(crate) async fn settle(&self) {
        let mut built = self.shared.routes_built.subscribe();
        let wanted = *self.shared.changes.borrow();
        let settled = built.wait_for(|built| built.is_none_or(|change| change >= wanted));
        // Its sender lives as long as this handle: the only other end is the time limit.
        let _ = tokio::time::timeout(ROUTES_SETTLE_TIMEOUT, settled).await;
    }

    /// The text of a join token (`cjt1.…`) around a one-time secret: all that an agent needs to
    /// find this controller and to know it for the right one.
    pub fn join_token(&self, secret: &str) -> String {
        use base64::Engine as _;
        let (url, ca) = (&self.shared.agents_url, self.shared.ca.pem());
        let parts = serde_json::json!({ "url": url, "ca": ca, "secret": secret });
        format!("cjt1.{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(parts.to_string()))
    }

    /// A secret for one purpose that all controllers of the fleet share and the database does not hold.
    pub(crate) fn derived_key(&self, purpose: &[u8]) -> zeroize::Zeroizing<[u8; 32]> {
        self.shared.ca.derived_key(purpose)
    }

    /// Inferences that run on nodes now.
    pub fn in_flight(&self) -> usize {
        self.shared.sessions.in_flight()
    }

    /// Ends all sessions and tunnels; agents keep their replicas and connect again later.
    pub fn close_sessions(&self) {
        self.shared.sessions.end_where(|_| true, EndReason::Stopping);
    }

    /// What agents call, for the listener with [`agents_tls`].
    pub fn agents_routes(&self) -> tonic::service::Routes {
        let enrolment =
            EnrolmentServiceServer::new(enrolment::Enrolment { shared: Arc::clone(&self.shared) });
        let agents = AgentServiceServer::new(service::Agents { shared: Arc::clone(&self.shared) })
            .max_decoding_message_size(AGENT_MESSAGE_MAX_BYTES);
        let mut routes = tonic::service::Routes::default().add_service(enrolment);
        routes = routes.add_service(agents);
        routes = routes.add_service(PeerServiceServer::new(peer::Peers { shared: Arc::clone(&self.shared) }));
        routes
    }
}

impl Shared {
    pub(crate) fn wake(&self) {
        self.changes.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// Tells people what happened to a replica. Never blocks.
    pub(crate) fn tell(&self, happening: Happening) {
        self.events.put(happening);
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Tells the sessions, if anything differs.
    pub(crate) fn publish_orders(&self, orders: Orders) {
        self.orders.send_if_modified(|current| {
            let differs = **current != orders;
            if differs {
                *current = Arc::new(orders);
            }
            differs
        });
    }

    /// Both streams of the node are there: requests can be sent to it.
    pub(crate) fn reaches(&self, node_id: &str) -> bool {
        self.sessions.tunnel(node_id).is_some()
    }

    /// Takes away the connections of revoked nodes, at once. Asked of each node that is connected:
    /// one that enrolled since the caller read the store is not revoked, only unknown to it.
    pub(crate) fn disconnect_revoked(&self, is_revoked: impl Fn(&str) -> bool) {
        self.sessions.end_where(&is_revoked, EndReason::Revoked);
        let gone: Vec<_> = self.live.snapshot().keys().filter(|id| is_revoked(id)).cloned().collect();
        for node_id in gone {
            self.live.remove(&node_id);
        }
    }
}

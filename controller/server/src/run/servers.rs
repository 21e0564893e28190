//! The three listeners and what is served on each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::serve::IncomingStream;
use cloister_gateway::Gateway;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;

use super::health::Health;
use super::{Endpoints, RunError, unread_body};
use crate::api::{self, ApiState};
use crate::console;
use crate::fleet::{FleetCa, FleetHandle, agents_tls, callers_tls};
use crate::listen::{BindError, Incoming, Peer, bind, operator_tls};
use crate::options::Options;

/// A peer that does not answer a ping for this long is gone; checked as often.
const KEEPALIVE: Duration = Duration::from_secs(10);
/// Calls at once on one connection.
const STREAMS_PER_CONNECTION_MAX: u32 = 1_024;
/// After a stop, connections that do not end by themselves are cut off.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) struct Listeners {
    http: TcpListener,
    grpc: TcpListener,
    agents: TcpListener,
}

impl Listeners {
    pub(super) async fn bind(options: &Options) -> Result<Self, BindError> {
        Ok(Self {
            http: bind("--http", options.http).await?,
            grpc: bind("--grpc", options.grpc).await?,
            agents: bind("--agents", options.agents).await?,
        })
    }

    pub(super) fn endpoints(&self, options: &Options) -> std::io::Result<Endpoints> {
        let host = options.agents_host();
        let port = self.agents.local_addr()?.port();
        // An IPv6 address needs brackets beside a port.
        let agents = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        Ok(Endpoints {
            http: self.http.local_addr()?.to_string(),
            grpc: self.grpc.local_addr()?.to_string(),
            agents,
            tls: options.serves_tls(),
        })
    }
}

/// What there is to serve.
pub(super) struct Apis {
    pub(super) gateway: Gateway,
    pub(super) fleet: FleetHandle,
    pub(super) admin: ApiState,
    pub(super) health: Health,
}

pub(super) struct Servers {
    callers: Vec<JoinHandle<()>>,
    agents: JoinHandle<()>,
    stop_callers: CancellationToken,
    stop_agents: CancellationToken,
}

impl Servers {
    pub(super) fn start(
        listeners: Listeners,
        options: &Options,
        ca: &Arc<FleetCa>,
        apis: Apis,
    ) -> Result<Self, RunError> {
        let (stop_callers, stop_agents) = (CancellationToken::new(), CancellationToken::new());
        let tls = callers(options, ca, stop_callers.clone())?;
        let http = Incoming::start(listeners.http, tls.clone(), stop_callers.clone())?;
        let grpc = Incoming::start(listeners.grpc, tls, stop_callers.clone())?;
        let tls = agents_tls(ca, certificate_hosts(options), stop_agents.clone())?;
        let agents = Incoming::start(listeners.agents, Some(tls), stop_agents.clone())?;
        let callers = vec![
            tokio::spawn(serve_http(http, http_router(&apis, options.serves_tls()), stop_callers.clone())),
            tokio::spawn(serve_grpc("grpc", grpc, grpc_routes(&apis)?, stop_callers.clone())),
        ];
        let routes = apis.fleet.agents_routes();
        let agents = tokio::spawn(serve_grpc("agents", agents, routes, stop_agents.clone()));
        Ok(Self { callers, agents, stop_callers, stop_agents })
    }

    /// No new callers; those connected may finish.
    pub(super) fn stop_accepting(&self) {
        self.stop_callers.cancel();
    }

    /// Waits for the callers' connections to end.
    pub(super) async fn stop_callers(&mut self) {
        for server in &mut self.callers {
            end(server).await;
        }
    }

    pub(super) async fn stop_agents(&mut self) {
        self.stop_agents.cancel();
        end(&mut self.agents).await;
    }
}

async fn end(server: &mut JoinHandle<()>) {
    if tokio::time::timeout(STOP_TIMEOUT, &mut *server).await.is_err() {
        server.abort();
    }
}

/// TLS of HTTP and gRPC, if they are encrypted here.
fn callers(
    options: &Options,
    ca: &Arc<FleetCa>,
    stop: CancellationToken,
) -> Result<Option<Arc<rustls::ServerConfig>>, RunError> {
    Ok(match (&options.tls_cert, &options.tls_key) {
        (Some(cert), Some(key)) => Some(operator_tls(cert, key, stop)?),
        _ if options.tls_fleet_ca => Some(callers_tls(ca, certificate_hosts(options), stop)?),
        _ => None,
    })
}

/// Under which names agents and callers may know the controller.
fn certificate_hosts(options: &Options) -> Vec<String> {
    let listening = [options.agents, options.http, options.grpc].map(|address| address.ip());
    // An address that means every interface is nobody's name.
    let listening = listening.into_iter().filter(|ip| !ip.is_unspecified()).map(|ip| ip.to_string());
    let mut hosts: Vec<String> = listening
        .chain([options.agents_host()])
        .chain(["localhost".to_owned(), "127.0.0.1".to_owned()])
        .collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

fn http_router(apis: &Apis, tls: bool) -> Router {
    let admin = api::router(apis.admin.clone());
    let people = from_fn_with_state(apis.admin.clone(), api::let_people_ask);
    let gateway = apis.gateway.http_router().layer(people);
    let router = gateway.merge(admin).merge(apis.health.router()).merge(console::router(tls));
    router.layer(from_fn(unread_body::discard)).layer(from_fn(tell_address))
}

/// The parts ask for the caller's socket address; the listener knows it as a [`Peer`].
async fn tell_address(mut request: Request, next: Next) -> Response {
    let address = request.extensions().get::<ConnectInfo<Peer>>().map(|ConnectInfo(peer)| peer.address);
    if let Some(address) = address {
        request.extensions_mut().insert::<ConnectInfo<SocketAddr>>(ConnectInfo(address));
    }
    next.run(request).await
}

impl axum::extract::connect_info::Connected<IncomingStream<'_, Incoming>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Incoming>) -> Self {
        stream.io().peer().clone()
    }
}

/// Inference, and what every gRPC tool expects: health and reflection.
fn grpc_routes(apis: &Apis) -> Result<Routes, RunError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    tokio::spawn(async move {
        health.set_service_status("", tonic_health::ServingStatus::Serving).await;
        health
            .set_service_status(
                "cloister.inference.v1.InferenceService",
                tonic_health::ServingStatus::Serving,
            )
            .await;
    });
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(cloister_proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .map_err(|error| RunError::Reflection(error.to_string()))?;
    Ok(Routes::default()
        .add_service(apis.gateway.grpc_service())
        .add_service(api::grpc_service(apis.admin.clone()))
        .add_service(health_service)
        .add_service(reflection))
}

async fn serve_http(incoming: Incoming, router: Router, stop: CancellationToken) {
    let service = router.into_make_service_with_connect_info::<Peer>();
    let served = axum::serve(incoming, service).with_graceful_shutdown(stop.cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(%error, "the HTTP listener ended");
    }
}

async fn serve_grpc(name: &'static str, incoming: Incoming, routes: Routes, stop: CancellationToken) {
    let served = Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .http2_adaptive_window(Some(true))
        .max_concurrent_streams(Some(STREAMS_PER_CONNECTION_MAX))
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming, stop.cancelled_owned())
        .await;
    if let Err(error) = served {
        tracing::error!(%error, listener = name, "a listener ended");
    }
}

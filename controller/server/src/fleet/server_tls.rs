//! TLS with certificates of the fleet's own authority: for agents on both sides, for callers on the controller's.

use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use tokio_util::sync::CancellationToken;

use super::{CaError, FleetCa};
use crate::limits::SERVER_CERTIFICATE_ROTATION;
use crate::listen::{CurrentCertificate, server_config};

/// TLS 1.3, a client certificate of the fleet's authority or none at all. An expired or foreign one
/// does not get past the handshake; that calls other than enrolment need one is checked per call.
///
/// # Errors
/// The authority or a host name does not fit into a certificate.
pub fn agents_tls(
    ca: &Arc<FleetCa>,
    hosts: Vec<String>,
    stop: CancellationToken,
) -> Result<Arc<rustls::ServerConfig>, CaError> {
    let provider = Arc::new(crate::crypto_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(ca.certificate().clone())?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .allow_unauthenticated()
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))?;
    let current = CurrentCertificate::new(ca.server_certificate(&hosts)?);
    tokio::spawn(rotate(Arc::clone(ca), hosts, Arc::clone(&current), stop));
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(current);
    config.alpn_protocols = vec![b"h2".to_vec()];
    // A resumed session would skip the check of the client certificate's dates.
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// For callers of HTTP and gRPC who trust the fleet's authority: no certificate is asked of them.
///
/// # Errors
/// The authority or a host name does not fit into a certificate.
pub fn callers_tls(
    ca: &Arc<FleetCa>,
    hosts: Vec<String>,
    stop: CancellationToken,
) -> Result<Arc<rustls::ServerConfig>, CaError> {
    let current = CurrentCertificate::new(ca.server_certificate(&hosts)?);
    tokio::spawn(rotate(Arc::clone(ca), hosts, Arc::clone(&current), stop));
    Ok(server_config(current)?)
}

async fn rotate(
    ca: Arc<FleetCa>,
    hosts: Vec<String>,
    current: Arc<CurrentCertificate>,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(SERVER_CERTIFICATE_ROTATION) => {}
            () = stop.cancelled() => return,
        }
        match ca.server_certificate(&hosts) {
            Ok(fresh) => current.replace(fresh),
            // The old one is good for days; the next turn tries again.
            Err(error) => tracing::error!(%error, "the server certificate could not be replaced"),
        }
    }
}

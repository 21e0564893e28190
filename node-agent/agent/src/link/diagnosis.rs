//! What a server really thinks of this node's certificate.
//!
//! In TLS 1.3 a client may speak before the server has judged its certificate. The refusal then meets requests
//! that are already under way, and what is left to see is a connection that closed. So the handshake is made
//! once more, by itself, and nothing is said: then the refusal can be read.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use secrecy::ExposeSecret;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{LinkError, find_tls_error};
use crate::address::Target;
use crate::identity::Identity;
use crate::limits::CONNECT_TIMEOUT;

/// Looks for a reason why no attempt with this identity can succeed; `None` if there is none to be seen.
pub(crate) async fn diagnose(target: &Target, identity: &Identity) -> Option<LinkError> {
    let connector = TlsConnector::from(Arc::new(config(identity)?));
    let attempt = async {
        let name = ServerName::try_from(target.server_name()).map_err(std::io::Error::other)?;
        let mut stream = connector.connect(name, TcpStream::connect(target.address).await?).await?;
        // A server that accepts this node begins with its HTTP/2 settings, one that does not with an alert.
        stream.read_u8().await
    };
    let error = tokio::time::timeout(CONNECT_TIMEOUT, attempt).await.ok()?.err()?;
    let error = LinkError::from_tls(&target.to_string(), find_tls_error(&error)?);
    (!error.is_transient()).then_some(error)
}

fn config(identity: &Identity) -> Option<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(certificates(&identity.authority_pem)?);
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem.expose_secret().as_bytes()).ok()?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates(&identity.certificate_pem)?, key)
        .ok()?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Some(config)
}

fn certificates(pem: &str) -> Option<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().ok()
}

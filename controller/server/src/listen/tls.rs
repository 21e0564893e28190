//! TLS for the HTTP and gRPC listeners, with the operator's own certificate.

use std::path::Path;
use std::sync::Arc;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("--tls-cert {path}: {reason}; it must be a PEM file with the certificate chain, leaf first")]
    Certificate { path: String, reason: String },
    #[error("--tls-key {path}: {reason}; it must be a PEM file with the private key of the certificate")]
    Key { path: String, reason: String },
    #[error("the certificate and key given with --tls-cert and --tls-key do not work together: {0}")]
    Pair(rustls::Error),
}

/// Server configuration from two PEM files; HTTP/2 and HTTP/1.1 are offered.
///
/// # Errors
/// [`TlsError`], naming the file.
pub fn operator_tls(cert: &Path, key: &Path) -> Result<Arc<rustls::ServerConfig>, TlsError> {
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| TlsError::Certificate { path: cert.display().to_string(), reason: e.to_string() })?;
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|e| TlsError::Key { path: key.display().to_string(), reason: e.to_string() })?;
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(crate::crypto_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Pair)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(TlsError::Pair)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

//! TLS for the HTTP and gRPC listeners: with the operator's own certificate, read anew when its files change, or with
//! one of the fleet's authority.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::certificate::CurrentCertificate;
use crate::limits::OPERATOR_CERTIFICATE_LOOK_INTERVAL;

/// Longest file that is read.
const FILE_MAX_BYTES: u64 = 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("--tls-cert {path}: {reason}; it must be a PEM file with the certificate chain, leaf first")]
    Certificate { path: String, reason: String },
    #[error("--tls-key {path}: {reason}; it must be a PEM file with the private key of the certificate")]
    Key { path: String, reason: String },
    #[error("the certificate and key given with --tls-cert and --tls-key do not work together: {0}")]
    Pair(rustls::Error),
}

/// Two PEM files.
#[derive(Debug, Clone)]
struct Files {
    cert: PathBuf,
    key: PathBuf,
}

/// What the files hold, and a digest of it.
type Read = (Arc<CertifiedKey>, [u8; 32]);

/// Server configuration from two PEM files; HTTP/2 and HTTP/1.1 are offered. Until `stop` the files are looked at now
/// and then: a new pair that works is served from then on, any other is told in the log and the one before stays.
///
/// # Errors
/// [`TlsError`], naming the file.
pub fn operator_tls(
    cert: &Path,
    key: &Path,
    stop: CancellationToken,
) -> Result<Arc<rustls::ServerConfig>, TlsError> {
    let files = Files { cert: cert.to_owned(), key: key.to_owned() };
    let (first, digest) = files.read()?;
    let current = CurrentCertificate::new(first);
    tokio::spawn(follow(files, digest, Arc::clone(&current), stop));
    server_config(current).map_err(TlsError::Pair)
}

/// Of the listeners that callers use, with whichever certificate is current.
///
/// # Errors
/// The cryptographic provider lacks what TLS needs.
pub(crate) fn server_config(
    current: Arc<CurrentCertificate>,
) -> Result<Arc<rustls::ServerConfig>, rustls::Error> {
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(crate::crypto_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(current);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Files are exchanged by renaming, by a link to a folder (as Kubernetes does) or in place: what they hold says more
/// than what the file system reports. Half-written ones do not fit together, and are looked at again.
async fn follow(files: Files, mut seen: [u8; 32], current: Arc<CurrentCertificate>, stop: CancellationToken) {
    let mut told = None;
    loop {
        tokio::select! {
            () = tokio::time::sleep(OPERATOR_CERTIFICATE_LOOK_INTERVAL) => {}
            () = stop.cancelled() => return,
        }
        let reading = files.clone();
        let Ok(read) = tokio::task::spawn_blocking(move || reading.read()).await else { return };
        match read {
            Ok((_, digest)) if digest == seen => {}
            Ok((fresh, digest)) => {
                (seen, told) = (digest, None);
                current.replace(fresh);
                tracing::info!(certificate = %files.cert.display(), "a new certificate is served");
            }
            Err(error) => {
                let why = error.to_string();
                if told.as_ref() != Some(&why) {
                    tracing::error!(error = %why, "a changed certificate cannot be used; the one before is served");
                    told = Some(why);
                }
            }
        }
    }
}

impl Files {
    fn read(&self) -> Result<Read, TlsError> {
        let certificate =
            |reason: String| TlsError::Certificate { path: self.cert.display().to_string(), reason };
        let chain_pem = bounded(&self.cert).map_err(certificate)?;
        let chain = CertificateDer::pem_slice_iter(&chain_pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| certificate(error.to_string()))?;
        let unusable = |reason: String| TlsError::Key { path: self.key.display().to_string(), reason };
        let key_pem = zeroize::Zeroizing::new(bounded(&self.key).map_err(unusable)?);
        let key = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|error| unusable(error.to_string()))?;
        let pair = CertifiedKey::from_der(chain, key, &crate::crypto_provider()).map_err(TlsError::Pair)?;
        let digest = Sha256::new().chain_update(&chain_pem).chain_update(key_pem.as_slice()).finalize();
        Ok((Arc::new(pair), digest.into()))
    }
}

fn bounded(path: &Path) -> Result<Vec<u8>, String> {
    let size_bytes = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size_bytes > FILE_MAX_BYTES {
        return Err(format!("it is longer than {FILE_MAX_BYTES} bytes"));
    }
    std::fs::read(path).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    #[test]
    fn half_of_an_exchange_is_no_pair() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files { cert: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        std::fs::write(&files.cert, certificate.pem()).unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
        let (_, digest) = files.read().unwrap();
        std::fs::write(&files.key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
        assert!(matches!(files.read(), Err(TlsError::Pair(_))));
        std::fs::write(&files.key, "-----BEGIN PRIVATE").unwrap();
        assert!(matches!(files.read(), Err(TlsError::Key { .. })));
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
        assert_eq!(files.read().unwrap().1, digest);
        std::fs::remove_file(&files.cert).unwrap();
        assert!(matches!(files.read(), Err(TlsError::Certificate { .. })));
    }
}

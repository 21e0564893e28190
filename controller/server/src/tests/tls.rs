//! HTTP with the operator's own certificate.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::fixture::{Fixture, soon};

const REQUEST: &[u8] = b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// A certificate for localhost in two PEM files, as an operator would give it.
fn operator_certificate(folder: &std::path::Path) -> (CertificateDer<'static>, [String; 2]) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let (cert, secret) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&cert, certificate.pem()).unwrap();
    std::fs::write(&secret, key.serialize_pem()).unwrap();
    (certificate.der().clone(), [cert, secret].map(|path| path.to_str().unwrap().to_owned()))
}

async fn exchange(mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) -> String {
    let mut answer = Vec::new();
    let sent = stream.write_all(REQUEST).await;
    let read = soon("the answer", stream.read_to_end(&mut answer)).await;
    let _ = (sent, read);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_certificate_http_is_encrypted_and_plain_text_gets_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, [cert, key]) = operator_certificate(folder.path());
    let fixture = Fixture::with(&["--tls-cert", &cert, "--tls-key", &key]).await;
    assert!(fixture.controller.endpoints().tls);
    let address = fixture.controller.endpoints().http.clone();

    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(Arc::new(crate::crypto_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let plain = TcpStream::connect(&address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let encrypted = TlsConnector::from(Arc::new(client)).connect(name, plain).await.unwrap();
    let answer = exchange(encrypted).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("ok\n"), "{answer}");

    let answer = exchange(TcpStream::connect(&address).await.unwrap()).await;
    assert!(!answer.contains("HTTP/1.1"), "{answer}");
}

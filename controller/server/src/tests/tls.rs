//! HTTP with the operator's own certificate.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::fixture::{Fixture, soon};

const REQUEST: &[u8] = b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// Speaks TLS as somebody who trusts `root`; the answer.
async fn asked(address: &str, root: CertificateDer<'static>) -> Result<String, std::io::Error> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(Arc::new(crate::crypto_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let plain = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    Ok(exchange(TlsConnector::from(Arc::new(client)).connect(name, plain).await?).await)
}

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

    let answer = asked(&address, certificate).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("ok\n"), "{answer}");

    let answer = exchange(TcpStream::connect(&address).await.unwrap()).await;
    assert!(!answer.contains("HTTP/1.1"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_exchanged_is_served_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (first, [cert, key]) = operator_certificate(folder.path());
    let fixture = Fixture::with(&["--tls-cert", &cert, "--tls-key", &key]).await;
    let address = fixture.controller.endpoints().http.clone();
    assert!(asked(&address, first.clone()).await.is_ok());

    let (second, _) = operator_certificate(folder.path());
    soon("the new certificate", async {
        while asked(&address, second.clone()).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    })
    .await;
    assert!(asked(&address, first).await.is_err(), "the old one is served no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_certificate_of_ones_own_the_fleets_authority_gives_one() {
    let fixture = Fixture::with(&["--tls-fleet-ca"]).await;
    assert!(fixture.controller.endpoints().tls);
    let ca = CertificateDer::from_pem_slice(fixture.ca_pem().as_bytes()).unwrap();
    let answer = asked(&fixture.controller.endpoints().http, ca).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

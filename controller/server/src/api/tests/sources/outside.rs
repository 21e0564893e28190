//! The outside: a server over TLS that does what a test tells it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// What is answered on a path.
#[derive(Clone)]
pub(super) enum Answer {
    /// The bytes, by ranges if asked so.
    Bytes(Vec<u8>),
    /// The same, but the connection breaks after so many bytes, as often as told.
    Breaks {
        bytes: Vec<u8>,
        after: usize,
        times: usize,
    },
    /// The same, without ranges.
    Whole(Vec<u8>),
    Redirect(String),
    Status(u16),
    /// A beginning, and then silence.
    Hangs(Vec<u8>),
}

pub(super) struct Outside {
    pub(super) port: u16,
    pub(super) ca: PathBuf,
    answers: Arc<Mutex<HashMap<String, Answer>>>,
    requests: Arc<Mutex<Vec<String>>>,
    _folder: tempfile::TempDir,
}

impl Outside {
    pub(super) async fn start() -> Self {
        let key =
            rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, key.cert.pem()).unwrap();
        let private = rustls_pki_types::PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(crate::crypto_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![key.cert.der().clone()], private)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let outside = Self { port, ca, answers: Arc::default(), requests: Arc::default(), _folder: folder };
        let (answers, requests) = (Arc::clone(&outside.answers), Arc::clone(&outside.requests));
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let (acceptor, answers, requests) =
                    (acceptor.clone(), Arc::clone(&answers), Arc::clone(&requests));
                tokio::spawn(async move {
                    // A client that does not trust this server ends here.
                    if let Ok(tls) = acceptor.accept(tcp).await {
                        serve(tls, &answers, &requests).await;
                    }
                });
            }
        });
        outside
    }

    pub(super) fn on(&self, path: &str, answer: Answer) -> String {
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
        format!("https://localhost:{}{path}", self.port)
    }

    /// Heads of all requests, in order.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(
    mut tls: tokio_rustls::server::TlsStream<tokio::net::TcpStream>,
    answers: &Mutex<HashMap<String, Answer>>,
    requests: &Mutex<Vec<String>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match tls.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    requests.lock().unwrap().push(head.clone());
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let answer = answers.lock().unwrap().get(&path).cloned().unwrap_or(Answer::Status(404));
    let range = head.split("range: bytes=").nth(1).and_then(|rest| rest.lines().next()).map(str::to_owned);
    let (head, body, hangs) = match answer {
        Answer::Status(status) => (format!("{status} x\r\ncontent-length: 0"), Vec::new(), false),
        Answer::Redirect(to) => (format!("302 x\r\nlocation: {to}\r\ncontent-length: 0"), Vec::new(), false),
        Answer::Whole(bytes) => (format!("200 x\r\ncontent-length: {}", bytes.len()), bytes, false),
        Answer::Hangs(bytes) => (format!("200 x\r\ncontent-length: {}", bytes.len() + 100), bytes, true),
        Answer::Bytes(bytes) => ranged(range.as_deref(), bytes, None),
        Answer::Breaks { bytes, after, times } => {
            let only_size = range.as_deref() == Some("0-0");
            if !only_size {
                let left = times.saturating_sub(1);
                answers
                    .lock()
                    .unwrap()
                    .insert(path, Answer::Breaks { bytes: bytes.clone(), after, times: left });
            }
            ranged(range.as_deref(), bytes, (times > 0 && !only_size).then_some(after))
        }
    };
    let _ = tls.write_all(format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n").as_bytes()).await;
    let _ = tls.write_all(&body).await;
    let _ = tls.flush().await;
    if hangs {
        std::future::pending::<()>().await;
    }
    let _ = tls.shutdown().await;
}

fn ranged(range: Option<&str>, bytes: Vec<u8>, breaks_after: Option<usize>) -> (String, Vec<u8>, bool) {
    let (start, end) = match range.and_then(|range| range.split_once('-')) {
        Some((start, end)) => (start.parse().unwrap(), end.parse().map_or(bytes.len(), |end: usize| end + 1)),
        None => (0, bytes.len()),
    };
    let part = bytes[start..end].to_vec();
    let head = match range {
        Some(_) => format!("206 x\r\ncontent-range: bytes {start}-{}/{}", end - 1, bytes.len()),
        None => "200 x".to_owned(),
    };
    let head = format!("{head}\r\ncontent-length: {}", part.len());
    let kept = breaks_after.unwrap_or(part.len()).min(part.len());
    (head, part[..kept].to_vec(), false)
}

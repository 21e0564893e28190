//! Accepts connections: each handshake in a task of its own, so that a silent peer delays nobody.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, Stream};
use crate::limits;

/// After a failed `accept` (most often: out of file descriptors) wait before the next one.
const ACCEPT_BACK_OFF: Duration = Duration::from_millis(200);

/// Connections that are ready to be served. A stream for tonic, a `Listener` for axum.
pub struct Incoming {
    address: SocketAddr,
    ready: mpsc::Receiver<Connection>,
}

impl Incoming {
    /// Starts accepting, until `stop` or until this is dropped. With `tls`, only connections whose
    /// handshake succeeded come out.
    ///
    /// # Errors
    /// The socket has no local address.
    pub fn start(
        listener: TcpListener,
        tls: Option<Arc<rustls::ServerConfig>>,
        stop: CancellationToken,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (accepted, ready) = mpsc::channel(limits::HANDSHAKES_MAX);
        tokio::spawn(accept_loop(listener, tls.map(TlsAcceptor::from), accepted, stop));
        Ok(Self { address, ready })
    }
}

async fn accept_loop(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    accepted: mpsc::Sender<Connection>,
    stop: CancellationToken,
) {
    let connections = Arc::new(Semaphore::new(limits::CONNECTIONS_MAX));
    let handshakes = Arc::new(Semaphore::new(limits::HANDSHAKES_MAX));
    let accept_until_closed = async {
        while let Ok(permit) = Arc::clone(&connections).acquire_owned().await {
            let Ok(handshake_permit) = Arc::clone(&handshakes).acquire_owned().await else { return };
            let (stream, address) = accept(&listener).await;
            let (tls, accepted) = (tls.clone(), accepted.clone());
            tokio::spawn(async move {
                let connection = handshake(stream, address, tls, permit).await;
                drop(handshake_permit);
                if let Some(connection) = connection {
                    // Refused only when the server has stopped.
                    let _ = accepted.send(connection).await;
                }
            });
        }
    };
    tokio::select! {
        () = accept_until_closed => {}
        () = stop.cancelled() => {}
        () = accepted.closed() => {}
    }
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(ACCEPT_BACK_OFF).await;
            }
        }
    }
}

async fn handshake(
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    permit: OwnedSemaphorePermit,
) -> Option<Connection> {
    // Tokens are small and must not wait for a full segment.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, %address, "TCP_NODELAY could not be set");
    }
    let Some(acceptor) = tls else {
        return Some(Connection::new(Stream::Plain(stream), address, permit));
    };
    match tokio::time::timeout(limits::HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(tls)) => Some(Connection::new(Stream::Tls(Box::new(tls)), address, permit)),
        Ok(Err(error)) => {
            tracing::warn!(%error, %address, "TLS handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!(%address, "TLS handshake timed out");
            None
        }
    }
}

impl tokio_stream::Stream for Incoming {
    type Item = io::Result<Connection>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().ready.poll_recv(cx).map(|next| next.map(Ok))
    }
}

impl axum::serve::Listener for Incoming {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        match self.ready.recv().await {
            Some(connection) => {
                let address = connection.peer().address;
                (connection, address)
            }
            // Stopped: nothing more will come; the server is being shut down by its own signal.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

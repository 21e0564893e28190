//! Serving the socket until the process is told to end.

use std::os::unix::net::UnixListener;
use std::sync::Arc;

use cloister_proto::worker::v1::worker_service_server::WorkerServiceServer;
use tokio::signal::unix::{SignalKind, signal};
use tokio_stream::wrappers::UnixListenerStream;
use tonic::transport::Server;

use crate::WorkerError;
use crate::limits::{MAX_CONCURRENT_STREAMS, MAX_REQUEST_BYTES, SHUTDOWN_GRACE};
use crate::service::Service;
use crate::state::State;

/// Serves until SIGTERM. One thread is enough: the engine computes on its own.
pub(crate) fn serve(listener: UnixListener, state: Arc<State>) -> Result<(), WorkerError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(WorkerError::Start)?;
    let served = runtime.block_on(serve_until_told(listener, state));
    // A tokenization that is under way must not hold up the end.
    runtime.shutdown_background();
    served
}

async fn serve_until_told(listener: UnixListener, state: Arc<State>) -> Result<(), WorkerError> {
    let listener = tokio::net::UnixListener::from_std(listener).map_err(WorkerError::Start)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(WorkerError::Start)?;
    let (told, stopping) = tokio::sync::oneshot::channel::<()>();
    let service = WorkerServiceServer::new(Service::new(Arc::clone(&state)))
        .max_decoding_message_size(MAX_REQUEST_BYTES)
        .max_encoding_message_size(MAX_REQUEST_BYTES);
    let server = Server::builder()
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
        .add_service(service)
        .serve_with_incoming_shutdown(UnixListenerStream::new(listener), async {
            let _ = stopping.await;
        });
    tokio::pin!(server);
    tokio::select! {
        served = &mut server => return Ok(served?),
        _ = terminate.recv() => tracing::info!("worker.stop"),
    }
    state.drain();
    state.cancel_all();
    drop(told);
    match tokio::time::timeout(SHUTDOWN_GRACE, server).await {
        Ok(served) => Ok(served?),
        // Connections that stay open end with the process.
        Err(_) => Ok(()),
    }
}

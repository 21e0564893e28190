//! Where the worker stands.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use cloister_proto::worker::v1::{StatusResponse, WorkerPhase};
use runtime_engine::EngineHandle;
use runtime_formats::numerics::contract_id;
use tokio::sync::watch;

/// Shared by the loader, the service and the signal handler.
#[derive(Debug)]
pub(crate) struct State {
    outcome: OnceLock<Result<EngineHandle, String>>,
    draining: AtomicBool,
    loaded_bytes: AtomicU64,
    total_bytes: AtomicU64,
    /// Calls of `Run` that have not ended.
    in_flight: watch::Sender<u32>,
    sandbox: Vec<String>,
}

/// Counts a call until it is dropped.
#[derive(Debug)]
pub(crate) struct InFlight(watch::Sender<u32>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.send_modify(|calls| *calls = calls.saturating_sub(1));
    }
}

/// Why there is no engine to run a sequence on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotServing {
    #[error("the model is still loading; retry in a moment or use another replica")]
    Loading,
    #[error("the replica is draining; use another one")]
    Draining,
    #[error("the model could not be loaded: {0}")]
    Failed(String),
}

impl State {
    pub(crate) fn new(sandbox: Vec<String>) -> Self {
        Self {
            outcome: OnceLock::new(),
            draining: AtomicBool::new(false),
            loaded_bytes: AtomicU64::new(0),
            total_bytes: AtomicU64::new(0),
            in_flight: watch::Sender::new(0),
            sandbox,
        }
    }

    pub(crate) fn progress(&self, loaded_bytes: u64, total_bytes: u64) {
        self.loaded_bytes.store(loaded_bytes, Ordering::Relaxed);
        self.total_bytes.store(total_bytes, Ordering::Relaxed);
    }

    /// The model is loaded. Later calls change nothing, nor after [`Self::failed`].
    pub(crate) fn ready(&self, handle: EngineHandle) {
        let _ = self.outcome.set(Ok(handle));
    }

    /// The model cannot be loaded.
    pub(crate) fn failed(&self, reason: String) {
        let _ = self.outcome.set(Err(reason));
    }

    /// The engine, and a guard that counts the call.
    pub(crate) fn enter(&self) -> Result<(EngineHandle, InFlight), NotServing> {
        let handle = match self.outcome.get() {
            None => return Err(NotServing::Loading),
            Some(Err(reason)) => return Err(NotServing::Failed(reason.clone())),
            Some(Ok(handle)) => handle.clone(),
        };
        self.in_flight.send_modify(|calls| *calls += 1);
        let guard = InFlight(self.in_flight.clone());
        // Counted first: a drain that begins now waits for this call, or this call sees the drain.
        if self.draining.load(Ordering::SeqCst) { Err(NotServing::Draining) } else { Ok((handle, guard)) }
    }

    /// Accepts no new calls; the receiver follows those that are left.
    pub(crate) fn drain(&self) -> watch::Receiver<u32> {
        self.draining.store(true, Ordering::SeqCst);
        self.in_flight.subscribe()
    }

    /// Ends every sequence within one step.
    pub(crate) fn cancel_all(&self) {
        if let Some(Ok(handle)) = self.outcome.get() {
            handle.cancel_all();
        }
    }

    pub(crate) fn status(&self) -> StatusResponse {
        let mut status = StatusResponse {
            phase: self.phase().into(),
            loaded_bytes: self.loaded_bytes.load(Ordering::Relaxed),
            total_bytes: self.total_bytes.load(Ordering::Relaxed),
            numerics_contract: contract_id().to_owned(),
            sandbox: self.sandbox.clone(),
            ..StatusResponse::default()
        };
        match self.outcome.get() {
            None => {}
            Some(Err(reason)) => status.error.clone_from(reason),
            Some(Ok(handle)) => add_load(&mut status, handle),
        }
        status
    }

    fn phase(&self) -> WorkerPhase {
        match self.outcome.get() {
            Some(Err(_)) => WorkerPhase::Failed,
            _ if self.draining.load(Ordering::SeqCst) => WorkerPhase::Draining,
            None => WorkerPhase::Loading,
            Some(Ok(_)) => WorkerPhase::Ready,
        }
    }
}

fn add_load(status: &mut StatusResponse, handle: &EngineHandle) {
    let load = handle.load();
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    status.running = count(load.running);
    status.waiting = count(load.waiting);
    status.kv_blocks_used = count(load.kv_blocks_used);
    status.kv_blocks_total = count(load.kv_blocks_total);
    status.isa = handle.isa().name().to_owned();
    status.prompt_tokens_total = load.prompt_tokens;
    status.completion_tokens_total = load.completion_tokens;
}

//! The process that runs one replica: one model, one Unix socket, no network, no files.
//!
//! [`run`] is called on the main thread of a fresh process, before any other thread exists. It takes the
//! model, binds its socket, puts the walls up (`cloister-sandbox`), and only then loads the model and serves
//! `cloister.worker.v1`. What it sees of prompts and answers leaves through that socket and nowhere else:
//! no span, no log line and no error message repeats any of it.
#![forbid(unsafe_code)]

mod deadline;
mod events;
mod limits;
mod request;
mod server;
mod service;
mod state;
mod trace;

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::Arc;

use cloister_sandbox::{SandboxError, WorkerSandbox};
use runtime_engine::{Engine, EngineOptions};
use state::State;

/// Where the model's bytes come from.
#[derive(Debug)]
pub enum ModelInput {
    /// Standard input, which is replaced by `/dev/null` once the model is taken: a sealed memory file that
    /// the parent has verified.
    Stdin,
    /// An open file.
    File(File),
}

/// How a worker runs.
#[derive(Debug)]
pub struct WorkerOptions {
    /// Where to listen. Must not exist; is created with mode 0600.
    pub socket_path: PathBuf,
    /// The verified model.
    pub model: ModelInput,
    /// Positions a sequence may have.
    pub context_length: u32,
    /// Sequences decoded at the same time.
    pub max_sequences: u32,
    /// Sequences that may wait besides.
    pub max_waiting: u32,
    /// Positions in the KV cache, over all sequences.
    pub kv_tokens: u64,
    /// Compute threads.
    pub threads: usize,
    /// Run without Landlock on kernels that have none; the status says so.
    pub allow_weak_sandbox: bool,
}

/// Why a worker cannot run.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The model could not be taken over.
    #[error("the model on standard input cannot be taken over: {0}")]
    Model(io::Error),
    /// The socket could not be bound.
    #[error("cannot listen on {path}: {source}; remove a stale socket or choose another path", path = path.display())]
    Listen { path: PathBuf, source: io::Error },
    /// The walls could not be put up.
    #[error("the sandbox cannot be put up, so no model is loaded: {0}")]
    Sandbox(#[from] SandboxError),
    /// A thread or the reactor could not be started.
    #[error("the worker's threads cannot be started: {0}")]
    Start(io::Error),
    /// Serving failed.
    #[error("the worker's socket failed: {0}")]
    Serve(#[from] tonic::transport::Error),
}

/// Runs a worker until it is told to end (SIGTERM). Blocks the calling thread, which must be the only one.
///
/// # Errors
/// [`WorkerError`] when it cannot start. A model that cannot be loaded is not an error here: the status then
/// says `FAILED` and why.
pub fn run(options: WorkerOptions) -> Result<(), WorkerError> {
    let engine = EngineOptions {
        context_length: options.context_length,
        max_sequences: options.max_sequences,
        max_waiting: options.max_waiting,
        kv_tokens: options.kv_tokens,
        threads: options.threads,
        isa: None,
    };
    let model = take_model(options.model).map_err(WorkerError::Model)?;
    let path = options.socket_path;
    let listener = listen(&path).map_err(|source| WorkerError::Listen { path, source })?;
    // From here on the process can open nothing and reach nobody.
    let sandbox = WorkerSandbox { readable_files: Vec::new(), allow_weak: options.allow_weak_sandbox };
    let report = sandbox.apply()?;
    tracing::info!(
        context_length = engine.context_length,
        max_sequences = engine.max_sequences,
        threads = engine.threads,
        "worker.start: walled in, loading the model"
    );
    let state = Arc::new(State::new(report.sentences()));
    let loading = Arc::clone(&state);
    std::thread::Builder::new()
        .name("load".to_owned())
        .spawn(move || load(&model, &engine, &loading))
        .map_err(WorkerError::Start)?;
    server::serve(listener, state)
}

/// Takes the model off standard input, so that closing it after loading releases the last copy of its bytes.
fn take_model(input: ModelInput) -> io::Result<File> {
    match input {
        ModelInput::File(file) => Ok(file),
        ModelInput::Stdin => {
            let model = io::stdin().as_fd().try_clone_to_owned()?;
            rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
            Ok(File::from(model))
        }
    }
}

/// Binds the socket so that nobody but this user can ever connect, not even for a moment.
fn listen(path: &std::path::Path) -> io::Result<UnixListener> {
    let previous = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o177));
    let listener = UnixListener::bind(path);
    rustix::process::umask(previous);
    let listener = listener?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn load(model: &File, options: &EngineOptions, state: &State) {
    let progress = |loaded, total| state.progress(loaded, total);
    match Engine::load(model, options, progress).and_then(Engine::start) {
        // The thread ends with the process.
        Ok((handle, _thread)) => {
            tracing::info!(isa = handle.isa().name(), "worker.ready");
            state.ready(handle);
        }
        Err(error) => {
            tracing::error!(%error, "worker.load failed");
            state.failed(error.to_string());
        }
    }
}

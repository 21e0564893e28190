//! The other half of this program: a worker, which its agent starts.

use anyhow::{anyhow, ensure};
use runtime_worker::{ModelInput, WorkerOptions};
use rustix::process::{Signal, getppid, set_parent_process_death_signal};

use crate::cli::WorkerArgs;
use crate::telemetry;

/// Runs one replica until its agent ends it. Must be called on the main thread, before any other exists.
///
/// # Errors
///
/// The worker cannot start, in words for its agent's log.
pub fn run(args: WorkerArgs) -> anyhow::Result<()> {
    end_with_parent(args.parent)?;
    telemetry::start_worker();
    tell_panics_by_their_place();
    let options = WorkerOptions {
        socket_path: args.socket,
        model: ModelInput::Stdin,
        context_length: args.context_length,
        max_sequences: args.max_sequences,
        max_waiting: args.max_waiting,
        kv_tokens: args.kv_tokens,
        threads: compute_threads(args.threads),
        allow_weak_sandbox: args.allow_weak_sandbox,
    };
    Ok(runtime_worker::run(options)?)
}

/// What a worker writes is kept, and shown to people who must not read what is asked. The message of a panic may quote
/// the text that it was about; its place does not.
fn tell_panics_by_their_place() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        tracing::error!("worker.panic at {place}; its message is not told, because it may quote a request");
    }));
}

/// A worker without its agent is out of everybody's sight: the kernel ends it with its parent.
fn end_with_parent(parent: u32) -> anyhow::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| anyhow!("cannot tie this worker to its agent: {error}"))?;
    // The agent may have died before the line above: then nobody sends the signal.
    let alive = getppid().is_some_and(|now| now.as_raw_nonzero().get().cast_unsigned() == parent);
    ensure!(alive, "the agent that started this worker has ended");
    Ok(())
}

/// As many as asked for; 0 means one per core that this process may use.
pub(crate) fn compute_threads(asked: u32) -> usize {
    match usize::try_from(asked) {
        Ok(0) | Err(_) => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        Ok(threads) => threads,
    }
}

//! Runs one worker by hand, for tests and measurements: the model is standard input. In the product the agent
//! starts workers itself, as `cloister-agent worker`.

use std::path::PathBuf;

use clap::Parser;
use runtime_worker::{ModelInput, WorkerOptions};

/// Serves the GGUF model on standard input over a Unix socket, inside the sandbox.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen; must not exist
    #[arg(long)]
    socket: PathBuf,
    /// Positions a sequence may have
    #[arg(long, default_value_t = 2048)]
    context_length: u32,
    /// Sequences decoded at the same time
    #[arg(long, default_value_t = 8)]
    max_sequences: u32,
    /// Sequences that may wait besides
    #[arg(long, default_value_t = 32)]
    max_waiting: u32,
    /// Positions in the KV cache, over all sequences
    #[arg(long, default_value_t = 16384)]
    kv_tokens: u64,
    /// Compute threads
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Run without Landlock where the kernel has none
    #[arg(long)]
    allow_weak_sandbox: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    runtime_worker::run(WorkerOptions {
        socket_path: arguments.socket,
        model: ModelInput::Stdin,
        context_length: arguments.context_length,
        max_sequences: arguments.max_sequences,
        max_waiting: arguments.max_waiting,
        kv_tokens: arguments.kv_tokens,
        threads: arguments.threads,
        allow_weak_sandbox: arguments.allow_weak_sandbox,
    })?;
    Ok(())
}

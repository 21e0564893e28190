//! `cloister-agent`: wires the command line to what it asks for.

use std::process::ExitCode;

use clap::Parser;
use cloister_agent::cli::{AgentArgs, Cli, Command};
use cloister_agent::{health, quality, run, stop_signal, telemetry, worker};
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        // A worker starts no thread before its walls are up, so it makes its own runtime.
        Some(Command::Worker(args)) => worker::run(args),
        Some(Command::Health(args)) => health::run(&args),
        Some(Command::Quality(args)) => quality::run(&args),
        None => agent(cli.agent),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln_error(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the last word of a program that ends")]
fn eprintln_error(error: &anyhow::Error) {
    eprintln!("cloister-agent: {error}");
}

fn agent(args: AgentArgs) -> anyhow::Result<()> {
    if args.stop_with_parent {
        stop_signal::stop_with_parent()?;
    }
    // Two threads carry all connections; files, hashing and measuring have threads of their own.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ended = runtime.block_on(async {
        let _telemetry = telemetry::start(args.log_format)?;
        let stop = CancellationToken::new();
        stop_signal::cancel_on_signals(stop.clone())?;
        Ok(run::run(args, stop).await?)
    });
    // A name server that does not answer must not hold up the end.
    runtime.shutdown_background();
    ended
}

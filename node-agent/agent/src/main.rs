//! `cloister-agent`: wires the command line to what it asks for.

use std::process::ExitCode;

use clap::Parser;
use cloister_agent::cli::{AgentArgs, Cli, Command};
use cloister_agent::{quality, run, telemetry, worker};
use rustix::process::{Signal, getppid, set_parent_process_death_signal};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        // A worker starts no thread before its walls are up, so it makes its own runtime.
        Some(Command::Worker(args)) => worker::run(args),
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
        stop_with_parent()?;
    }
    // Two threads carry all connections; files, hashing and measuring have threads of their own.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let _telemetry = telemetry::start(args.log_format)?;
        let stop = CancellationToken::new();
        stop_on_signals(stop.clone())?;
        Ok(run::run(args, stop).await?)
    })
}

/// Asks the kernel for a SIGTERM when the parent process ends.
fn stop_with_parent() -> anyhow::Result<()> {
    let parent = getppid();
    set_parent_process_death_signal(Some(Signal::TERM))?;
    // It may have ended in between; then nobody would send the signal.
    anyhow::ensure!(getppid() == parent, "the process that started this one has ended");
    Ok(())
}

/// The first SIGTERM or SIGINT drains; the second one ends the process, and with it its workers, at once.
fn stop_on_signals(stop: CancellationToken) -> anyhow::Result<()> {
    const EXIT_INTERRUPTED: i32 = 130;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if stop.is_cancelled() {
                std::process::exit(EXIT_INTERRUPTED);
            }
            stop.cancel();
        }
    });
    Ok(())
}

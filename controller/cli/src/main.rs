//! `cloister`: the fleet from a terminal, and a whole fleet on one machine.

mod chat;
mod client;
mod commands;
mod config;
mod error;
mod limits;
mod local;
mod output;
mod render;

use std::process::ExitCode;

use clap::Parser;

// One thread is enough: the client waits for a server, or for two child processes.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = commands::Arguments::parse();
    let output = output::Output::new(arguments.format());
    match commands::run(arguments, &output).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output.fail(&error),
    }
}

//! `cloister-controller`: reads options, runs, and says in a sentence why not.

use std::io::Write as _;
use std::process::ExitCode;

use cloister_server::options::Options;
use cloister_server::telemetry::Telemetry;
use cloister_server::{run, stop_signal};

fn main() -> ExitCode {
    let options = Options::from_command_line();
    match start(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where standard error is gone there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(options: Options) -> anyhow::Result<()> {
    if options.stop_with_parent {
        stop_signal::stop_with_parent()?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (outcome, telemetry) = runtime.block_on(async {
        let telemetry = Telemetry::start()?;
        let stop = stop_signal::watch()?;
        // On a task of its own: its futures are too large for the thread that waits.
        let outcome = tokio::spawn(run::run(options, stop)).await;
        anyhow::Ok((outcome, telemetry))
    })?;
    telemetry.stop();
    Ok(outcome??)
}

//! When to stop: SIGTERM, SIGINT, or the end of the process that started this one.

use std::io;

use rustix::process::{Signal, getppid, set_parent_process_death_signal};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Cancelled at the first SIGTERM or SIGINT. A second one ends the process at once.
///
/// # Errors
/// The handlers could not be installed.
pub fn watch() -> io::Result<CancellationToken> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        told.cancel();
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        // Asked twice: somebody does not want to wait. The next start closes what is open.
        std::process::exit(130);
    });
    Ok(stop)
}

/// Asks the kernel for a SIGTERM when the parent process ends.
///
/// # Errors
/// The kernel refuses, or the parent has ended already.
pub fn stop_with_parent() -> io::Result<()> {
    let parent = getppid();
    set_parent_process_death_signal(Some(Signal::TERM))?;
    // It may have ended in between; then nobody would send the signal.
    if getppid() != parent {
        return Err(io::Error::other("the process that started the controller has ended"));
    }
    Ok(())
}

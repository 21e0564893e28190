//! When to stop: SIGTERM, SIGINT, or the end of the process that started this one.

use rustix::process::{Signal, getppid, set_parent_process_death_signal};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Asks the kernel for a SIGTERM when the parent process ends.
///
/// # Errors
/// The kernel refuses, or the parent has ended already.
pub fn stop_with_parent() -> anyhow::Result<()> {
    let parent = getppid();
    set_parent_process_death_signal(Some(Signal::TERM))?;
    // It may have ended in between; then nobody would send the signal.
    anyhow::ensure!(getppid() == parent, "the process that started this one has ended");
    Ok(())
}

/// The first SIGTERM or SIGINT drains; the second one ends the process, and with it its workers, at once.
///
/// # Errors
/// The handlers could not be installed.
pub fn cancel_on_signals(stop: CancellationToken) -> anyhow::Result<()> {
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

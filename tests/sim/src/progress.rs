//! What the program says: a line when something changed, on standard output.

use std::io::Write as _;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::board::Board;
use crate::limits::PROGRESS_INTERVAL;

/// Prints one line. Nobody may be reading: that is no error.
pub(crate) fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Prints the counts when they changed, until `stop`.
pub(crate) async fn report(board: Arc<Board>, stop: CancellationToken) {
    let mut told = String::new();
    let mut ticks = tokio::time::interval(PROGRESS_INTERVAL);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let now = board.to_string();
        if now != told {
            tell(&now);
            told = now;
        }
    }
}

/// The most memory that this process held, in MiB; 0 if the kernel does not say.
pub(crate) fn peak_memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) >> 10
}

//! The controller and the agent as child processes: started in order, watched, stopped in order.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal};
use tokio::process::{Child as Process, Command};

use crate::error::{CliError, Doing};
use crate::limits::{CHILD_LOG_LINES_SHOWN, CHILD_STOP_TIMEOUT};

/// A running child whose output goes to a log file.
#[derive(Debug)]
pub(crate) struct Child {
    name: &'static str,
    process: Process,
    log: PathBuf,
}

impl Child {
    /// Starts a program that is installed beside this one.
    pub(crate) fn start(
        name: &'static str,
        arguments: &[std::ffi::OsString],
        log: PathBuf,
    ) -> Result<Self, CliError> {
        let program = sibling(name)?;
        let file = open_log(&log)?;
        let second = file.try_clone().doing(|| format!("{} could not be shared", log.display()))?;
        let process = Command::new(&program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(second)
            // Ctrl-C goes to this program alone, which then stops its children in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .doing(|| format!("{} could not be started", program.display()))?;
        Ok(Self { name, process, log })
    }

    /// Waits for the child to end by itself; that is always a fault.
    pub(crate) async fn ended(&mut self) -> CliError {
        match self.process.wait().await {
            Ok(status) => self.ended_with(status),
            Err(error) => CliError::new(format!("{} is lost: {error}", self.name)),
        }
    }

    /// The fault of having ended, if it has.
    pub(crate) fn has_ended(&mut self) -> Option<CliError> {
        self.process.try_wait().ok().flatten().map(|status| self.ended_with(status))
    }

    fn ended_with(&self, status: ExitStatus) -> CliError {
        let last = last_lines(&self.log, CHILD_LOG_LINES_SHOWN);
        CliError::new(format!("{} ended ({status}); its last words:\n{last}", self.name))
            .next(format!("less {}", self.log.display()))
    }

    /// Asks the child to stop, and kills it when it takes too long.
    pub(crate) async fn stop(mut self) -> Result<(), CliError> {
        let Some(id) = self.process.id().and_then(|id| i32::try_from(id).ok()) else { return Ok(()) };
        if let Some(pid) = Pid::from_raw(id) {
            // It may have ended this instant: then there is nothing to stop.
            let _ = rustix::process::kill_process(pid, Signal::TERM);
        }
        match tokio::time::timeout(CHILD_STOP_TIMEOUT, self.process.wait()).await {
            Ok(_) => Ok(()),
            Err(_) => {
                let _ = self.process.kill().await;
                let seconds = CHILD_STOP_TIMEOUT.as_secs();
                Err(CliError::new(format!("{} did not stop within {seconds} s and was killed", self.name)))
            }
        }
    }
}

/// This program as the person typed it, so that what is shown to be typed next works from where they are.
pub(crate) fn invoked_as() -> String {
    std::env::args().next().filter(|name| !name.is_empty()).unwrap_or_else(|| "cloister".to_string())
}

/// A program in the folder of this one.
pub(crate) fn sibling(name: &str) -> Result<PathBuf, CliError> {
    let own = std::env::current_exe().doing(|| "the path of this program is unknown".into())?;
    let program = own.with_file_name(name);
    if program.is_file() {
        return Ok(program);
    }
    Err(CliError::new(format!("{} is not there", program.display()))
        .next(format!("install {name} beside cloister; from the sources: make build")))
}

fn open_log(path: &Path) -> Result<File, CliError> {
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .doing(|| format!("{} could not be opened", path.display()))
}

fn last_lines(path: &Path, count: usize) -> String {
    let text = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    let from = lines.len().saturating_sub(count);
    lines[from..]
        .iter()
        .map(|line| format!("  {}", crate::render::table::printable(line)))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_of_a_log_are_shown_without_control_characters() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("x.log");
        std::fs::write(&log, "one\ntwo\n\x1b[31mthree\n").unwrap();
        assert_eq!(last_lines(&log, 2), "  two\n  \u{fffd}[31mthree");
    }

    #[test]
    fn a_missing_program_is_named_with_what_to_do() {
        let error = sibling("cloister-nonesuch").unwrap_err();
        assert!(error.what.contains("cloister-nonesuch"));
        assert!(error.next.is_some());
    }
}

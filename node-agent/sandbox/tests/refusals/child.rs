//! One attempt in one process.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::{Command, ExitCode};

use cloister_sandbox::WorkerSandbox;

use crate::attempts::TABLE;

pub(crate) const FLAG: &str = "--attempt";
const REFUSED: u8 = 20;
const FAILED: u8 = 21;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Walls {
    None,
    Full,
    OneFile,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Ended {
    Done,
    /// EPERM or EACCES.
    Refused,
    /// SIGSYS: the filter's own signal.
    Killed,
    Otherwise(String),
}

/// Starts this same test program to make one attempt, in a directory of its own.
pub(crate) fn start(name: &str, walls: Walls) -> Ended {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("allowed"), "model").unwrap();
    std::fs::write(directory.path().join("secret"), "secret").unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args([FLAG, name, &format!("{walls:?}")])
        .arg(directory.path())
        .output()
        .unwrap();
    match (output.status.code(), std::os::unix::process::ExitStatusExt::signal(&output.status)) {
        (Some(0), _) => Ended::Done,
        (Some(code), _) if code == i32::from(REFUSED) => Ended::Refused,
        (_, Some(signal)) if signal == rustix::process::Signal::SYS.as_raw() => Ended::Killed,
        _ => {
            Ended::Otherwise(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()))
        }
    }
}

pub(crate) fn run(name: &str, walls: &str, directory: &Path) -> ExitCode {
    let attempt = TABLE.iter().find(|attempt| attempt.name == name).unwrap();
    let prepared = (attempt.prepare)(directory);
    if let Err(error) = put_up(walls, directory) {
        return verdict(&Err(error));
    }
    verdict(&(attempt.attempt)(directory, prepared))
}

fn put_up(walls: &str, directory: &Path) -> io::Result<()> {
    let readable_files = match walls {
        "None" => return Ok(()),
        "OneFile" => vec![directory.join("allowed")],
        _ => Vec::new(),
    };
    let report = WorkerSandbox { readable_files, allow_weak: false }.apply().map_err(io::Error::other)?;
    if report.landlock_abi.is_none() {
        return Err(io::Error::other("no Landlock: these tests need a kernel that has it"));
    }
    Ok(())
}

fn verdict(result: &io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => ExitCode::from(REFUSED),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(FAILED)
        }
    }
}

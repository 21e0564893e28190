//! The walls around the process that sees prompts.
//!
//! A worker calls [`WorkerSandbox::apply`] once, on its main thread, after it has bound its Unix socket and
//! opened its model, and before it starts any other thread. From then on:
//!
//! * **no network**: it can make no socket of any family but an anonymous Unix pair, connect nowhere and
//!   bind nothing (seccomp); TCP bind and connect are denied a second time by Landlock;
//! * **no files**: it can open nothing but the files it was given, and those for reading only (Landlock; with
//!   no files given seccomp refuses every open as well); nothing can be written, created or removed;
//! * **no other processes**: no exec, no new process, no tracing, no signal to anyone but itself.
//!
//! What it had open before (its listening socket, its model, its standard streams) keeps working. Calls that
//! a library may attempt in good faith answer `EPERM`; calls that only an attacker needs end the process.

mod error;
mod file_access;
mod seccomp;
mod syscalls;

use std::path::PathBuf;

pub use error::SandboxError;

/// What a worker may still reach once the walls are up.
#[derive(Debug, Clone, Default)]
pub struct WorkerSandbox {
    /// Files that may still be opened, for reading. Normally none: a worker's model arrives already open.
    pub readable_files: Vec<PathBuf>,
    /// Go on without Landlock where the kernel has none. Opens are then limited by seccomp alone, which knows
    /// modes but not paths; the report says so.
    pub allow_weak: bool,
}

/// What is enforced, for the agent to report and an auditor to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxReport {
    /// Landlock ABI in force; `None` when the kernel has no Landlock and a weak sandbox was allowed.
    pub landlock_abi: Option<u32>,
    /// System calls that are still allowed; every other one is refused.
    pub allowed_syscalls: usize,
}

impl SandboxReport {
    /// One sentence per wall, as shown beside a replica.
    pub fn sentences(&self) -> Vec<String> {
        let files = match self.landlock_abi {
            Some(abi) => format!("sandbox: Landlock ABI {abi} denies all files and all TCP"),
            None => {
                "sandbox: WEAK, this kernel has no Landlock; files are limited by seccomp alone".to_owned()
            }
        };
        let calls = format!(
            "sandbox: seccomp allows {} system calls; sockets, exec and tracing are refused",
            self.allowed_syscalls
        );
        vec![files, calls]
    }
}

impl WorkerSandbox {
    /// Puts the walls up around the calling process. They cannot be taken down again.
    ///
    /// # Errors
    ///
    /// [`SandboxError`] if any wall cannot be put up in full. The caller must then exit: some walls may
    /// already stand, and a worker without all of them must not see a prompt.
    pub fn apply(&self) -> Result<SandboxReport, SandboxError> {
        refuse_other_threads()?;
        let landlock_abi = file_access::restrict(&self.readable_files, self.allow_weak)?;
        let allowed_syscalls = seccomp::restrict(!self.readable_files.is_empty())?;
        Ok(SandboxReport { landlock_abi, allowed_syscalls })
    }
}

/// Landlock before ABI 8 binds only the calling thread and those it starts later: a thread that already ran
/// would stay outside.
fn refuse_other_threads() -> Result<(), SandboxError> {
    let threads = std::fs::read_dir("/proc/self/task").map_err(SandboxError::CountThreads)?.count();
    if threads == 1 { Ok(()) } else { Err(SandboxError::ThreadsRunning { threads }) }
}

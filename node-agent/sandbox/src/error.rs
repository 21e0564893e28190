//! Why a sandbox could not be put up.

use std::path::PathBuf;

/// A wall that could not be put up. The process must exit: it may be half walled in.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The sandbox must come first.
    #[error(
        "the sandbox must be applied while the process has one thread; it has {threads}. \
         Apply it before starting any thread or multi-threaded runtime"
    )]
    ThreadsRunning {
        /// Threads seen in /proc/self/task.
        threads: usize,
    },
    /// /proc is needed to see that no other thread escapes.
    #[error(
        "cannot count this process's threads in /proc/self/task: {0}. Mount /proc in the agent's container"
    )]
    CountThreads(#[source] std::io::Error),
    /// The kernel has no Landlock, or it is switched off.
    #[error(
        "this kernel offers no Landlock ({reason}), so a worker's file access cannot be walled in. Use Linux 5.13 \
         or later with `landlock` in the `lsm=` boot parameter, and in a container a seccomp profile that lets Landlock \
         through (RuntimeDefault does), or start the agent with --allow-weak-sandbox"
    )]
    NoLandlock {
        /// "not built in" or "not enabled".
        reason: &'static str,
    },
    /// A file that should stay readable cannot be opened now.
    #[error("cannot open {path} to keep it readable inside the sandbox: {source}")]
    ReadableFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: landlock::PathFdError,
    },
    /// Landlock refused the rules.
    #[error("Landlock refused the worker's rules: {0}")]
    Landlock(#[from] landlock::RulesetError),
    /// Landlock took the rules but does not enforce them.
    #[error("Landlock did not enforce the worker's rules, although the kernel offers it")]
    NotEnforced,
    /// There is no table of system calls for this machine.
    #[error("no system call table for {arch}: workers run on x86_64 and aarch64")]
    Architecture {
        /// As the compiler calls it.
        arch: &'static str,
    },
    /// The filter does not compile.
    #[error("the system call filter is invalid: {0}")]
    Filter(#[from] seccompiler::BackendError),
    /// The kernel refused the filter.
    #[error("the kernel refused the system call filter: {0}. It must be built with CONFIG_SECCOMP_FILTER")]
    Seccomp(#[from] seccompiler::Error),
}

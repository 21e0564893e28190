//! Starting a worker: this same program, in an almost empty environment, with the model on standard input.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use cloister_proto::agent::v1::DesiredReplica;
use tokio::process::{Child, Command};

use crate::files;
use crate::limits::SOCKET_PATH_MAX_BYTES;

/// Variables that a worker may see.
const ENVIRONMENT: [&str; 3] = ["CLOISTER_ISA", "RUST_LOG", "RUST_BACKTRACE"];

/// How workers are started on this node.
#[derive(Debug)]
pub(crate) struct Launcher {
    program: PathBuf,
    run_directory: PathBuf,
    threads: u32,
    allow_weak_sandbox: bool,
}

impl Launcher {
    /// # Errors
    ///
    /// The program cannot find itself, or sockets in `run_directory` would have too long a path.
    pub(crate) fn new(run_directory: &Path, threads: u32, allow_weak_sandbox: bool) -> io::Result<Self> {
        let program = std::env::current_exe()?;
        Ok(Self { program, run_directory: run_directory.to_owned(), threads, allow_weak_sandbox })
    }

    /// Where the replica's worker listens.
    pub(crate) fn socket(&self, replica_id: &str) -> PathBuf {
        self.run_directory.join(format!("{replica_id}.sock"))
    }

    /// Starts a worker. It is killed when the returned child is dropped.
    pub(crate) fn start(&self, order: &DesiredReplica, socket: &Path, model: File) -> io::Result<Child> {
        if socket.as_os_str().len() > SOCKET_PATH_MAX_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::InvalidFilename,
                format!(
                    "the socket path {} is longer than {SOCKET_PATH_MAX_BYTES} bytes; use a shorter --data",
                    socket.display()
                ),
            ));
        }
        // A socket left by a worker that was killed would keep the new one from listening.
        files::remove_stale(socket)?;
        let mut command = Command::new(&self.program);
        command.arg("worker").arg("--socket").arg(socket);
        for (option, value) in self.numbers(order) {
            command.arg(option).arg(value.to_string());
        }
        if self.allow_weak_sandbox {
            command.arg("--allow-weak-sandbox");
        }
        let environment = ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        command.env_clear().envs(environment);
        // A group of its own: Ctrl-C in a terminal reaches the agent alone, which then drains its workers.
        command.process_group(0).kill_on_drop(true).current_dir("/");
        // Sealed memory needs no name in any file system, and standard input no number to agree upon.
        command.stdin(Stdio::from(model)).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn()
    }

    fn numbers(&self, order: &DesiredReplica) -> [(&'static str, u64); 6] {
        let threads = if order.threads == 0 { self.threads } else { order.threads };
        [
            ("--parent", u64::from(std::process::id())),
            ("--context-length", u64::from(order.context_length)),
            ("--max-sequences", u64::from(order.max_sequences)),
            ("--max-waiting", u64::from(order.max_waiting)),
            ("--kv-tokens", order.kv_tokens),
            ("--threads", u64::from(threads)),
        ]
    }
}

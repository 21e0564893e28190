//! The programs under test, as processes.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// A program that the workspace builds.
pub fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("a test has a path");
    // target/<profile>/deps/<test> -> target/<profile>/<program>
    let folder = own.parent().and_then(Path::parent).expect("tests lie in target/<profile>/deps");
    let program = folder.join(name);
    assert!(program.is_file(), "{} is not built: run `make build` first", program.display());
    program
}

/// A running program whose output goes to a file; killed when dropped.
pub struct Program {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Program {
    pub fn start<S: AsRef<OsStr>>(name: &str, arguments: &[S], log: PathBuf) -> Self {
        Self::start_with(name, arguments, log, &[])
    }

    pub fn start_with<S: AsRef<OsStr>>(
        name: &str,
        arguments: &[S],
        log: PathBuf,
        environment: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::new(program(name));
        command.args(arguments).envs(environment.iter().copied());
        Self::spawn(name, command, log)
    }

    /// Starts a program that sees a small disk of its own, in memory, at `mount_point`. A mount namespace
    /// inside a user namespace: it needs no privilege, and ends with the program.
    pub fn start_with_small_disk<S: AsRef<OsStr>>(
        name: &str,
        arguments: &[S],
        log: PathBuf,
        mount_point: &Path,
        disk_bytes: u64,
    ) -> Self {
        let script = format!(r#"mount -t tmpfs -o size={disk_bytes} tmpfs "$0" && exec "$@""#);
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]);
        command.arg(mount_point).arg(program(name)).args(arguments);
        Self::spawn(name, command, log)
    }

    fn spawn(name: &str, mut command: Command, log: PathBuf) -> Self {
        let file = File::options().create(true).append(true).open(&log).expect("the log can be written");
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a file can be shared"))
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} could not be started: {error}"));
        Self { name: name.to_string(), child, log }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(pid(self.child.id()), signal).expect("the process is ours and runs");
    }

    /// `kill -9`, and the wait for it to be over.
    pub fn kill(mut self) {
        self.child.kill().expect("the process is ours");
        self.child.wait().expect("it ended");
    }

    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the process is ours")
    }

    /// Waits for it to end by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        let name = self.name.clone();
        crate::until(&format!("the end of {name}"), async || self.has_ended()).await
    }

    /// Asks it to stop and waits; gives the exit status.
    pub async fn stop(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.ended().await
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.child.try_wait().ok().flatten().is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().collect();
            let from = lines.len().saturating_sub(40);
            eprintln!("--- {} ({})\n{}", self.name, self.log.display(), lines[from..].join("\n"));
        }
    }
}

pub fn pid(id: u32) -> Pid {
    Pid::from_raw(i32::try_from(id).expect("a process id")).expect("not zero")
}

/// Direct children of a process whose command line holds `word`.
pub fn children_with(parent: u32, word: &str) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name in parentheses may hold spaces; the parent's id is the second field after it.
        let after = stat.rsplit(')').next().unwrap_or_default();
        let is_child = after.split_whitespace().nth(1) == Some(&parent.to_string());
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if is_child && String::from_utf8_lossy(&line).contains(word) {
            found.push(id);
        }
    }
    found
}

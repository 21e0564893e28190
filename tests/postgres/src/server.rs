//! One server process.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::StartError;
use crate::command::{Programs, hand_over, unprivileged};

/// How long the server may take to accept connections.
const READY_DEADLINE: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Runs the server and ends it (fast shutdown) when told so, or when its standard input closes. The
/// kernel closes it when the test process is gone, so that not even `kill -9` leaves anything behind.
const KEEPER: &str = r#"folder=$1; shift
"$@" </dev/null & server=$!
read -r order
kill -INT "$server"
wait "$server"
[ "$order" = keep ] || rm -rf "$folder""#;
/// Tells the keeper that the data is still needed.
const KEEP_DATA: &[u8] = b"keep\n";

/// Whether the server waits for the disk. Tests need not, measurements must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    Fast,
    Real,
}

/// A PostgreSQL server of its own. Dropping it ends it and removes its data.
pub struct Server {
    programs: Programs,
    folder: TempDir,
    durability: Durability,
    /// None while stopped.
    keeper: Option<Child>,
    databases: AtomicU32,
}

impl Server {
    /// A new server with no databases.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or did not start; the sentence says which.
    pub fn start(durability: Durability) -> Result<Self, StartError> {
        let programs = Programs::find()?;
        let folder = TempDir::with_prefix("pg-").map_err(StartError::io("make a folder for PostgreSQL"))?;
        hand_over(folder.path())?;
        let data = folder.path().join("data");
        let args = ["--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"];
        let mut args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        args.extend([OsStr::new("-D"), data.as_os_str()]);
        programs.run("initdb", &args)?;
        let databases = AtomicU32::new(0);
        let mut server = Self { programs, folder, durability, keeper: None, databases };
        server.resume()?;
        Ok(server)
    }

    /// The server that all tests of one binary share.
    ///
    /// # Panics
    /// With the reason, when there is none: a test without its database has failed.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(Durability::Fast).expect("tests need PostgreSQL"))
    }

    /// Makes a new, empty database; returns its URL.
    ///
    /// # Errors
    /// `createdb` failed.
    pub fn create_database(&self) -> Result<String, StartError> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let (socket, user) = (self.folder.path().as_os_str(), OsStr::new("postgres"));
        let (host, username) = (OsStr::new("--host"), OsStr::new("--username"));
        self.programs.run("createdb", &[host, socket, username, user, OsStr::new(&name)])?;
        Ok(format!("postgres://postgres@localhost/{name}?host={}", self.folder.path().display()))
    }

    /// Ends the server as a fast shutdown does: sessions are cut, data stays.
    pub fn stop(&mut self) {
        self.end(KEEP_DATA);
    }

    fn end(&mut self, order: &[u8]) {
        let Some(mut keeper) = self.keeper.take() else { return };
        if let Some(mut stdin) = keeper.stdin.take() {
            // A keeper that is gone already has no server to end.
            let _ = stdin.write_all(order);
        }
        // The keeper waits for the server; its exit status says nothing more.
        let _ = keeper.wait();
    }

    /// Starts a stopped server on the data it had.
    ///
    /// # Errors
    /// It did not accept connections in time.
    pub fn resume(&mut self) -> Result<(), StartError> {
        if self.keeper.is_some() {
            return Ok(());
        }
        self.keeper = Some(self.spawn()?);
        let deadline = Instant::now() + READY_DEADLINE;
        while !self.accepts_connections()? {
            if Instant::now() > deadline {
                let output = fs::read_to_string(self.log_path()).unwrap_or_default();
                return Err(StartError::NotReady { seconds: READY_DEADLINE.as_secs(), output });
            }
            pause();
        }
        Ok(())
    }

    fn spawn(&self) -> Result<Child, StartError> {
        let log = File::create(self.log_path()).map_err(StartError::io("make PostgreSQL's log"))?;
        let fsync = if self.durability == Durability::Fast { "fsync=off" } else { "fsync=on" };
        let mut command = unprivileged(OsStr::new("sh"));
        command.args(["-c", KEEPER, "keeper"]).arg(self.folder.path()).arg(self.programs.path("postgres"));
        command.arg("-D").arg(self.folder.path().join("data")).arg("-k").arg(self.folder.path());
        command.args(["-c", "listen_addresses=", "-c", "max_connections=200", "-c", fsync]);
        quiet(&mut command, log).spawn().map_err(StartError::io("start PostgreSQL"))
    }

    fn accepts_connections(&self) -> Result<bool, StartError> {
        let mut command = self.programs.command("pg_isready");
        command.arg("--quiet").arg("--host").arg(self.folder.path()).stdout(Stdio::null());
        let status = command.status().map_err(StartError::io("run pg_isready"))?;
        Ok(status.success())
    }

    fn log_path(&self) -> PathBuf {
        Path::join(self.folder.path(), "log")
    }
}

/// Between two looks at a process that has no way to tell when it is ready.
#[allow(clippy::disallowed_methods, reason = "polls a condition, with a deadline")]
fn pause() {
    thread::sleep(POLL_INTERVAL);
}

fn quiet(command: &mut Command, log: File) -> &mut Command {
    command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::from(log))
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end(b"");
    }
}

#[cfg(test)]
mod tests;

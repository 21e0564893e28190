//! One registry process.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, iter};

use tempfile::TempDir;

use crate::StartError;

/// How long the registry may take to accept connections.
const READY_DEADLINE: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Runs the registry and ends it when its standard input closes. The kernel closes it when the test
/// process is gone, so that not even `kill -9` leaves anything behind.
const KEEPER: &str = r#"folder=$1; shift
"$@" </dev/null & server=$!
read -r order
kill -TERM "$server"
wait "$server"
rm -rf "$folder""#;

/// A registry of its own. Dropping it ends it and removes its data.
pub struct Registry {
    folder: TempDir,
    address: SocketAddr,
    keeper: Child,
}

impl Registry {
    /// An empty registry that everybody may write to.
    ///
    /// # Errors
    /// It is not installed, or did not start; the sentence says which.
    pub fn start() -> Result<Self, StartError> {
        Self::with(None)
    }

    /// An empty registry that wants a name and a password. `htpasswd` is a line `name:bcrypt hash`.
    ///
    /// # Errors
    /// As [`Registry::start`].
    pub fn with_password(htpasswd: &str) -> Result<Self, StartError> {
        Self::with(Some(htpasswd))
    }

    fn with(htpasswd: Option<&str>) -> Result<Self, StartError> {
        let program = find()?;
        let folder =
            TempDir::with_prefix("registry-").map_err(StartError::io("make a folder for the registry"))?;
        let address = free_address()?;
        let config = write_config(folder.path(), address, htpasswd)?;
        let log = File::create(folder.path().join("log")).map_err(StartError::io("make a log"))?;
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "keeper"]).arg(folder.path()).arg(program).arg("serve").arg(config);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::from(log));
        // Settings of the machine's own registry, if it has one, are none of this one's.
        let foreign = env::vars_os().map(|(name, _)| name);
        for name in foreign.filter(|name| name.to_string_lossy().starts_with("REGISTRY_")) {
            command.env_remove(name);
        }
        let keeper = command.spawn().map_err(StartError::io("start the registry"))?;
        let registry = Self { folder, address, keeper };
        registry.wait_until_ready()?;
        Ok(registry)
    }

    /// `127.0.0.1:PORT`, as it stands in references.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The file in which the registry keeps the blob of this digest (`sha256:…`).
    pub fn blob_path(&self, digest: &str) -> PathBuf {
        let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
        let start = hex.get(..2).unwrap_or_default();
        let parts = ["data/docker/registry/v2/blobs/sha256", start, hex, "data"];
        parts.iter().fold(self.folder.path().to_owned(), |path, part| path.join(part))
    }

    fn wait_until_ready(&self) -> Result<(), StartError> {
        let deadline = Instant::now() + READY_DEADLINE;
        while TcpStream::connect(self.address).is_err() {
            if Instant::now() > deadline {
                let output = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                return Err(StartError::NotReady { seconds: READY_DEADLINE.as_secs(), output });
            }
            pause();
        }
        Ok(())
    }
}

fn find() -> Result<PathBuf, StartError> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(iter::once(PathBuf::from("/usr/bin")));
    let mut programs = folders.map(|folder| folder.join("docker-registry"));
    programs.find(|program| program.exists()).ok_or(StartError::Missing)
}

/// A port that is free now. Nobody else takes one of these in the moment until the registry does.
fn free_address() -> Result<SocketAddr, StartError> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(StartError::io("find a free port"))?;
    listener.local_addr().map_err(StartError::io("find a free port"))
}

fn write_config(folder: &Path, address: SocketAddr, htpasswd: Option<&str>) -> Result<PathBuf, StartError> {
    let failed = || StartError::io("write the registry's configuration");
    let data = folder.join("data");
    let mut text = format!(
        "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n",
        data.display()
    );
    if let Some(line) = htpasswd {
        let file = folder.join("htpasswd");
        fs::write(&file, format!("{line}\n")).map_err(failed())?;
        text += &format!("auth:\n  htpasswd:\n    realm: test\n    path: {}\n", file.display());
    }
    let config = folder.join("config.yml");
    fs::write(&config, text).map_err(failed())?;
    Ok(config)
}

/// Between two looks at a process that has no way to tell when it is ready.
#[allow(clippy::disallowed_methods, reason = "polls a condition, with a deadline")]
fn pause() {
    thread::sleep(POLL_INTERVAL);
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // The keeper waits for the registry; its exit status says nothing more.
        let _ = self.keeper.wait();
    }
}

//! What is where under the data folder.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use serde::Deserialize;

use crate::config::base;
use crate::error::{CliError, Doing};

/// The data folder of a fleet on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: PathBuf,
}

/// Where the controller listens, as it wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Endpoints {
    pub(crate) http: String,
    pub(crate) grpc: String,
    pub(crate) agents: String,
}

impl Layout {
    /// `--data`, else the user's data folder.
    pub(crate) fn new(given: Option<PathBuf>) -> Result<Self, CliError> {
        let root = match given {
            Some(root) => root,
            None => base("XDG_DATA_HOME", ".local/share")?.join("cloister"),
        };
        let root = std::path::absolute(&root).doing(|| format!("{} is no path", root.display()))?;
        Ok(Self { root })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
    pub(crate) fn controller(&self) -> PathBuf {
        self.root.join("controller")
    }
    pub(crate) fn agent(&self) -> PathBuf {
        self.root.join("agent")
    }
    pub(crate) fn endpoints_file(&self) -> PathBuf {
        self.controller().join("endpoints.json")
    }
    pub(crate) fn admin_key_file(&self) -> PathBuf {
        self.controller().join("admin.key")
    }
    pub(crate) fn audit_vkey_file(&self) -> PathBuf {
        self.controller().join("audit.vkey")
    }
    pub(crate) fn agent_identity_file(&self) -> PathBuf {
        self.agent().join("identity/node.json")
    }
    pub(crate) fn join_file(&self) -> PathBuf {
        self.root.join("join.token")
    }
    pub(crate) fn log_file(&self, child: &str) -> PathBuf {
        self.root.join("logs").join(format!("{child}.log"))
    }
    pub(crate) fn signing_key_file(&self) -> PathBuf {
        self.root.join("keys/signing.pem")
    }
    pub(crate) fn public_key_file(&self) -> PathBuf {
        self.root.join("keys/signing.pub.pem")
    }
    pub(crate) fn evidence_file(&self) -> PathBuf {
        self.root.join("quickstart.evidence")
    }

    /// Makes the folders, for their owner alone.
    pub(crate) fn make(&self) -> Result<(), CliError> {
        for folder in [self.root.clone(), self.root.join("logs"), self.root.join("keys")] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&folder)
                .doing(|| format!("{} could not be made", folder.display()))?;
        }
        Ok(())
    }

    /// Holds the folder for one `up` at a time, for as long as the file lives.
    pub(crate) fn lock(&self) -> Result<File, CliError> {
        let path = self.root.join("up.lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .doing(|| format!("{} could not be opened", path.display()))?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(file),
            Err(_) => Err(CliError::new(format!("a fleet is already running from {}", self.root.display()))
                .next(
                    "use it as it is, stop it with Ctrl-C where it runs, or give another folder with --data",
                )),
        }
    }

    pub(crate) fn endpoints(&self) -> Option<Endpoints> {
        serde_json::from_slice(&std::fs::read(self.endpoints_file()).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fleet_at_a_time_runs_from_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(Some(folder.path().join("data"))).unwrap();
        layout.make().unwrap();
        let held = layout.lock().unwrap();
        assert!(layout.lock().unwrap_err().what.contains("already running"));
        drop(held);
        layout.lock().unwrap();
    }

    #[test]
    fn folders_are_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(Some(folder.path().join("data"))).unwrap();
        layout.make().unwrap();
        let mode = std::fs::metadata(layout.root()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}

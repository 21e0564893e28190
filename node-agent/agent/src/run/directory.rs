//! The agent's folder.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::files::{self, PRIVATE_FILE, create_private_directory};
use crate::limits::SOCKET_PATH_MAX_BYTES;

/// A socket's name in the run folder: a replica id of usual length and ".sock".
const SOCKET_NAME_BYTES: usize = 40;

/// The folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Two agents must not share one.
    #[error(
        "another agent runs with the folder {0}: stop it first, or give this one a folder of its own with --data"
    )]
    InUse(PathBuf),
    /// It cannot be created or written.
    #[error("cannot use the folder {path}: {source}. Give another one with --data, or check its owner")]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// DIR, locked for this process.
#[derive(Debug)]
pub(crate) struct DataDirectory {
    root: PathBuf,
    run: PathBuf,
    /// Held: the lock ends with the process, however it ends.
    _lock: File,
}

impl DataDirectory {
    pub(crate) fn open(path: &Path) -> Result<Self, DirectoryError> {
        let fail = |source| DirectoryError::Unusable { path: path.to_owned(), source };
        create_private_directory(path).map_err(fail)?;
        let root = path.canonicalize().map_err(fail)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(PRIVATE_FILE)
            .open(root.join("agent.lock"))
            .map_err(fail)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(DirectoryError::InUse(root)),
            Err(std::fs::TryLockError::Error(error)) => return Err(fail(error)),
        }
        let run = run_directory(&root).map_err(fail)?;
        Ok(Self { root, run, _lock: lock })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn identity(&self) -> PathBuf {
        self.root.join("identity")
    }

    pub(crate) fn artifacts(&self) -> PathBuf {
        self.root.join("artifacts")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.root.join("state.json")
    }

    /// Where workers listen.
    pub(crate) fn run(&self) -> &Path {
        &self.run
    }
}

impl Drop for DataDirectory {
    fn drop(&mut self) {
        // Only one outside DIR would be left behind for ever.
        if !self.run.starts_with(&self.root) {
            let _ = std::fs::remove_dir_all(&self.run);
        }
    }
}

/// DIR/run or, where its path would be too long for a socket, a private folder with a short one.
fn run_directory(root: &Path) -> io::Result<PathBuf> {
    let run = root.join("run");
    if run.as_os_str().len() + 1 + SOCKET_NAME_BYTES <= SOCKET_PATH_MAX_BYTES {
        create_private_directory(&run)?;
        return Ok(run);
    }
    let name = getrandom::u64().map_err(|error| io::Error::other(error.to_string()))?;
    let short = std::env::temp_dir().join(format!("cloister-{name:016x}"));
    // Not recursive: an existing folder, which somebody else may have made, is an error.
    std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700).create(&short)?;
    // Whoever looks for the agent's socket finds it by this.
    files::remove_stale(&run)?;
    std::os::unix::fs::symlink(&short, &run)?;
    Ok(short)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn two_agents_cannot_share_a_folder() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("agent");
        let first = DataDirectory::open(&path).unwrap();
        assert!(matches!(DataDirectory::open(&path), Err(DirectoryError::InUse(_))));
        drop(first);
        assert!(DataDirectory::open(&path).is_ok());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn sockets_get_a_short_private_path_however_deep_the_folder_lies() {
        let parent = tempfile::tempdir().unwrap();
        let deep = parent.path().join("d".repeat(60)).join("e".repeat(60));
        let directory = DataDirectory::open(&deep).unwrap();
        let run = directory.run().to_owned();
        assert!(run.as_os_str().len() + 1 + SOCKET_NAME_BYTES <= SOCKET_PATH_MAX_BYTES);
        assert_eq!(std::fs::metadata(&run).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(std::fs::read_link(deep.join("run")).unwrap(), run);
        drop(directory);
        assert!(!run.exists());
        assert!(DataDirectory::open(&deep).is_ok(), "also when a link to an earlier one is there");
    }

    #[test]
    fn a_volume_that_belongs_to_a_group_is_used_as_it_is() {
        let volume = tempfile::tempdir().unwrap();
        let mode = std::fs::Permissions::from_mode(0o2770);
        std::fs::set_permissions(volume.path(), mode).unwrap();
        let directory = DataDirectory::open(volume.path()).unwrap();
        assert_eq!(std::fs::metadata(volume.path()).unwrap().permissions().mode() & 0o7777, 0o2770);
        assert_eq!(std::fs::metadata(directory.run()).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

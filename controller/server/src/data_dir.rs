//! The controller's folder: what lies where, and with which modes.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Paths below `--data DIR`.
#[derive(Debug, Clone)]
pub struct DataDir {
    root: PathBuf,
}

/// The folder could not be used.
#[derive(Debug, thiserror::Error)]
#[error("{what} {path}: {source}; check the owner and the free space of the folder given with --data")]
pub struct DataDirError {
    what: &'static str,
    path: String,
    source: io::Error,
}

impl DataDir {
    /// Makes the folder (mode 0700) with its sub-folders where they are missing.
    ///
    /// # Errors
    /// The folder cannot be made, or belongs to somebody else.
    pub fn open(root: &Path) -> Result<Self, DataDirError> {
        let root = std::path::absolute(root).map_err(failed("cannot resolve", root))?;
        let dir = Self { root };
        for folder in [dir.root.clone(), dir.database_dir(), dir.models_dir()] {
            make_private_dir(&folder).map_err(failed("cannot make", &folder))?;
        }
        Ok(dir)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }
    pub fn ca_key(&self) -> PathBuf {
        self.root.join("ca.key")
    }
    pub fn ca_pem(&self) -> PathBuf {
        self.root.join("ca.pem")
    }
    pub fn audit_key(&self) -> PathBuf {
        self.root.join("audit.key")
    }
    pub fn audit_vkey(&self) -> PathBuf {
        self.root.join("audit.vkey")
    }
    pub fn admin_key(&self) -> PathBuf {
        self.root.join("admin.key")
    }
    pub fn endpoints(&self) -> PathBuf {
        self.root.join("endpoints.json")
    }
    pub fn database_dir(&self) -> PathBuf {
        self.root.join("database")
    }
    pub fn database(&self) -> PathBuf {
        self.database_dir().join("cloister.db")
    }
    pub fn models_dir(&self) -> PathBuf {
        self.root.join("models")
    }

    /// Where the files of a model lie; `None` unless the digest is `sha256:` and 64 hex digits, so
    /// that a digest can never name a path outside the folder.
    pub fn model_dir(&self, digest: &str) -> Option<PathBuf> {
        let hex = digest.strip_prefix("sha256:")?;
        let plain = hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        plain.then(|| self.models_dir().join(hex))
    }
}

/// Reads a file of the folder; `None` if there is none.
///
/// # Errors
/// Any failure but absence.
pub fn read_optional(path: &Path) -> Result<Option<String>, DataDirError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(failed("cannot read", path)(e)),
    }
}

/// Writes a file whole or not at all, durably.
///
/// # Errors
/// The file cannot be written; what was there before is untouched.
pub fn write_atomically(path: &Path, bytes: &[u8], mode: u32) -> Result<(), DataDirError> {
    let write = || -> io::Result<()> {
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(".new");
        let temporary = path.with_file_name(name);
        // A left-over of a crash may have another mode: never write a secret into it.
        match fs::remove_file(&temporary) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
    };
    write().map_err(failed("cannot write", path))
}

fn make_private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    // A folder that was there before may be open to others; the keys in it must not be.
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DataDirError {
    let path = path.display().to_string();
    move |source| DataDirError { what, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_secrets_are_for_their_owner_alone() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(&temp.path().join("fresh")).unwrap();
        write_atomically(&dir.ca_key(), b"secret", 0o600).unwrap();
        let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(dir.root()), 0o700);
        assert_eq!(mode(&dir.models_dir()), 0o700);
        assert_eq!(mode(&dir.ca_key()), 0o600);
    }

    #[test]
    fn a_digest_never_names_a_path_outside_the_models_folder() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let hex = "a".repeat(64);
        assert_eq!(dir.model_dir(&format!("sha256:{hex}")), Some(dir.models_dir().join(&hex)));
        let too_long = "a".repeat(65);
        let climbing = format!("../{}", "a".repeat(61));
        for bad in [hex.as_str(), "sha256:", &format!("sha256:{too_long}"), &format!("sha256:{climbing}")] {
            assert_eq!(dir.model_dir(bad), None, "{bad}");
        }
    }
}

//! The key that signs checkpoints, on disk: the secret half for this user alone, the public half
//! beside it for whoever wants to check.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use cloister_evidence::checkpoint::{CheckpointError, LogKey};
use zeroize::Zeroizing;

/// Longest key file that is read.
const MAX_KEY_FILE_BYTES: u64 = 4_096;

#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("cannot read or write the log key {path}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("the log key {path} can be read by others (mode {mode:o}); make it private with chmod 600")]
    Exposed { path: PathBuf, mode: u32 },
    #[error("the log key {path} is of the log {found}, but this fleet's log is {expected}")]
    OtherLog { path: PathBuf, found: String, expected: String },
    #[error("the log key {path}: {source}")]
    Malformed { path: PathBuf, source: CheckpointError },
    #[error("the system has no randomness for a log key: {0}")]
    Randomness(getrandom::Error),
}

/// Reads the log key at `path`, or makes one for log `origin` and writes it there (mode 0600), with
/// the verifier key beside it (`.vkey`).
///
/// # Errors
/// A key of another log, one that others can read, or a failure of the file system.
pub async fn load_or_create_log_key(path: &Path, origin: &str) -> Result<LogKey, KeyFileError> {
    let (owned_path, origin) = (path.to_owned(), origin.to_owned());
    let task = tokio::task::spawn_blocking(move || load_or_create(&owned_path, &origin));
    task.await.map_err(|e| KeyFileError::File { path: path.to_owned(), source: io::Error::other(e) })?
}

fn load_or_create(path: &Path, origin: &str) -> Result<LogKey, KeyFileError> {
    let failed = |source| KeyFileError::File { path: path.to_owned(), source };
    let key = match File::open(path) {
        Ok(file) => load(path, file)?,
        Err(e) if e.kind() == io::ErrorKind::NotFound => create(path, origin)?,
        Err(e) => return Err(failed(e)),
    };
    if key.origin() != origin {
        return Err(KeyFileError::OtherLog {
            path: path.to_owned(),
            found: key.origin().to_owned(),
            expected: origin.to_owned(),
        });
    }
    let public = path.with_extension("vkey");
    if !public.exists() {
        write_new(&public, 0o644, format!("{}\n", key.verifier_text()).as_bytes()).map_err(failed)?;
    }
    Ok(key)
}

fn load(path: &Path, file: File) -> Result<LogKey, KeyFileError> {
    let failed = |source| KeyFileError::File { path: path.to_owned(), source };
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Exposed { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::with_capacity(MAX_KEY_FILE_BYTES as usize));
    file.take(MAX_KEY_FILE_BYTES).read_to_string(&mut text).map_err(failed)?;
    LogKey::from_text(&text).map_err(|source| KeyFileError::Malformed { path: path.to_owned(), source })
}

fn create(path: &Path, origin: &str) -> Result<LogKey, KeyFileError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(KeyFileError::Randomness)?;
    let key = LogKey::from_seed(origin, &seed)
        .map_err(|source| KeyFileError::Malformed { path: path.to_owned(), source })?;
    let text = Zeroizing::new(format!("{}\n", **key.to_text()));
    write_new(path, 0o600, text.as_bytes())
        .map_err(|source| KeyFileError::File { path: path.to_owned(), source })?;
    Ok(key)
}

/// Whole and on disk under its name, or not there at all: a log signed by half a key is lost.
fn write_new(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    match fs::remove_file(&partial) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests;

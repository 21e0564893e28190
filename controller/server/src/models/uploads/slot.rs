//! One file of an upload: how far it got, and the digest of what has come.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cloister_api::UploadFile;
use cloister_provenance::digest_file;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{ReceivedFile, UploadError, space};

#[derive(Debug)]
pub(super) struct Slot {
    pub(super) name: String,
    pub(super) size_bytes: u64,
    path: PathBuf,
    received_bytes: Arc<AtomicU64>,
    /// Held by the one request that may write.
    writer: Arc<Mutex<Writer>>,
}

/// The writing end of a file.
#[derive(Debug)]
pub(super) struct Writer {
    name: String,
    path: PathBuf,
    size_bytes: u64,
    received_bytes: Arc<AtomicU64>,
    /// Over all bytes received; `None` once some came while another process ran.
    hasher: Option<Sha256>,
}

impl Slot {
    pub(super) fn new(name: String, size_bytes: u64, path: PathBuf) -> Self {
        let received_bytes = Arc::new(AtomicU64::new(0));
        let writer = Writer {
            name: name.clone(),
            path: path.clone(),
            size_bytes,
            received_bytes: Arc::clone(&received_bytes),
            hasher: Some(Sha256::new()),
        };
        Self { name, size_bytes, path, received_bytes, writer: Arc::new(Mutex::new(writer)) }
    }

    /// Takes up what a former process received. False if it cannot be the announced file.
    pub(super) fn take_up(&self) -> bool {
        let Ok(metadata) = fs::symlink_metadata(&self.path) else { return false };
        let Ok(mut writer) = self.writer.try_lock() else { return false };
        self.received_bytes.store(metadata.len(), Ordering::Release);
        if metadata.len() > 0 {
            writer.hasher = None;
        }
        metadata.is_file() && metadata.len() <= self.size_bytes
    }

    pub(super) fn received_bytes(&self) -> u64 {
        self.received_bytes.load(Ordering::Acquire)
    }

    pub(super) fn is_complete(&self) -> bool {
        self.received_bytes() == self.size_bytes
    }

    pub(super) fn is_being_written(&self) -> bool {
        self.writer.try_lock().is_err()
    }

    pub(super) fn last_written(&self) -> Option<Timestamp> {
        let modified = fs::metadata(&self.path).ok()?.modified().ok()?;
        Timestamp::try_from(modified).ok()
    }

    pub(super) fn view(&self) -> UploadFile {
        UploadFile {
            name: self.name.clone(),
            size_bytes: self.size_bytes,
            received_bytes: self.received_bytes(),
        }
    }

    pub(super) fn incomplete(&self) -> UploadError {
        UploadError::Incomplete {
            name: self.name.clone(),
            received_bytes: self.received_bytes(),
            size_bytes: self.size_bytes,
        }
    }

    /// The right to write from `offset_bytes` on.
    pub(super) fn writer(&self, offset_bytes: u64) -> Result<OwnedMutexGuard<Writer>, UploadError> {
        let writer = Arc::clone(&self.writer).try_lock_owned().map_err(|_| UploadError::Busy)?;
        let expected_bytes = self.received_bytes();
        match offset_bytes == expected_bytes {
            true => Ok(writer),
            false => Err(UploadError::WrongOffset { name: self.name.clone(), offset_bytes, expected_bytes }),
        }
    }

    /// The file with its digest; reads it if its bytes came through another process.
    pub(super) fn received(&self) -> Result<ReceivedFile, UploadError> {
        let writer = self.writer.try_lock().map_err(|_| UploadError::Busy)?;
        let sha256 = match &writer.hasher {
            Some(hasher) => hasher.clone().finalize().into(),
            None => read_digest(&self.path)?,
        };
        Ok(ReceivedFile {
            name: self.name.clone(),
            size_bytes: self.size_bytes,
            path: self.path.clone(),
            sha256,
        })
    }
}

fn read_digest(path: &Path) -> Result<[u8; 32], UploadError> {
    let entry = digest_file(path, &mut |_| {})
        .map_err(|error| UploadError::storage("read back the upload", io::Error::other(error)))?;
    Ok(entry.sha256.0)
}

impl Writer {
    /// Opens the file to write behind what has been received.
    pub(super) fn open(&self) -> Result<File, UploadError> {
        let failed = |source| UploadError::storage("open the upload's file", source);
        let mut options = OpenOptions::new();
        options.append(true).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
        let file = options.open(&self.path).map_err(failed)?;
        // What a failed write left behind the received bytes was never counted nor hashed.
        file.set_len(self.received_bytes.load(Ordering::Acquire)).map_err(failed)?;
        Ok(file)
    }

    /// Writes the next bytes, all or none of them.
    pub(super) fn write(&mut self, file: &mut File, bytes: &[u8]) -> Result<(), UploadError> {
        let received = self.received_bytes.load(Ordering::Acquire);
        let grown = received.saturating_add(bytes.len() as u64);
        if grown > self.size_bytes {
            return Err(UploadError::TooLong { name: self.name.clone(), size_bytes: self.size_bytes });
        }
        if let Err(error) = file.write_all(bytes) {
            let folder = self.path.parent().unwrap_or(&self.path);
            return Err(space::write_failed(error, folder, self.size_bytes - received));
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        self.received_bytes.store(grown, Ordering::Release);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_as_such_and_what_came_before_stays() {
        let temp = tempfile::tempdir().unwrap();
        let slot = Slot::new("weights.gguf".into(), 100, temp.path().join("weights.gguf"));
        fs::write(temp.path().join("weights.gguf"), b"").unwrap();
        let mut writer = slot.writer(0).unwrap();
        let mut file = writer.open().unwrap();
        writer.write(&mut file, b"0123456789").unwrap();

        // The kernel's own full disk: every write to it fails with ENOSPC.
        let mut full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let error = writer.write(&mut full, b"abc").unwrap_err();

        assert!(matches!(error, UploadError::NoSpace { needed_bytes: 90, .. }), "{error}");
        drop(writer);
        assert_eq!(slot.received_bytes(), 10);
        let mut writer = slot.writer(10).unwrap();
        let mut file = writer.open().unwrap();
        writer.write(&mut file, &[b'x'; 90]).unwrap();
        drop(writer);
        assert!(slot.is_complete());
        assert_eq!(slot.received().unwrap().sha256, read_digest(&slot.path).unwrap());
    }

    #[test]
    fn a_link_in_the_place_of_a_file_is_never_written_through() {
        let temp = tempfile::tempdir().unwrap();
        let target = temp.path().join("elsewhere");
        fs::write(&target, b"precious").unwrap();
        std::os::unix::fs::symlink(&target, temp.path().join("weights.gguf")).unwrap();
        let slot = Slot::new("weights.gguf".into(), 100, temp.path().join("weights.gguf"));
        assert!(slot.writer(0).unwrap().open().is_err());
        assert!(!slot.take_up());
        assert_eq!(fs::read(&target).unwrap(), b"precious");
    }
}

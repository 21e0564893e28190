//! A file that is still arriving.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rustix::fs::FallocateFlags;

use crate::artifact::ArtifactError;
use crate::artifact::layout::Layout;
use crate::artifact::ranges::{Range, Ranges};
use crate::files;

/// On disk: the part, and beside it which of its ranges have arrived.
#[derive(Debug)]
pub(crate) struct PartialFile {
    pub(crate) name: String,
    size_bytes: u64,
    part: PathBuf,
    ranges_path: PathBuf,
    complete: PathBuf,
    file: File,
    ranges: Mutex<Ranges>,
}

impl PartialFile {
    /// Opens or starts it; `None` when the whole file is there already. Blocks.
    pub(crate) fn open(
        layout: &Layout,
        name: &str,
        sha256: &str,
        size_bytes: u64,
    ) -> Result<Option<Self>, ArtifactError> {
        let (part, ranges_path, complete) = (layout.part(name), layout.ranges(name), layout.file(name));
        if std::fs::symlink_metadata(&complete).is_ok_and(|data| data.is_file() && data.len() == size_bytes) {
            return Ok(None);
        }
        for parent in [part.parent(), complete.parent()].into_iter().flatten() {
            files::create_private_directory(parent).map_err(|error| ArtifactError::disk(parent, error))?;
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(files::PRIVATE_FILE)
            .open(&part)
            .map_err(|error| ArtifactError::disk(&part, error))?;
        let stored = std::fs::read(&ranges_path).unwrap_or_default();
        let ranges = Mutex::new(Ranges::resume(&stored, sha256, size_bytes));
        Ok(Some(Self { name: name.to_owned(), size_bytes, part, ranges_path, complete, file, ranges }))
    }

    pub(crate) fn missing(&self) -> Vec<Range> {
        self.ranges.lock().unwrap_or_else(PoisonError::into_inner).missing()
    }

    pub(crate) fn missing_bytes(&self) -> u64 {
        self.ranges.lock().unwrap_or_else(PoisonError::into_inner).missing_bytes()
    }

    /// What the disk has not set aside for it yet.
    pub(crate) fn unallocated_bytes(&self) -> u64 {
        const STAT_BLOCK_BYTES: u64 = 512;
        let allocated = self.file.metadata().map_or(0, |data| data.blocks().saturating_mul(STAT_BLOCK_BYTES));
        self.size_bytes.saturating_sub(allocated)
    }

    /// Sets disk space aside, so that a full disk shows before the first byte and not at the last. Blocks.
    pub(crate) fn reserve(&self) -> Result<(), ArtifactError> {
        if self.size_bytes == 0 {
            return Ok(());
        }
        match rustix::fs::fallocate(&self.file, FallocateFlags::empty(), 0, self.size_bytes) {
            // Not every file system can; writing will tell.
            Ok(()) | Err(rustix::io::Errno::OPNOTSUPP) => Ok(()),
            Err(error) => Err(self.disk_error(error.into())),
        }
    }

    /// Blocks.
    pub(crate) fn write_at(&self, bytes: &[u8], offset_bytes: u64) -> Result<(), ArtifactError> {
        self.file.write_all_at(bytes, offset_bytes).map_err(|error| self.disk_error(error))
    }

    /// A whole range is written. Not synced: should the machine lose power, the digest tells. Blocks.
    pub(crate) fn mark(&self, range: Range) -> Result<(), ArtifactError> {
        // Held over the write: an older list must not replace a newer one.
        let mut ranges = self.ranges.lock().unwrap_or_else(PoisonError::into_inner);
        ranges.mark(range);
        files::replace(&self.ranges_path, &ranges.to_json())
            .map_err(|error| ArtifactError::disk(&self.ranges_path, error))
    }

    /// Every range has arrived: the part becomes the file. Blocks.
    pub(crate) fn finish(&self) -> Result<(), ArtifactError> {
        let finish = || {
            self.file.set_len(self.size_bytes)?;
            self.file.sync_all()?;
            std::fs::rename(&self.part, &self.complete)
        };
        finish().map_err(|error| self.disk_error(error))?;
        // Stale bookkeeping is harmless: its file is gone.
        let _ = std::fs::remove_file(&self.ranges_path);
        Ok(())
    }

    fn disk_error(&self, error: io::Error) -> ArtifactError {
        if error.kind() != io::ErrorKind::StorageFull {
            return ArtifactError::disk(&self.part, error);
        }
        let directory = self.part.parent().unwrap_or(&self.part).to_owned();
        let available_bytes = rustix::fs::statvfs(&directory)
            .map_or(0, |status| status.f_bavail.saturating_mul(status.f_frsize));
        ArtifactError::DiskFull { directory, needed_bytes: self.unallocated_bytes(), available_bytes }
    }
}

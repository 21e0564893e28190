//! Is there room?

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;

use super::UploadError;

pub(super) fn check_quota(available_bytes: u64, needed_bytes: u64) -> Result<(), UploadError> {
    match needed_bytes <= available_bytes {
        true => Ok(()),
        false => Err(UploadError::OverQuota { needed_bytes, available_bytes }),
    }
}

/// Refuses what the file system cannot hold, before anything is written.
pub(super) fn check_disk(folder: &Path, needed_bytes: u64) -> Result<(), UploadError> {
    let available_bytes =
        available_bytes(folder).map_err(|source| UploadError::storage("ask for free space", source))?;
    match needed_bytes <= available_bytes {
        true => Ok(()),
        false => Err(UploadError::NoSpace { needed_bytes, available_bytes }),
    }
}

/// Free for this user, on the file system of `folder`.
fn available_bytes(folder: &Path) -> io::Result<u64> {
    let stat = statvfs(folder)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Sets the blocks of a file aside without making it longer, so that a disk that fills up meanwhile
/// does not break the upload. Where the file system cannot, the upload goes on without.
pub(super) fn reserve(file: &File, folder: &Path, size_bytes: u64) -> Result<(), UploadError> {
    match fallocate(file, FallocateFlags::KEEP_SIZE, 0, size_bytes) {
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        Err(errno) => Err(write_failed(errno.into(), folder, size_bytes)),
    }
}

/// What a failed write means: no space, or a fault of the disk.
pub(super) fn write_failed(error: io::Error, folder: &Path, needed_bytes: u64) -> UploadError {
    let full = [Errno::NOSPC, Errno::DQUOT, Errno::FBIG].map(Errno::raw_os_error);
    match error.raw_os_error() {
        Some(code) if full.contains(&code) => {
            UploadError::NoSpace { needed_bytes, available_bytes: available_bytes(folder).unwrap_or(0) }
        }
        _ => UploadError::storage("write the upload", error),
    }
}

//! The upload area. Every upload is a folder: `upload.json` says what was announced, `signature` and
//! `files/` hold what has come. How far a file got is its length, so an upload survives a restart.

mod announce;
mod append;
mod error;
mod slot;
mod space;

use std::collections::HashMap;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloister_api::{NewUpload, Upload as UploadView, UploadFile};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::limits;
pub(crate) use announce::{ARCHIVE, is_signature};
use announce::{Announcement, Life};
pub use error::UploadError;
use slot::Slot;

/// All uploads that are open.
#[derive(Debug)]
pub struct Uploads {
    root: PathBuf,
    /// Bytes that all open uploads together may announce.
    quota_bytes: u64,
    open: Mutex<HashMap<String, Arc<Upload>>>,
    writers: Arc<Semaphore>,
}

/// One upload.
#[derive(Debug)]
struct Upload {
    id: String,
    folder: PathBuf,
    created_at: Timestamp,
    files: Vec<Slot>,
    /// Set while it is being imported: nothing may be written or deleted then.
    importing: AtomicBool,
}

/// A file that has come whole.
#[derive(Debug, Clone)]
pub(crate) struct ReceivedFile {
    pub(crate) name: String,
    pub(crate) size_bytes: u64,
    pub(crate) path: PathBuf,
    pub(crate) sha256: [u8; 32],
}

/// An upload that is complete and that nobody else can touch until this is dropped.
#[derive(Debug)]
pub(crate) struct Importing {
    upload: Arc<Upload>,
}

impl Uploads {
    /// Opens the area at `root`: takes up the uploads that a former process left, drops those that
    /// nobody has gone on with for a day. Reads and deletes files: not for the executor's threads.
    ///
    /// # Errors
    /// The folder cannot be made or read.
    pub fn open(root: &Path, quota_bytes: u64, now: Timestamp) -> Result<Self, UploadError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(root);
        made.map_err(|source| UploadError::storage("make the upload area", source))?;
        let mut open = HashMap::new();
        let entries = fs::read_dir(root).map_err(|e| UploadError::storage("read the upload area", e))?;
        for entry in entries {
            let folder = entry.map_err(|e| UploadError::storage("read the upload area", e))?.path();
            match Upload::take_up(&folder) {
                Some(upload) if !upload.is_stale(now) => {
                    drop(open.insert(upload.id.clone(), Arc::new(upload)))
                }
                _ => remove_folder(&folder),
            }
        }
        Ok(Self {
            root: root.to_owned(),
            quota_bytes,
            open: Mutex::new(open),
            writers: Arc::new(Semaphore::new(limits::UPLOAD_WRITERS_MAX)),
        })
    }

    /// Begins an upload: checks what is announced and sets the space aside. Blocks on the disk.
    pub(crate) fn begin(&self, announced: &NewUpload, now: Timestamp) -> Result<UploadView, UploadError> {
        self.make(Announcement::check(announced)?, Life::UntilStale, now)
    }

    /// The same for files that the controller fetches by itself: they do not outlive this process.
    pub(crate) fn begin_fetch(
        &self,
        announced: &NewUpload,
        now: Timestamp,
    ) -> Result<UploadView, UploadError> {
        self.make(Announcement::check(announced)?, Life::UntilRestart, now)
    }

    /// Sets space aside for an archive, called [`ARCHIVE`], that is to be looked into here. It can never
    /// be imported itself: it has no signature.
    pub(crate) fn begin_archive(&self, size_bytes: u64, now: Timestamp) -> Result<UploadView, UploadError> {
        self.make(Announcement::archive(size_bytes)?, Life::UntilRestart, now)
    }

    fn make(
        &self,
        announcement: Announcement,
        life: Life,
        now: Timestamp,
    ) -> Result<UploadView, UploadError> {
        self.drop_stale(now);
        // Held throughout, so that two uploads cannot both be given the last of the quota.
        let mut open = self.lock();
        if open.len() >= limits::UPLOADS_OPEN_MAX {
            return Err(UploadError::TooManyOpen);
        }
        let promised: u64 = open.values().map(|upload| upload.size_bytes()).sum();
        space::check_quota(self.quota_bytes.saturating_sub(promised), announcement.total_bytes)?;
        let id = ulid::Ulid::new().to_string();
        let upload = Upload::create(id, &self.root, announcement, life, now)?;
        let view = upload.view();
        open.insert(upload.id.clone(), Arc::new(upload));
        Ok(view)
    }

    pub(crate) fn view(&self, id: &str) -> Result<UploadView, UploadError> {
        Ok(self.find(id)?.view())
    }

    /// A file that has come whole, with its digest. Blocks on the disk.
    pub(crate) fn received_file(&self, id: &str, name: &str) -> Result<ReceivedFile, UploadError> {
        let upload = self.find(id)?;
        let slot = upload.files.iter().find(|slot| slot.name == name);
        let slot = slot.ok_or_else(|| UploadError::NoSuchFile { name: name.to_owned() })?;
        if slot.is_complete() { slot.received() } else { Err(slot.incomplete()) }
    }

    /// Bytes of a file that are safely here.
    pub(crate) fn received_bytes(&self, id: &str, name: &str) -> Result<u64, UploadError> {
        let upload = self.find(id)?;
        let slot = upload.files.iter().find(|slot| slot.name == name);
        Ok(slot.ok_or_else(|| UploadError::NoSuchFile { name: name.to_owned() })?.received_bytes())
    }

    /// Drops an upload and its bytes. Blocks on the disk.
    pub(crate) fn remove(&self, id: &str) -> Result<(), UploadError> {
        let upload = self.find(id)?;
        let _claim = upload.claim()?;
        self.forget(&upload);
        Ok(())
    }

    /// Claims a complete upload for import.
    pub(crate) fn import(&self, id: &str) -> Result<Importing, UploadError> {
        let upload = self.find(id)?;
        let claim = upload.claim()?;
        match upload.files.iter().find(|slot| !slot.is_complete()) {
            Some(slot) => Err(slot.incomplete()),
            None => Ok(claim),
        }
    }

    /// Drops an upload whose import has ended. Blocks on the disk.
    pub(crate) fn finish(&self, importing: &Importing) {
        self.forget(&importing.upload);
    }

    fn forget(&self, upload: &Upload) {
        self.lock().remove(&upload.id);
        remove_folder(&upload.folder);
    }

    fn drop_stale(&self, now: Timestamp) {
        let stale: Vec<_> = self.lock().values().filter(|upload| upload.is_stale(now)).cloned().collect();
        for upload in stale {
            if let Ok(_claim) = upload.claim() {
                self.forget(&upload);
            }
        }
    }

    fn find(&self, id: &str) -> Result<Arc<Upload>, UploadError> {
        self.lock().get(id).cloned().ok_or_else(|| UploadError::NotFound { id: id.to_owned() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Upload>>> {
        // The map is consistent between any two statements, whoever panicked while holding it.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Upload {
    fn size_bytes(&self) -> u64 {
        self.files.iter().map(|slot| slot.size_bytes).sum()
    }

    fn view(&self) -> UploadView {
        let files: Vec<UploadFile> = self.files.iter().map(Slot::view).collect();
        let complete = self.files.iter().all(Slot::is_complete);
        UploadView { id: self.id.clone(), files, created_at: self.created_at.to_string(), complete }
    }

    fn claim(self: &Arc<Self>) -> Result<Importing, UploadError> {
        if self.importing.swap(true, Ordering::AcqRel) {
            return Err(UploadError::Importing);
        }
        // From here on the drop of `claim` clears the mark.
        let claim = Importing { upload: Arc::clone(self) };
        match self.files.iter().any(Slot::is_being_written) {
            true => Err(UploadError::Busy),
            false => Ok(claim),
        }
    }

    fn is_stale(&self, now: Timestamp) -> bool {
        let last = self.files.iter().filter_map(Slot::last_written).max().unwrap_or(self.created_at);
        now.duration_since(last) > limits::UPLOAD_IDLE_MAX
    }
}

impl Importing {
    /// The files with their digests, the signature bundle among them. Reads those whose bytes this
    /// process has not seen pass by: not for the executor's threads.
    pub(crate) fn files(&self) -> Result<Vec<ReceivedFile>, UploadError> {
        self.upload.files.iter().map(Slot::received).collect()
    }

    pub(crate) fn id(&self) -> &str {
        &self.upload.id
    }

    /// Where the files that the signature covers lie, under their names.
    pub(crate) fn files_folder(&self) -> PathBuf {
        self.upload.folder.join(announce::FILES_FOLDER)
    }
}

impl Drop for Importing {
    fn drop(&mut self) {
        self.upload.importing.store(false, Ordering::Release);
    }
}

/// A folder that cannot be deleted now is tried again at the next start; it must not fail a request
/// whose purpose is already fulfilled.
fn remove_folder(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder) {
        tracing::warn!(%error, folder = %folder.display(), "an upload's folder could not be deleted");
    }
}

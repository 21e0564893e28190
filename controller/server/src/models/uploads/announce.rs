//! What an upload announces, how that is checked, and how it is kept on disk.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use cloister_api::limits::{SIGNATURE_BUNDLE_MAX_BYTES, UPLOAD_FILES_MAX};
use cloister_api::{NewUpload, NewUploadFile};
use cloister_provenance::check_file_name;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::slot::Slot;
use super::{Upload, UploadError, remove_folder, space};
use crate::limits;

pub(super) const FILES_FOLDER: &str = "files";
const DESCRIPTION: &str = "upload.json";
const SIGNATURE: &str = "signature";

/// The name of the one file of an archive's upload.
pub(crate) const ARCHIVE: &str = "archive";

/// How long an upload that nobody finishes stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// A day, through restarts.
    UntilStale,
    /// What is not described on disk is dropped at the next start.
    UntilRestart,
}

/// The extension that marks the signature bundle.
const SIGNATURE_EXTENSION: &str = ".sig";

pub(crate) fn is_signature(name: &str) -> bool {
    name.ends_with(SIGNATURE_EXTENSION)
}

/// An announcement that obeys the rules.
pub(super) struct Announcement {
    files: Vec<NewUploadFile>,
    pub(super) total_bytes: u64,
}

/// `upload.json`.
#[derive(Serialize, Deserialize)]
struct Description {
    created_at: Timestamp,
    files: Vec<NewUploadFile>,
}

impl Announcement {
    pub(super) fn check(announced: &NewUpload) -> Result<Self, UploadError> {
        let files = &announced.files;
        if !(2..=UPLOAD_FILES_MAX).contains(&files.len()) {
            return wrong(format!(
                "an upload has 2 to {UPLOAD_FILES_MAX} files, not {}: the model's and its signature bundle",
                files.len()
            ));
        }
        files.iter().try_for_each(check_file)?;
        check_distinct(files)?;
        match files.iter().filter(|file| is_signature(&file.name)).count() {
            0 => {
                return wrong(
                    "the model is unsigned: no file ends in .sig; sign it first (cloister model sign)",
                );
            }
            1 => {}
            _ => return wrong("several files end in .sig; exactly one is the signature bundle"),
        }
        Self::within_bounds(files.clone())
    }

    /// Of one file that is no model yet.
    pub(super) fn archive(size_bytes: u64) -> Result<Self, UploadError> {
        Self::within_bounds(vec![NewUploadFile { name: ARCHIVE.to_owned(), size_bytes }])
    }

    fn within_bounds(files: Vec<NewUploadFile>) -> Result<Self, UploadError> {
        let total = files.iter().try_fold(0_u64, |sum, file| sum.checked_add(file.size_bytes));
        match total {
            Some(total_bytes) if total_bytes <= limits::UPLOAD_MAX_BYTES => Ok(Self { files, total_bytes }),
            _ => wrong(format!(
                "the files together are larger than {} bytes, the most one upload may have",
                limits::UPLOAD_MAX_BYTES
            )),
        }
    }
}

fn wrong<T>(reason: impl Into<String>) -> Result<T, UploadError> {
    Err(UploadError::Announcement { field: "files", reason: reason.into() })
}

fn check_file(file: &NewUploadFile) -> Result<(), UploadError> {
    if let Err(reason) = check_file_name(&file.name) {
        return wrong(format!("file name {:?} is refused: {reason}", file.name));
    }
    if file.size_bytes == 0 {
        return wrong(format!(
            "file {:?} is announced with 0 bytes; leave it out or state its size",
            file.name
        ));
    }
    if is_signature(&file.name) && file.size_bytes > SIGNATURE_BUNDLE_MAX_BYTES {
        return wrong(format!(
            "{:?} is no signature bundle: those have at most {SIGNATURE_BUNDLE_MAX_BYTES} bytes",
            file.name
        ));
    }
    Ok(())
}

/// No name twice, and none that is also the folder of another.
fn check_distinct(files: &[NewUploadFile]) -> Result<(), UploadError> {
    let mut names = HashSet::new();
    if let Some(twice) = files.iter().find(|file| !names.insert(file.name.as_str())) {
        return wrong(format!("file {:?} is announced twice", twice.name));
    }
    let folders =
        files.iter().flat_map(|file| file.name.match_indices('/').map(|(end, _)| &file.name[..end]));
    match folders.into_iter().find(|folder| names.contains(folder)) {
        Some(both) => wrong(format!("{both:?} is announced as a file and as a folder")),
        None => Ok(()),
    }
}

impl Upload {
    /// Makes the folder and sets the space aside; leaves nothing behind when it fails.
    pub(super) fn create(
        id: String,
        root: &Path,
        announcement: Announcement,
        life: Life,
        now: Timestamp,
    ) -> Result<Self, UploadError> {
        space::check_disk(root, announcement.total_bytes)?;
        let folder = root.join(&id);
        let made = make_files(&folder, &announcement.files).and_then(|()| match life {
            Life::UntilStale => describe(&folder, &announcement.files, now),
            Life::UntilRestart => Ok(()),
        });
        if let Err(error) = made {
            remove_folder(&folder);
            return Err(error);
        }
        let files = slots(&folder, announcement.files);
        Ok(Self { id, folder, created_at: now, files, importing: AtomicBool::new(false) })
    }

    /// Takes up what a former process left; `None` if it makes no sense.
    pub(super) fn take_up(folder: &Path) -> Option<Self> {
        let id = folder.file_name()?.to_str()?.to_owned();
        let text = fs::read(folder.join(DESCRIPTION)).ok()?;
        let Description { created_at, files } = serde_json::from_slice(&text).ok()?;
        Announcement::check(&NewUpload { files: files.clone() }).ok()?;
        let files = slots(folder, files);
        let whole = files.iter().all(Slot::take_up);
        whole.then(|| Self {
            id,
            folder: folder.to_owned(),
            created_at,
            files,
            importing: AtomicBool::new(false),
        })
    }
}

/// The signature bundle lies beside the folder of the files that it covers, so that this folder
/// can become the model's as it is.
fn place(folder: &Path, name: &str) -> PathBuf {
    match is_signature(name) {
        true => folder.join(SIGNATURE),
        false => folder.join(FILES_FOLDER).join(name),
    }
}

fn slots(folder: &Path, files: Vec<NewUploadFile>) -> Vec<Slot> {
    let slot = |file: NewUploadFile| {
        let path = place(folder, &file.name);
        Slot::new(file.name, file.size_bytes, path)
    };
    files.into_iter().map(slot).collect()
}

fn make_files(folder: &Path, files: &[NewUploadFile]) -> Result<(), UploadError> {
    let failed = |source| UploadError::storage("make the upload's files", source);
    let files_folder = folder.join(FILES_FOLDER);
    let make_folder =
        |path: &Path| DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed);
    make_folder(&files_folder)?;
    for file in files {
        let path = place(folder, &file.name);
        if let Some(parent) = path.parent() {
            make_folder(parent)?;
        }
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        space::reserve(&made, &files_folder, file.size_bytes)?;
    }
    Ok(())
}

fn describe(folder: &Path, files: &[NewUploadFile], created_at: Timestamp) -> Result<(), UploadError> {
    let failed = |source| UploadError::storage("describe the upload", source);
    let description = Description { created_at, files: files.to_vec() };
    let file = File::create(folder.join(DESCRIPTION)).map_err(failed)?;
    serde_json::to_writer(file, &description).map_err(|error| failed(error.into()))
}

//! Model directories on disk: hashing them for signing, and checking that they hold the signed files
//! and nothing else. No file is ignored, hidden or not, and no symbolic link is followed: what the
//! signer did not see must not be there.

use std::{
    collections::BTreeMap,
    fs::{self, File, Metadata},
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use crate::{
    digest::Sha256Digest,
    error::{FileError, quoted},
    file::FileVerifier,
    limits::{HASH_BUFFER_BYTES, MAX_DIRECTORY_DEPTH, MAX_FILES},
    manifest::{FileEntry, VerifiedManifest},
    name::check_file_name,
};

/// Is told the number of bytes just hashed.
pub type Progress<'a> = &'a mut dyn FnMut(u64);

/// Digests of every file under `directory`, except `exclude`, ordered by name.
///
/// # Errors
/// A symbolic link, a special file, a name that is refused, too many files, or a read error.
pub fn digest_directory(
    directory: &Path,
    exclude: Option<&Path>,
    progress: Progress<'_>,
) -> Result<Vec<FileEntry>, FileError> {
    let files = list_files(directory, exclude)?;
    files
        .into_iter()
        .map(|(name, path)| {
            let sha256 = digest_named(&name, &path, progress)?;
            Ok(FileEntry { name, sha256 })
        })
        .collect()
}

/// Digest of one regular file, under its own file name.
///
/// # Errors
/// Not a regular file, a name that is refused, or a read error.
pub fn digest_file(path: &Path, progress: Progress<'_>) -> Result<FileEntry, FileError> {
    let folder = || quoted(&path.parent().unwrap_or(path).to_string_lossy());
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| FileError::NameNotUtf8 { folder: folder() })?.to_owned();
    check_file_name(&name).map_err(|reason| FileError::Name { name: quoted(&name), reason })?;
    let sha256 = digest_named(&name, path, progress)?;
    Ok(FileEntry { name, sha256 })
}

/// Checks that `directory` holds exactly the files of `manifest`, byte for byte. `exclude` is the
/// signature file if it lies in the directory.
///
/// # Errors
/// The first file that is missing, unlisted, a link, unreadable or altered. Names are checked before
/// bytes, so that a stray file is reported at once.
pub fn verify_directory(
    manifest: &VerifiedManifest,
    directory: &Path,
    exclude: Option<&Path>,
    progress: Progress<'_>,
) -> Result<(), FileError> {
    let found = check_listing(manifest, directory, exclude)?;
    verify_contents(manifest, &found, progress)
}

/// Checks `path` against a manifest of exactly one file. The file's own name is not compared: a
/// one-file model may be stored under any name.
///
/// # Errors
/// The manifest lists several files, or the file is unreadable or altered.
pub fn verify_single_file(
    manifest: &VerifiedManifest,
    path: &Path,
    progress: Progress<'_>,
) -> Result<(), FileError> {
    let [entry] = manifest.files.as_slice() else {
        return Err(FileError::NotASingleFile { count: manifest.files.len() });
    };
    verify_one(entry, path, progress)
}

/// First half of [`verify_directory`]: the names. Returns the path of each listed file.
pub(crate) fn check_listing(
    manifest: &VerifiedManifest,
    directory: &Path,
    exclude: Option<&Path>,
) -> Result<BTreeMap<String, PathBuf>, FileError> {
    let found = list_files(directory, exclude)?;
    let listed: BTreeMap<&str, &FileEntry> =
        manifest.files.iter().map(|entry| (entry.name.as_str(), entry)).collect();
    if let Some(name) = found.keys().find(|name| !listed.contains_key(name.as_str())) {
        return Err(FileError::Unlisted { name: quoted(name) });
    }
    match manifest.files.iter().find(|entry| !found.contains_key(&entry.name)) {
        Some(entry) => Err(FileError::Missing { name: quoted(&entry.name) }),
        None => Ok(found),
    }
}

/// Second half of [`verify_directory`]: the bytes.
pub(crate) fn verify_contents(
    manifest: &VerifiedManifest,
    found: &BTreeMap<String, PathBuf>,
    progress: Progress<'_>,
) -> Result<(), FileError> {
    manifest.files.iter().try_for_each(|entry| {
        let path = found.get(&entry.name);
        let path = path.ok_or_else(|| FileError::Missing { name: quoted(&entry.name) })?;
        verify_one(entry, path, progress)
    })
}

fn verify_one(entry: &FileEntry, path: &Path, progress: Progress<'_>) -> Result<(), FileError> {
    let mut verifier = FileVerifier::new(entry);
    read_regular(&entry.name, path, progress, |bytes| verifier.update(bytes))?;
    verifier.finish()
}

fn digest_named(name: &str, path: &Path, progress: Progress<'_>) -> Result<Sha256Digest, FileError> {
    let mut hasher = Sha256::new();
    read_regular(name, path, progress, |bytes| hasher.update(bytes))?;
    Ok(Sha256Digest(hasher.finalize().into()))
}

/// Every file under `directory` by its relative name. Links, devices and sockets are refused.
fn list_files(directory: &Path, exclude: Option<&Path>) -> Result<BTreeMap<String, PathBuf>, FileError> {
    let exclude = exclude.and_then(|path| fs::symlink_metadata(path).ok());
    let mut found = BTreeMap::new();
    let mut folders = vec![(String::new(), directory.to_owned(), 0)];
    while let Some((prefix, folder, depth)) = folders.pop() {
        if depth > MAX_DIRECTORY_DEPTH {
            return Err(FileError::TooDeep { name: quoted(&prefix) });
        }
        let unreadable = |source| FileError::Read { name: quoted(&folder.to_string_lossy()), source };
        for item in fs::read_dir(&folder).map_err(unreadable)? {
            let path = item.map_err(unreadable)?.path();
            let name = relative_name(&prefix, &path)?;
            let metadata = fs::symlink_metadata(&path)
                .map_err(|source| FileError::Read { name: quoted(&name), source })?;
            if metadata.is_dir() {
                folders.push((format!("{name}/"), path, depth + 1));
            } else if !exclude.as_ref().is_some_and(|excluded| is_same(excluded, &metadata)) {
                check_regular(&name, &metadata)?;
                found.insert(name, path);
            }
            if found.len() > MAX_FILES || folders.len() > MAX_FILES {
                return Err(FileError::TooManyFiles);
            }
        }
    }
    Ok(found)
}

fn relative_name(prefix: &str, path: &Path) -> Result<String, FileError> {
    let last = path.file_name().and_then(|name| name.to_str());
    let last = last.ok_or_else(|| FileError::NameNotUtf8 { folder: quoted(prefix) })?;
    let name = format!("{prefix}{last}");
    check_file_name(&name).map_err(|reason| FileError::Name { name: quoted(&name), reason })?;
    Ok(name)
}

fn check_regular(name: &str, metadata: &Metadata) -> Result<(), FileError> {
    if metadata.is_symlink() {
        return Err(FileError::Symlink { name: quoted(name) });
    }
    if !metadata.is_file() {
        return Err(FileError::NotAFile { name: quoted(name) });
    }
    Ok(())
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Reads a regular file in pieces. A link put in its place between look and open is noticed.
fn read_regular(
    name: &str,
    path: &Path,
    progress: Progress<'_>,
    mut take: impl FnMut(&[u8]),
) -> Result<(), FileError> {
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => FileError::Missing { name: quoted(name) },
        _ => FileError::Read { name: quoted(name), source },
    };
    let seen = fs::symlink_metadata(path).map_err(unreadable)?;
    check_regular(name, &seen)?;
    let mut file = File::open(path).map_err(unreadable)?;
    if !is_same(&seen, &file.metadata().map_err(unreadable)?) {
        return Err(FileError::Replaced { name: quoted(name) });
    }
    let mut buffer = vec![0; HASH_BUFFER_BYTES];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                take(&buffer[..count]);
                progress(count as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
}

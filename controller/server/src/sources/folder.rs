//! A folder or an archive below `--sources`. The kernel resolves every path, and lets none lead out
//! of there: not by `..`, not by an absolute path, not by a symbolic link.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use cloister_api::ImportReason;
use cloister_api::limits::UPLOAD_FILES_MAX;
use futures_util::FutureExt as _;
use rustix::fs::{CWD, Dir, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;

use super::error::{SourceError, shown};
use super::{Form, Piece, SourceSettings, get};
use crate::limits::SOURCE_FOLDER_DEPTH_MAX;

pub(super) async fn open(settings: &SourceSettings, path: &str) -> Result<Vec<Piece>, SourceError> {
    let Some(root) = settings.options.folder.clone() else {
        return Err(SourceError::not_allowed(
            "the controller has no folder to import from; start it with --sources DIR",
        ));
    };
    let path = path.to_owned();
    let opened = tokio::task::spawn_blocking(move || look(&root, &path)).await;
    opened.map_err(|error| SourceError::internal("the folder of sources could not be read", &error))?
}

fn look(root: &Path, path: &str) -> Result<Vec<Piece>, SourceError> {
    let relative = Path::new(path);
    if !relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(SourceError::not_allowed(format!(
            "{} is not a path below the folder of sources; write it relative to that folder, without ..",
            shown(path)
        )));
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = openat(CWD, root, flags, Mode::empty()).map_err(|errno| {
        SourceError::internal("the folder of sources (--sources) cannot be opened", &errno)
    })?;
    let beneath = Beneath { root };
    let relative = if path.is_empty() { Path::new(".") } else { relative };
    let (file, is_folder) = beneath.open(relative)?;
    match is_folder {
        true => beneath.folder(file, relative),
        false => local_archive(file, path),
    }
}

fn local_archive(file: File, path: &str) -> Result<Vec<Piece>, SourceError> {
    let size_bytes = length(&file, path)?;
    let file = Arc::new(file);
    let form = Form::LocalArchive(Arc::clone(&file));
    Ok(vec![Piece { name: "archive".to_owned(), size_bytes, sha256: None, read: reader(file), form }])
}

fn length(file: &File, path: &str) -> Result<u64, SourceError> {
    let metadata = file.metadata();
    let metadata = metadata.map_err(|error| unreadable(path, &error))?;
    Ok(metadata.len())
}

fn unreadable(path: &str, why: &dyn std::fmt::Display) -> SourceError {
    SourceError::new(ImportReason::SourceUnavailable, format!("{} cannot be read: {why}", shown(path)))
}

fn reader(file: Arc<File>) -> super::ReadFrom {
    Arc::new(move |offset| {
        let file = file.try_clone();
        async move {
            let file = file.map_err(|error| unreadable("the file", &error))?;
            Ok(get::file_from(file, offset))
        }
        .boxed()
    })
}

/// Opens what lies below a folder, and nothing else.
struct Beneath {
    root: OwnedFd,
}

impl Beneath {
    /// The file or folder, and whether it is a folder. Anything else is refused; a pipe does not make
    /// this wait.
    fn open(&self, path: &Path) -> Result<(File, bool), SourceError> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        let text = path.to_string_lossy();
        let fd = openat2(&self.root, path, flags, Mode::empty(), resolve)
            .map_err(|errno| refused(&text, errno))?;
        let file = File::from(fd);
        let kind = file.metadata().map_err(|error| unreadable(&text, &error))?.file_type();
        match kind.is_file() || kind.is_dir() {
            true => Ok((file, kind.is_dir())),
            false => Err(SourceError::invalid(format!("{} is neither a file nor a folder", shown(&text)))),
        }
    }

    /// The files of a model's folder, under their names relative to it.
    fn folder(&self, folder: File, path: &Path) -> Result<Vec<Piece>, SourceError> {
        let mut pieces = Vec::new();
        let mut folders = vec![(folder, PathBuf::new())];
        while let Some((folder, inside)) = folders.pop() {
            for name in names(&folder, path)? {
                let name = inside.join(name);
                let (file, is_folder) = self.open(&path.join(&name))?;
                if is_folder {
                    if name.components().count() > SOURCE_FOLDER_DEPTH_MAX {
                        return Err(SourceError::invalid(format!(
                            "the folder is nested deeper than {SOURCE_FOLDER_DEPTH_MAX} levels"
                        )));
                    }
                    folders.push((file, name));
                    continue;
                }
                if pieces.len() >= UPLOAD_FILES_MAX {
                    return Err(SourceError::invalid(format!(
                        "the folder holds more than {UPLOAD_FILES_MAX} files; is it a model's?"
                    )));
                }
                pieces.push(piece(file, &name)?);
            }
        }
        Ok(pieces)
    }
}

fn piece(file: File, name: &Path) -> Result<Piece, SourceError> {
    let Some(name) = name.to_str() else {
        return Err(SourceError::invalid("a file name of the folder is not UTF-8; rename it"));
    };
    let size_bytes = length(&file, name)?;
    Ok(Piece {
        name: name.to_owned(),
        size_bytes,
        sha256: None,
        read: reader(Arc::new(file)),
        form: Form::File,
    })
}

/// What a folder holds, in the order of names.
fn names(folder: &File, path: &Path) -> Result<Vec<PathBuf>, SourceError> {
    use std::os::unix::ffi::OsStrExt as _;
    let failed = |errno: Errno| unreadable(&path.to_string_lossy(), &errno);
    let mut names = Vec::new();
    for entry in Dir::read_from(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_bytes().to_owned();
        if name == b"." || name == b".." {
            continue;
        }
        if names.len() > 4 * UPLOAD_FILES_MAX {
            return Err(SourceError::invalid("the folder holds far too many files for a model"));
        }
        names.push(PathBuf::from(std::ffi::OsStr::from_bytes(&name)));
    }
    names.sort();
    Ok(names)
}

fn refused(path: &str, errno: Errno) -> SourceError {
    match errno {
        Errno::NOENT | Errno::NOTDIR => SourceError::new(
            ImportReason::SourceNotFound,
            format!("there is no {} below the folder of sources", shown(path)),
        ),
        Errno::XDEV | Errno::LOOP => {
            SourceError::not_allowed(format!("{} leads out of the folder of sources", shown(path)))
        }
        Errno::ACCESS | Errno::PERM => SourceError::new(
            ImportReason::SourceDenied,
            format!("the controller may not read {}; check its owner and mode", shown(path)),
        ),
        Errno::NOSYS => SourceError::new(
            ImportReason::ControllerFailed,
            "this kernel cannot keep paths within a folder (openat2, Linux 5.6); use another source",
        ),
        other => unreadable(path, &other),
    }
}

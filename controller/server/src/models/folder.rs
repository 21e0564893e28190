//! The folder of verified models: `<models>/<digest hex>/`, holding the signed files and nothing
//! else. A folder counts only while the store lists its model; what a crash left is cleared at start.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::data_dir::DataDir;

/// Where verified models lie.
#[derive(Debug, Clone)]
pub struct ModelFolder {
    data: DataDir,
}

/// A model's files could not be moved or deleted.
#[derive(Debug, thiserror::Error)]
#[error("the controller could not {what} {path}: {source}; check the disk of its data folder")]
pub struct FolderError {
    what: &'static str,
    path: String,
    source: io::Error,
}

/// Model files in place whose model the store does not list yet. [`Kept::undo`] takes them out.
#[derive(Debug)]
#[must_use]
pub(crate) struct Kept {
    from: PathBuf,
    to: PathBuf,
}

impl ModelFolder {
    pub fn new(data: &DataDir) -> Self {
        Self { data: data.clone() }
    }

    /// Deletes every folder whose model is not among `digests`. Call before anything is imported.
    /// Blocks on the disk.
    ///
    /// # Errors
    /// The folder cannot be read, or an orphan not deleted.
    pub fn clear_orphans<'a>(&self, digests: impl Iterator<Item = &'a str>) -> Result<usize, FolderError> {
        let listed: HashSet<PathBuf> = digests.filter_map(|digest| self.data.model_dir(digest)).collect();
        let root = self.data.models_dir();
        let mut cleared = 0;
        for entry in fs::read_dir(&root).map_err(failed("read", &root))? {
            let path = entry.map_err(failed("read", &root))?.path();
            if !listed.contains(&path) {
                remove(&path)?;
                cleared += 1;
            }
        }
        Ok(cleared)
    }

    /// Whether the model's files are here, whole. Blocks on the disk.
    pub(crate) fn has(&self, digest: &str) -> bool {
        self.data.model_dir(digest).is_some_and(|place| place.exists())
    }

    /// Where a model is gathered that another controller sends.
    pub(crate) fn arriving(&self, digest: &str) -> Result<PathBuf, FolderError> {
        let place = self.place(digest)?;
        let name = place.file_name().unwrap_or_default().to_owned();
        Ok(self.data.root().join("arriving").join(name))
    }

    /// Moves verified files into their place, durably. Blocks on the disk.
    pub(crate) fn keep(&self, digest: &str, from: &Path, names: &[&str]) -> Result<Kept, FolderError> {
        let to = self.place(digest)?;
        for name in names {
            let path = from.join(name);
            File::open(&path).and_then(|file| file.sync_all()).map_err(failed("write out", &path))?;
        }
        // Nothing lists it, else it would not be imported again: the left-over of a failed import.
        if fs::symlink_metadata(&to).is_ok() {
            remove(&to)?;
        }
        fs::rename(from, &to).map_err(failed("move", from))?;
        sync_parent(&to)?;
        Ok(Kept { from: from.to_owned(), to })
    }

    /// Deletes the files of a model that the store no longer lists. Blocks on the disk.
    pub(crate) fn remove(&self, digest: &str) -> Result<(), FolderError> {
        let path = self.place(digest)?;
        match fs::symlink_metadata(&path) {
            Ok(_) => remove(&path),
            Err(_) => Ok(()),
        }
    }

    fn place(&self, digest: &str) -> Result<PathBuf, FolderError> {
        self.data.model_dir(digest).ok_or_else(|| FolderError {
            what: "find a place for model",
            path: format!("{digest:?}"),
            source: io::Error::from(io::ErrorKind::InvalidInput),
        })
    }
}

impl Kept {
    /// Back to where they came from, after the store refused the model.
    pub(crate) fn undo(self) -> Result<(), FolderError> {
        fs::rename(&self.to, &self.from).map_err(failed("move back", &self.to))
    }
}

/// In two steps, so that a folder under its name is always whole.
fn remove(path: &Path) -> Result<(), FolderError> {
    if !path.is_dir() {
        return fs::remove_file(path).map_err(failed("delete", path));
    }
    let doomed = path.with_extension("deleted");
    match path.extension().is_some_and(|extension| extension == "deleted") {
        true => fs::remove_dir_all(path).map_err(failed("delete", path)),
        false => {
            fs::rename(path, &doomed).map_err(failed("delete", path))?;
            fs::remove_dir_all(&doomed).map_err(failed("delete", &doomed))
        }
    }
}

fn sync_parent(path: &Path) -> Result<(), FolderError> {
    let parent = path.parent().unwrap_or(path);
    File::open(parent).and_then(|folder| folder.sync_all()).map_err(failed("write out", parent))
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.display().to_string();
    move |source| FolderError { what, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(digit: &str) -> String {
        format!("sha256:{}", digit.repeat(64))
    }

    fn folder() -> (tempfile::TempDir, ModelFolder) {
        let temp = tempfile::tempdir().unwrap();
        let folder = ModelFolder::new(&DataDir::open(temp.path()).unwrap());
        (temp, folder)
    }

    fn files(temp: &tempfile::TempDir, text: &str) -> PathBuf {
        let from = temp.path().join("incoming");
        fs::create_dir(&from).unwrap();
        fs::write(from.join("weights.gguf"), text).unwrap();
        from
    }

    #[test]
    fn a_model_is_kept_whole_over_the_rest_of_a_failed_import() {
        let (temp, folder) = folder();
        let place = folder.data.model_dir(&digest("a")).unwrap();
        fs::create_dir(&place).unwrap();
        fs::write(place.join("half"), b"x").unwrap();
        let from = files(&temp, "weights");

        let _kept = folder.keep(&digest("a"), &from, &["weights.gguf"]).unwrap();

        assert_eq!(fs::read_to_string(place.join("weights.gguf")).unwrap(), "weights");
        assert!(!place.join("half").exists());
        assert!(!from.exists());
    }

    #[test]
    fn what_the_store_refused_goes_back() {
        let (temp, folder) = folder();
        let from = files(&temp, "weights");
        folder.keep(&digest("a"), &from, &["weights.gguf"]).unwrap().undo().unwrap();
        assert_eq!(fs::read_to_string(from.join("weights.gguf")).unwrap(), "weights");
        assert!(!folder.data.model_dir(&digest("a")).unwrap().exists());
    }

    #[test]
    fn only_models_that_the_store_lists_survive_a_start() {
        let (_temp, folder) = folder();
        for digit in ["a", "b"] {
            fs::create_dir(folder.data.model_dir(&digest(digit)).unwrap()).unwrap();
        }
        let half_deleted = folder.data.models_dir().join(format!("{}.deleted", "c".repeat(64)));
        fs::create_dir(&half_deleted).unwrap();

        let cleared = folder.clear_orphans([digest("a").as_str()].into_iter()).unwrap();

        assert_eq!(cleared, 2);
        assert!(folder.data.model_dir(&digest("a")).unwrap().exists());
        assert!(!folder.data.model_dir(&digest("b")).unwrap().exists());
        assert!(!half_deleted.exists());
    }

    #[test]
    fn a_malformed_digest_names_no_folder() {
        let (temp, folder) = folder();
        let from = files(&temp, "weights");
        assert!(folder.keep("sha256:../../etc", &from, &[]).is_err());
        assert!(folder.remove("sha256:..").is_err());
    }
}

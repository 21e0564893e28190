//! Where the parts of a model lie.
//!
//! ```text
//! artifacts/<64 hex digits>/description     what the controller said about it
//! artifacts/<64 hex digits>/files/<name>    its files, complete, not yet trusted
//! artifacts/<64 hex digits>/parts/<name>    files that are still arriving, and which ranges have
//! artifacts/<64 hex digits>/refused/<name>  the last file whose bytes were not the signed ones
//! ```

use std::io;
use std::path::{Path, PathBuf};

use super::ArtifactError;
use crate::files;

/// The folder of one model.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    directory: PathBuf,
}

impl Layout {
    /// # Errors
    ///
    /// `digest` is not "sha256:" and 64 lower-case hex digits: nothing else becomes a path.
    pub(crate) fn new(root: &Path, digest: &str) -> Result<Self, ArtifactError> {
        let hex = digest.strip_prefix("sha256:").filter(|hex| is_lower_hex(hex) && hex.len() == 64);
        let hex = hex.ok_or_else(|| {
            ArtifactError::refused("the ordered model digest is not sha256:<64 hex digits>")
        })?;
        Ok(Self { directory: root.join(hex) })
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn create(&self) -> io::Result<()> {
        files::create_private_directory(&self.directory)
    }

    pub(crate) fn description(&self) -> PathBuf {
        self.directory.join("description")
    }

    /// `name` must have passed `cloister_provenance::check_file_name`.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.join("files").join(name)
    }

    pub(crate) fn part(&self, name: &str) -> PathBuf {
        self.directory.join("parts").join(name)
    }

    /// Beside the part; `#` keeps it apart from a file of the model.
    pub(crate) fn ranges(&self, name: &str) -> PathBuf {
        self.directory.join("parts").join(format!("{name}#ranges"))
    }

    /// Takes a file out of the way, so that the next order fetches it afresh. One is kept per name: enough to
    /// look into what happened, and no way to fill the disk.
    pub(crate) fn quarantine(&self, name: &str) -> io::Result<()> {
        let refused = self.directory.join("refused").join(name);
        if let Some(parent) = refused.parent() {
            files::create_private_directory(parent)?;
        }
        std::fs::rename(self.file(name), refused)
    }
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_sha256_digest_becomes_a_path() {
        let root = Path::new("/data");
        let good = format!("sha256:{}", "ab".repeat(32));
        assert_eq!(Layout::new(root, &good).unwrap().directory(), root.join("ab".repeat(32)));
        let upper = format!("sha256:{}", "AB".repeat(32));
        for bad in ["", "sha256:", "sha256:../../etc", &upper, &"ab".repeat(32), "sha256:ab"] {
            assert!(Layout::new(root, bad).is_err(), "{bad}");
        }
    }
}

//! What an agent remembers across restarts: the highest generation it obeyed.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files;

/// The highest generation obeyed, on disk before it is acted upon.
///
/// Two controllers that both believe to lead, or one restored from an old backup, can then only bore an
/// agent: the older order is refused, whoever sends it.
#[derive(Debug)]
pub(crate) struct GenerationFile {
    path: PathBuf,
    stored: Stored,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Stored {
    /// Generations count per node identity; a newly enrolled node starts over.
    node_id: String,
    generation: u64,
}

/// What to do with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Newer than, or the same as, what was obeyed.
    Obey,
    /// Older: `current` stays in force.
    Refuse {
        /// The generation in force.
        current: u64,
    },
}

/// The file cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} the agent's state file {path}: {source}. Check the disk and the file's owner")]
pub struct StateError {
    verb: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl GenerationFile {
    /// Reads DIR/state.json; absent, or of another node, it starts at 0.
    ///
    /// # Errors
    ///
    /// The file is there but cannot be read: starting over silently would let an old order through.
    pub(crate) fn open(path: &Path, node_id: &str) -> Result<Self, StateError> {
        let fail = |source| StateError { verb: "read", path: path.to_owned(), source };
        let stored = match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| fail(error.into()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Stored::default(),
            Err(error) => return Err(fail(error)),
        };
        let fresh = Stored { node_id: node_id.to_owned(), generation: 0 };
        let stored = if stored.node_id == node_id { stored } else { fresh };
        Ok(Self { path: path.to_owned(), stored })
    }

    /// The highest generation obeyed; 0 if none.
    pub(crate) fn current(&self) -> u64 {
        self.stored.generation
    }

    /// Judges an order and, if it is to be obeyed and newer, puts it on disk. Blocks.
    ///
    /// # Errors
    ///
    /// The disk refused: the order must then not be acted upon.
    pub(crate) fn accept(&mut self, ordered: u64) -> Result<Verdict, StateError> {
        let current = self.stored.generation;
        if ordered < current {
            return Ok(Verdict::Refuse { current });
        }
        if ordered > current {
            let stored = Stored { generation: ordered, ..self.stored.clone() };
            self.write(&stored)?;
            self.stored = stored;
        }
        Ok(Verdict::Obey)
    }

    fn write(&self, stored: &Stored) -> Result<(), StateError> {
        let fail = |source| StateError { verb: "write", path: self.path.clone(), source };
        let json = serde_json::to_vec(stored).map_err(|error| fail(error.into()))?;
        files::replace(&self.path, &json).map_err(fail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_generation_is_refused_even_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.json");
        let mut state = GenerationFile::open(&path, "node-1").unwrap();
        assert_eq!(state.accept(7).unwrap(), Verdict::Obey);
        assert_eq!(state.accept(7).unwrap(), Verdict::Obey);
        assert_eq!(state.accept(6).unwrap(), Verdict::Refuse { current: 7 });

        let mut state = GenerationFile::open(&path, "node-1").unwrap();
        assert_eq!(state.current(), 7);
        assert_eq!(state.accept(3).unwrap(), Verdict::Refuse { current: 7 });
        assert_eq!(state.accept(8).unwrap(), Verdict::Obey);
    }

    #[test]
    fn another_identity_starts_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.json");
        GenerationFile::open(&path, "node-1").unwrap().accept(7).unwrap();
        assert_eq!(GenerationFile::open(&path, "node-2").unwrap().current(), 0);
    }

    #[test]
    fn a_damaged_file_is_an_error_and_not_generation_zero() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.json");
        std::fs::write(&path, b"{\"generation\":").unwrap();
        assert!(GenerationFile::open(&path, "node-1").is_err());
    }

    #[test]
    fn an_order_that_cannot_be_stored_is_not_obeyed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("missing").join("state.json");
        let mut state = GenerationFile::open(&path, "node-1").unwrap();
        assert!(state.accept(1).is_err());
        assert_eq!(state.current(), 0);
    }
}

//! What git tracks, read from disk.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A tracked text file.
pub(crate) struct File {
    /// Relative to the repository's root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace exists")
}

/// Every tracked (or new, not ignored) file whose name ends in one of `endings`.
pub(crate) fn files(endings: &[&str]) -> Vec<File> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files of a checkout");
    assert!(output.status.success(), "git ls-files failed");
    let listing = String::from_utf8(output.stdout).expect("paths are UTF-8");
    listing
        .lines()
        .filter(|path| endings.iter().any(|ending| path.ends_with(ending)))
        .filter_map(|path| {
            let text = std::fs::read_to_string(root().join(path)).ok()?;
            Some(File { path: path.to_string(), text })
        })
        .collect()
}

/// Source files that ship: Rust outside of `tests` folders and test modules.
pub(crate) fn shipped_rust() -> Vec<File> {
    files(&[".rs"])
        .into_iter()
        .filter(|f| !f.path.starts_with("tests/") && !f.path.contains("/tests/"))
        .filter(|f| !f.path.ends_with("/tests.rs") && !f.path.contains("/examples/"))
        .collect()
}

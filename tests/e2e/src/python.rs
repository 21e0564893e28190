//! Official Python clients, in a virtual environment of the build folder.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Pinned, so that the same client is tested everywhere.
const PACKAGES: &[&str] = &["openai==3.54.0"];

/// The interpreter of the environment; made once per build folder.
pub fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let folder = crate::program("cloister").with_file_name("venv-openai");
        let python = folder.join("bin/python");
        let stamp = folder.join("packages");
        if std::fs::read_to_string(&stamp).is_ok_and(|made| made == PACKAGES.join("\n")) {
            return python;
        }
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        run(Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(PACKAGES));
        std::fs::write(stamp, PACKAGES.join("\n")).expect("written");
        python
    })
}

fn run(command: &mut Command) {
    let output = command.output().expect("python3 runs");
    assert!(output.status.success(), "{command:?}:\n{}", String::from_utf8_lossy(&output.stderr));
}

//! Small files, read with a limit.

use std::io::Read;
use std::path::Path;

use crate::error::{CliError, Doing};

/// The bytes of a file that must not be larger than `max_bytes`.
pub(crate) fn read_bytes(path: &Path, max_bytes: u64) -> Result<Vec<u8>, CliError> {
    let what = || format!("{} could not be read", path.display());
    let mut bytes = Vec::new();
    std::fs::File::open(path).doing(what)?.take(max_bytes + 1).read_to_end(&mut bytes).doing(what)?;
    if bytes.len() as u64 > max_bytes {
        return Err(CliError::new(format!(
            "{} is larger than {max_bytes} bytes, which is more than such a file ever has",
            path.display()
        )));
    }
    Ok(bytes)
}

/// The text of a file that must not be larger than `max_bytes`.
pub(crate) fn read_text(path: &Path, max_bytes: u64) -> Result<String, CliError> {
    String::from_utf8(read_bytes(path, max_bytes)?)
        .map_err(|_| CliError::new(format!("{} is not text", path.display())))
}

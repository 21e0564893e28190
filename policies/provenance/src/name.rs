//! Which file names a model may have.

use crate::{
    error::NameError,
    limits::{MAX_FILE_NAME_BYTES, MAX_FILE_NAME_PART_BYTES},
};

/// Checks that `name` is a plain relative path with `/` between its parts, which can be joined to a
/// directory without leaving it.
///
/// # Errors
/// The first rule that `name` breaks.
pub fn check_file_name(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > MAX_FILE_NAME_BYTES {
        return Err(NameError::TooLong { bytes: name.len() });
    }
    if name.chars().any(char::is_control) {
        return Err(NameError::ControlCharacter);
    }
    if name.contains('\\') {
        return Err(NameError::Backslash);
    }
    if name.starts_with('/') {
        return Err(NameError::Absolute);
    }
    name.split('/').try_for_each(check_part)
}

fn check_part(part: &str) -> Result<(), NameError> {
    match part {
        "" => Err(NameError::EmptyPart),
        "." => Err(NameError::DotPart),
        ".." => Err(NameError::LeavesDirectory),
        _ if part.len() > MAX_FILE_NAME_PART_BYTES => Err(NameError::TooLong { bytes: part.len() }),
        _ => Ok(()),
    }
}

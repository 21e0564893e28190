//! What went wrong, and what to type next.

use std::fmt;

/// An error as a person reads it: what happened and why, then what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CliError {
    /// What happened and why, as a sentence.
    pub(crate) what: String,
    /// What to type or change next.
    pub(crate) next: Option<String>,
    /// The exit status: 1 the thing failed, 2 the command was used wrongly.
    pub(crate) status: u8,
}

impl CliError {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), next: None, status: 1 }
    }

    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self { what: what.into(), next: None, status: 2 }
    }

    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for CliError {}

/// Adds what was being done to an error from below.
pub(crate) trait Doing<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, CliError>;
}

impl<T, E: fmt::Display> Doing<T> for Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, CliError> {
        self.map_err(|error| CliError::new(format!("{}: {error}", what())))
    }
}

//! Why evidence is not accepted.

use std::fmt::{self, Display};

use serde::Serialize;

use crate::{checkpoint::CheckpointError, file::FileError};

/// The evidence is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something was altered, removed, added, or is inconsistent in itself.
    #[error("{0}")]
    Tampered(#[from] Tampered),
    /// Nothing is wrong, but nothing is shown either.
    #[error("this evidence shows nothing: {0}")]
    Insufficient(String),
    /// Not an evidence file, or damaged beyond reading.
    #[error("{0}")]
    Malformed(#[from] FileError),
    #[error("the header: {0}")]
    Checkpoint(CheckpointError),
    /// The file would need more memory than a verifier should give it.
    #[error("more than {limit} {what} must be remembered at once; verify a smaller selection")]
    TooMuchToRemember { what: &'static str, limit: usize },
}

/// Where something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum Place {
    Header,
    Record {
        /// Index of the leaf.
        index: u64,
        /// Line of the evidence file, from 1.
        line: u64,
    },
    End,
}

impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("header (line 1)"),
            Self::Record { index, line } => write!(f, "record {index} (line {line})"),
            Self::End => f.write_str("end of the file"),
        }
    }
}

/// The first place where the evidence is not what was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tampered {
    pub place: Place,
    /// What is wrong, in a sentence.
    pub what: String,
    pub expected: Option<String>,
    pub actual: Option<String>,
}

impl Tampered {
    pub(crate) fn new(place: Place, what: impl Into<String>) -> Self {
        Self { place, what: what.into(), expected: None, actual: None }
    }

    pub(crate) fn differs(mut self, expected: impl Display, actual: impl Display) -> Self {
        self.expected = Some(expected.to_string());
        self.actual = Some(actual.to_string());
        self
    }
}

impl Display for Tampered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)?;
        match (&self.expected, &self.actual) {
            (Some(expected), Some(actual)) => {
                write!(f, " (expected {}, found {})", expected.escape_debug(), actual.escape_debug())
            }
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Tampered {}

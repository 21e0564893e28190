//! Why a model is not there, or not fit to run.

use std::io;
use std::path::{Path, PathBuf};

/// A model that could not be fetched or was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArtifactError {
    /// The model is not what was signed and ordered, or not signed by whom this node trusts.
    #[error("{reason}")]
    Refused {
        /// The exact reason, as a sentence.
        reason: String,
    },
    /// The disk has no room for it.
    #[error(
        "not enough disk space in {directory} for this model: {needed_bytes} bytes are missing, {available_bytes} are \
         free (of which 64 MiB stay free). What was fetched is kept; free some space and the fetch goes on"
    )]
    DiskFull {
        /// Where models are kept.
        directory: PathBuf,
        /// Bytes still to be written.
        needed_bytes: u64,
        /// Bytes that this user could write.
        available_bytes: u64,
    },
    /// The disk refused for another reason.
    #[error("cannot read or write {path}: {source}. Check the disk and the folder's owner")]
    Disk {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The controller does not have it, or does not give it.
    #[error("the controller does not hand out model {digest}: {reason}")]
    NotServed {
        /// The model.
        digest: String,
        /// What it said.
        reason: String,
    },
    /// The controller cannot be reached, and this node has not all of the model.
    #[error(
        "the controller is away and this node has not got all of the model yet; the fetch goes on when it is back"
    )]
    ControllerAway,
    /// The stream broke off again and again.
    #[error("fetching {file} broke off at byte {offset_bytes}: {reason}. It goes on from there")]
    BrokeOff {
        /// The file, relative to the model's folder.
        file: String,
        /// Up to here it arrived.
        offset_bytes: u64,
        /// What the last attempt said.
        reason: String,
    },
    /// The controller sent what was not asked for.
    #[error("the controller sent {what} for {file}; controller and agent may be of different versions")]
    Protocol {
        /// The file.
        file: String,
        /// What was wrong with it.
        what: &'static str,
    },
    /// The agent stops.
    #[error("stopped")]
    Stopped,
}

impl ArtifactError {
    pub(crate) fn refused(reason: impl std::fmt::Display) -> Self {
        Self::Refused { reason: reason.to_string() }
    }

    pub(crate) fn disk(path: &Path, source: io::Error) -> Self {
        Self::Disk { path: path.to_owned(), source }
    }

    pub(crate) fn from_status(digest: &str, status: &tonic::Status) -> Self {
        match status.code() {
            tonic::Code::Unavailable
            | tonic::Code::Unknown
            | tonic::Code::Cancelled
            | tonic::Code::DeadlineExceeded => Self::ControllerAway,
            _ => Self::NotServed { digest: digest.to_owned(), reason: status.message().to_owned() },
        }
    }
}

/// Runs file work away from the executor.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ArtifactError> + Send + 'static,
) -> Result<T, ArtifactError> {
    // A join error means the runtime is shutting down (or the work panicked, which is on record by itself).
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(ArtifactError::Stopped))
}

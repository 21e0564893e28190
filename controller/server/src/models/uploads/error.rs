//! Why an upload could not go on.

use std::io;

/// What went wrong with an upload; what was received before stays, unless it says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error("there is no upload {id:?}; it was imported, deleted or left alone for a day: begin a new one")]
    NotFound { id: String },
    #[error("the upload announced no file {name:?}; begin a new upload that announces it")]
    NoSuchFile { name: String },
    #[error("{reason}")]
    Announcement { field: &'static str, reason: String },
    #[error(
        "too many uploads are open (at most {}); finish or delete one first",
        crate::limits::UPLOADS_OPEN_MAX
    )]
    TooManyOpen,
    #[error("too many files are being received at once; try again in a few seconds")]
    TooManyWriters,
    #[error(
        "file {name:?} has {expected_bytes} bytes here, and the request would go on at {offset_bytes}; send from {expected_bytes}"
    )]
    WrongOffset { name: String, offset_bytes: u64, expected_bytes: u64 },
    #[error(
        "file {name:?} was announced with {size_bytes} bytes, and more were sent; begin a new upload with its true size"
    )]
    TooLong { name: String, size_bytes: u64 },
    #[error("file {name:?} has {received_bytes} of {size_bytes} bytes; send the rest before importing")]
    Incomplete { name: String, received_bytes: u64, size_bytes: u64 },
    #[error("another request is sending this file; wait for it to end")]
    Busy,
    #[error("the upload is being imported or deleted by another request; wait for it to end")]
    Importing,
    #[error("the connection was lost while the file was sent; ask how much has come, and send the rest")]
    BodyLost,
    #[error(
        "there is not enough space: {needed_bytes} bytes are needed and {available_bytes} are free; free some, then go on where the upload stands"
    )]
    NoSpace { needed_bytes: u64, available_bytes: u64 },
    #[error(
        "the uploads that are open leave {available_bytes} bytes of the quota, and {needed_bytes} are needed; finish or delete another upload, or raise the quota"
    )]
    OverQuota { needed_bytes: u64, available_bytes: u64 },
    #[error("the controller could not {what}: {source}; check the disk of its data folder")]
    Storage { what: &'static str, source: io::Error },
}

impl UploadError {
    pub(super) fn storage(what: &'static str, source: io::Error) -> Self {
        Self::Storage { what, source }
    }
}

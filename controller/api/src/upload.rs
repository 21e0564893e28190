//! Uploads: the files of a model on their way in. They survive a lost connection and a restart of
//! the controller, and are dropped when imported, deleted or left alone for a day.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Begin an upload: what will be sent. Space is checked before the first byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUpload {
    /// 2 to 64 files. Exactly one is the signature bundle: its name ends in `.sig`.
    pub files: Vec<NewUploadFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUploadFile {
    /// The name that the signature lists: 1 to 255 bytes of `[A-Za-z0-9._-]`, not beginning with a dot.
    #[schema(pattern = "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}$")]
    pub name: String,
    /// At least 1.
    pub size_bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Upload {
    pub id: String,
    pub files: Vec<UploadFile>,
    pub created_at: String,
    /// Whether every file has all its bytes.
    pub complete: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UploadFile {
    pub name: String,
    pub size_bytes: u64,
    /// Bytes that are safely here: the offset to go on from.
    pub received_bytes: u64,
}

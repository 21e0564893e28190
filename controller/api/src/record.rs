//! The audit log.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One audit record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Record {
    /// Its place in the log, from 0, without gaps.
    pub seq: u64,
    pub id: String,
    /// e.g. `inference.completed`.
    pub kind: String,
    pub time: String,
    /// The canonical JSON (RFC 8785) that is hashed into the log, byte for byte.
    pub leaf_json: String,
}

/// Records, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordPage {
    pub records: Vec<Record>,
    /// Send it as `before_seq` to read on. Absent when there are no more.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_before_seq: Option<u64>,
}

/// The signed head of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogCheckpoint {
    /// A C2SP signed note: origin, size, root hash, signatures.
    pub checkpoint: String,
    /// The key that verifies it, as C2SP writes verifier keys.
    pub verifier_key: String,
}

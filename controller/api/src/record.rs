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
    /// Records of an earlier version that a search by who, model, node or time does not find yet: they
    /// are looked through after an update. 0, and then absent, otherwise.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub unsearchable: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// How many records were written when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Timeline {
    pub from: String,
    /// Not among the counted times.
    pub to: String,
    /// In order and without gaps, all equally long.
    pub buckets: Vec<TimelineBucket>,
    /// False if there were more records than are counted at once: the newest ones were.
    pub complete: bool,
    /// As in a page of records.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub unsearchable: u64,
}

/// One piece of a timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimelineBucket {
    pub from: String,
    /// Not among its times; where the next one begins.
    pub to: String,
    /// Number of records by group: what stands before the point in their kind, e.g. `inference`.
    pub counts: std::collections::BTreeMap<String, u64>,
}

/// The signed head of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogCheckpoint {
    /// A C2SP signed note: origin, size, root hash, signatures.
    pub checkpoint: String,
    /// The key that verifies it, as C2SP writes verifier keys.
    pub verifier_key: String,
}

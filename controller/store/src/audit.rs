//! Rows of the audit log, and reading them.

mod index;
mod reads;
mod search;
mod timeline;
mod tree;

use jiff::Timestamp;

pub use index::Unindexed;
pub(crate) use index::insert_search_rows;
pub use timeline::{TimelineCount, TimelineQuery};

/// One record as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRow {
    /// Index of the leaf, from 0, without gaps.
    pub seq: u64,
    pub id: String,
    /// e.g. `inference.completed`.
    pub kind: String,
    /// RFC 3339, UTC.
    pub time: String,
    pub subject_id: Option<String>,
    /// Whose affair it is; `None`: the fleet's own.
    pub tenant: Option<String>,
    /// Of a record that closes a request: the request's id.
    pub intent: Option<String>,
    /// The bytes that are hashed into the log, verbatim.
    pub leaf: Vec<u8>,
    /// RFC 6962 leaf hash, as computed when the record was written.
    pub leaf_hash: [u8; 32],
}

/// What a record is found by, besides its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRow {
    pub seq: u64,
    pub kind: String,
    pub written_at: Timestamp,
    /// Each once.
    pub terms: Vec<SearchTerm>,
}

/// Something that a record names: by id, digest or name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchTerm {
    pub field: SearchField,
    pub value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchField {
    /// Who did it.
    Actor,
    Model,
    /// By id; its name is added when the row is written.
    Node,
}

impl SearchField {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Actor => "actor",
            Self::Model => "model",
            Self::Node => "node",
        }
    }
}

/// What records must be like; what is absent does not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordFilter {
    pub kind: Option<String>,
    pub subject_id: Option<String>,
    /// Only this tenant's.
    pub tenant: Option<String>,
    /// The request that it closes.
    pub intent: Option<String>,
    /// Id or name of who did it.
    pub actor: Option<String>,
    /// Digest or name of a model that it names.
    pub model: Option<String>,
    /// Id or name of a node that it names.
    pub node: Option<String>,
    /// Written then or later.
    pub from: Option<Timestamp>,
    /// Written before then.
    pub until: Option<Timestamp>,
}

/// Which records to read, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordQuery {
    /// Only records before this sequence number.
    pub before_seq: Option<u64>,
    pub filter: RecordFilter,
    /// At most [`crate::limits::MAX_RECORDS_PER_QUERY`]; more is taken as that.
    pub limit: u32,
}

/// A full tile of the tree, see C2SP tlog-tiles: 256 hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileRow {
    pub level: u8,
    pub index: u64,
    /// Hash of the subtree that the tile spans.
    pub root: [u8; 32],
    /// 8,192 bytes.
    pub hashes: Vec<u8>,
}

/// A signed head of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointRow {
    /// Number of leaves.
    pub size: u64,
    /// C2SP signed note with a checkpoint as its text.
    pub note: String,
}

/// Where the log ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub size: u64,
    /// The last checkpoint; none while the log is empty.
    pub checkpoint: Option<CheckpointRow>,
}

/// A request whose closing record is not written yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRequest {
    pub request_id: String,
    pub seq: u64,
    /// The controller process that opened it; empty for one of a version that did not say.
    pub writer: String,
}

/// What opens one commitment of one record.
#[derive(Clone, PartialEq, Eq)]
pub struct SaltRow {
    pub record_id: String,
    /// Which commitment of the record, e.g. `prompt`.
    pub name: String,
    pub salt: [u8; 32],
}

impl std::fmt::Debug for SaltRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SaltRow")
            .field("record_id", &self.record_id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

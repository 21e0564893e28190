//! Deployments, replicas, nodes and the credentials of nodes and callers.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// Intent: this model, so many replicas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    pub id: String,
    /// Unique; the model name that callers use.
    pub name: String,
    pub model_digest: String,
    pub replicas: u32,
    /// Tokens, prompt and answer together.
    pub context_length: u32,
    /// Sequences decoded at once per replica.
    pub max_sequences: u32,
    /// Tokens that the KV cache of one replica holds.
    pub kv_tokens: u64,
    pub node_selector: BTreeMap<String, String>,
    /// Empty: anywhere.
    pub jurisdiction: String,
    /// From 1; each change is exactly one more.
    pub revision: u64,
    /// `None`: the fleet's own.
    pub tenant: Option<String>,
    /// How often it was restarted; replicas that were started for a lower number are replaced.
    pub restarts: u64,
    pub created_at: Timestamp,
}

/// One running copy that is wanted, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Replica {
    pub id: String,
    pub deployment_id: String,
    /// None while unplaced.
    pub node_id: Option<String>,
    /// Generation of its node that first contained it.
    pub generation: u64,
    /// Why it is where it is, or nowhere; the shape belongs to the reconciler.
    pub reasons: serde_json::Value,
    /// Weights, KV cache and scratch together.
    pub memory_bytes: u64,
}

/// A machine with an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub id: String,
    /// Unique among nodes that are not revoked.
    pub name: String,
    pub region: String,
    pub jurisdiction: String,
    pub labels: BTreeMap<String, String>,
    /// Lower-case hex.
    pub certificate_serial: String,
    pub certificate_not_after: Timestamp,
    /// Highest generation ordered so far.
    pub generation: u64,
    pub state: NodeState,
    pub scheduling: Scheduling,
    pub enrolled_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

/// Whether a node may take part at all. Whether it is reachable is not stored: that is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeState {
    Enrolled,
    Revoked,
}

impl NodeState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Enrolled => "enrolled",
            Self::Revoked => "revoked",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "enrolled" => Some(Self::Enrolled),
            "revoked" => Some(Self::Revoked),
            _ => None,
        }
    }
}

/// Whether a node takes replicas, as somebody decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scheduling {
    #[default]
    Open,
    /// Nothing new is placed; what runs stays.
    Cordoned,
    /// Nothing new is placed, and what runs moves away; with `force` what no other node can take ends.
    Draining { force: bool },
}

impl Scheduling {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Cordoned => "cordoned",
            Self::Draining { force: false } => "draining",
            Self::Draining { force: true } => "draining_by_force",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "open" => Some(Self::Open),
            "cordoned" => Some(Self::Cordoned),
            "draining" => Some(Self::Draining { force: false }),
            "draining_by_force" => Some(Self::Draining { force: true }),
            _ => None,
        }
    }
}

/// An API key. Its secret is known only to its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub id: String,
    pub name: String,
    /// SHA-256 of the secret's text.
    pub secret_hash: [u8; 32],
    pub role: KeyRole,
    /// Deployments that it may use; empty: all.
    pub models: Vec<String>,
    /// `None`: the fleet's own.
    pub tenant: Option<String>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    /// Coarse: noted once a minute at most.
    pub last_used_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRole {
    Admin,
    Inference,
}

impl KeyRole {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Inference => "inference",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "admin" => Some(Self::Admin),
            "inference" => Some(Self::Inference),
            _ => None,
        }
    }
}

/// A one-time permission to enrol a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinToken {
    /// SHA-256 of the secret.
    pub secret_hash: [u8; 32],
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// Node that enrolled with it.
    pub used_by: Option<String>,
}

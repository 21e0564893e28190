//! Nodes: machines with an agent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// Its agent is connected.
    Ready,
    /// Its agent is not connected.
    Unreachable,
    /// Its certificate is no longer accepted.
    Revoked,
}

impl NodeState {
    /// The word used in JSON and in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Unreachable => "unreachable",
            Self::Revoked => "revoked",
        }
    }
}

impl std::fmt::Display for NodeState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether a node takes replicas, as somebody decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SchedulingState {
    /// It takes replicas.
    #[default]
    Open,
    /// Nothing new is placed on it; what runs there stays.
    Cordoned,
    /// Nothing new is placed on it. Each replica there goes once another serves in its place and its own requests have
    /// ended.
    Draining,
}

impl SchedulingState {
    /// The word used in JSON and in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Cordoned => "cordoned",
            Self::Draining => "draining",
        }
    }
}

impl std::fmt::Display for SchedulingState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a node is to be from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SchedulingRequest {
    pub state: SchedulingState,
    /// Of `draining`: replicas that no other node can take end as well, and their deployments are short of them.
    #[serde(default)]
    #[schema(default = false)]
    pub force: bool,
}

/// How far a drain has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Drain {
    /// Replicas that no other node can take end as well.
    pub force: bool,
    /// Replicas that are still on the node. 0: it is empty.
    pub replicas_left: u32,
    /// Those of them that no other node can take now: they stay until that changes.
    pub replicas_held: u32,
}

/// A node. What its agent measured is absent until it first connected to this controller process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Node {
    pub id: String,
    pub name: String,
    pub state: NodeState,
    #[serde(default)]
    #[schema(required = true)]
    pub scheduling: SchedulingState,
    /// Only while it is draining.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub drain: Option<Drain>,
    pub region: String,
    pub jurisdiction: String,
    pub labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cpu: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub isa: Option<String>,
    /// Physical cores.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cores: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub memory_total_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub memory_available_bytes: Option<u64>,
    pub gpus: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub agent_version: Option<String>,
    pub certificate_expires_at: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_seen_at: Option<String>,
    pub generation: u64,
    /// Replicas placed on it.
    pub replicas: u32,
    /// The audit record of the change. Only in the answer to one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub record_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeList {
    pub nodes: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinTokenRequest {
    /// Seconds until the token expires, 60 to 604,800. 0: 3,600.
    #[serde(default)]
    #[schema(maximum = 604800)]
    pub valid_for_s: u32,
}

/// Admits one node, once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JoinToken {
    /// Shown only here.
    pub token: String,
    pub expires_at: String,
    pub record_id: String,
}

impl std::fmt::Debug for JoinToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JoinToken").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

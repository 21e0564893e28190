//! Kind `FleetNode`.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A FleetNode says nothing; its status is what the controller knows.
#[derive(CustomResource, Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "fleet.cloister.dev",
    version = "v1alpha1",
    kind = "FleetNode",
    plural = "fleetnodes",
    shortname = "fn",
    category = "cloister",
    namespaced,
    no_spec,
    status = "FleetNodeStatus",
    derive = "PartialEq",
    doc = "A machine of the fleet, as the controller knows it. The controller alone writes it: it appears when an agent has enrolled, and goes when the fleet no longer knows the machine.",
    printcolumn(name = "State", type_ = "string", json_path = ".status.state"),
    printcolumn(name = "Scheduling", type_ = "string", json_path = ".status.scheduling", priority = 1),
    printcolumn(name = "Replicas", type_ = "integer", json_path = ".status.replicas"),
    printcolumn(name = "Jurisdiction", type_ = "string", json_path = ".status.jurisdiction"),
    printcolumn(name = "Region", type_ = "string", json_path = ".status.region", priority = 1),
    printcolumn(
        name = "Memory",
        type_ = "integer",
        json_path = ".status.memoryTotalBytes",
        description = "In bytes",
        priority = 1
    ),
    printcolumn(
        name = "Certificate-Until",
        type_ = "string",
        json_path = ".status.certificateExpiresAt",
        priority = 1
    ),
    printcolumn(name = "Last-Heartbeat", type_ = "date", json_path = ".status.lastHeartbeat"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
pub struct FleetNodeSpec {}

/// What the controller knows of a node.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct FleetNodeStatus {
    /// The node's id in the fleet, as records name it.
    pub id: String,
    /// `ready`, `unreachable` or `revoked`.
    pub state: String,
    /// `open`, `cordoned` or `draining`: whether the fleet places replicas on it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scheduling: String,
    /// The k8s node that its agent runs on; absent for a machine outside the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k8s_node: Option<String>,
    /// Where it stands, for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// The legal territory that it stands in.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub jurisdiction: String,
    /// Its GPUs, or its CPU where it has none; at most 16.
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    pub accelerators: Vec<String>,
    /// The fastest instruction set that its kernels use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isa: Option<String>,
    /// In bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_total_bytes: Option<i64>,
    /// In bytes; at most a minute old while the node is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_available_bytes: Option<i64>,
    /// Replicas placed on it.
    pub replicas: u32,
    /// The version of its agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_version: Option<String>,
    /// Until when its certificate is valid; its agent renews it long before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub certificate_expires_at: Option<String>,
    /// When its agent was last heard; at most a minute behind while the node is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub last_heartbeat: Option<String>,
    /// When this was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub updated_at: Option<String>,
}

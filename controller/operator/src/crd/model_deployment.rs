//! Kind `ModelDeployment`.

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Autoscaling, AutoscalingStatus, Condition};

/// Which model runs, how many replicas of it, and where. Its name is the model name that callers of the
/// inference API use.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "fleet.cloister.dev",
    version = "v1alpha1",
    kind = "ModelDeployment",
    plural = "modeldeployments",
    shortname = "md",
    category = "cloister",
    namespaced,
    status = "ModelDeploymentStatus",
    derive = "PartialEq",
    doc = "An intent: this model, so many replicas, on nodes like these. Its name is the model name that callers of the inference API use. Deleting it lets replicas finish what they have before they stop.",
    scale(
        spec_replicas_path = ".spec.replicas",
        status_replicas_path = ".status.replicas",
        label_selector_path = ".status.selector"
    ),
    validation = Rule::new("size(self.metadata.name) <= 63 && !self.metadata.name.contains('.')")
        .message("the name may have at most 63 characters and no dots, as every deployment of the fleet"),
    printcolumn(name = "Model", type_ = "string", json_path = ".spec.model"),
    printcolumn(name = "Wanted", type_ = "integer", json_path = ".status.wantedReplicas"),
    printcolumn(name = "Ready", type_ = "integer", json_path = ".status.readyReplicas"),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "In-Sync", type_ = "string", json_path = r#".status.conditions[?(@.type=="InSync")].status"#),
    printcolumn(name = "Min", type_ = "integer", json_path = ".spec.autoscaling.minReplicas", priority = 1),
    printcolumn(name = "Max", type_ = "integer", json_path = ".spec.autoscaling.maxReplicas", priority = 1),
    printcolumn(name = "Load", type_ = "integer", json_path = ".status.autoscaling.load", priority = 1, description = "Requests running and waiting, where autoscaling counts them"),
    printcolumn(name = "Revision", type_ = "integer", json_path = ".status.revision", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(
    validation = Rule::new("has(self.tenant) == has(oldSelf.tenant) && (!has(self.tenant) || self.tenant == oldSelf.tenant)").field_path(".tenant")
        .message("tenant cannot be changed: a deployment stays where it was made; create another ModelDeployment"),
    validation = Rule::new("!has(self.replicas) || !has(self.autoscaling)").field_path(".replicas")
        .message("replicas and autoscaling exclude each other: with autoscaling the load decides how many replicas run, between minReplicas and maxReplicas. Change those, or remove one of the two")
)]
pub struct ModelDeploymentSpec {
    /// Name of a Model in this namespace.
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"))]
    pub model: String,

    /// Replicas wanted: 0 to 1024. `kubectl scale` sets it. Without it, and without `autoscaling`, one.
    // No default in the definition: beside `autoscaling` it would always seem to be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1024))]
    pub replicas: Option<u32>,

    /// Lets the number of replicas follow the load, instead of `replicas`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self.minReplicas <= self.maxReplicas").field_path(".minReplicas")
        .message("minReplicas must not be greater than maxReplicas"))]
    pub autoscaling: Option<Autoscaling>,

    /// Longest prompt and answer together, in tokens. Without it the model's own, at most 8192.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 16_777_216))]
    pub context_length: Option<u32>,

    /// Sequences that one replica decodes at once: 1 to 256. Without it 16.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 256))]
    pub max_sequences: Option<u32>,

    /// Labels that a node of the fleet must have, all of them. These are labels of the agent, not of the k8s node.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 64))]
    #[x_kube(validation = Rule::new("self.all(key, size(key) >= 1 && size(key) <= 63 && size(self[key]) <= 63)")
        .message("keys and values of nodeSelector have at most 63 characters, and keys at least one"))]
    pub node_selector: BTreeMap<String, String>,

    /// Legal territory: replicas run only on nodes that stand in it. ISO 3166-1 (`DE`), optionally with a subdivision
    /// (`DE-HE`); `DE` admits `DE-HE`. Without it anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 6))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Z]{2}(-[A-Z0-9]{1,3})?$')")
        .message("jurisdiction is a country of ISO 3166 such as DE, or a subdivision such as DE-HE"))]
    pub jurisdiction: Option<String>,

    /// Tenant of the fleet that it is to belong to; without it, the fleet itself. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"))]
    pub tenant: Option<String>,
}

/// What became of the intent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelDeploymentStatus {
    /// The `metadata.generation` that this status is about.
    pub observed_generation: i64,
    /// Replicas wanted: `spec.replicas`, or what autoscaling decided.
    pub wanted_replicas: u32,
    /// Replicas that exist, ready or not.
    pub replicas: u32,
    /// Replicas that answer.
    pub ready_replicas: u32,
    /// The fleet's revision of this deployment that came from this object. Absent until there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
    /// The `metadata.generation` that this revision came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_generation: Option<i64>,
    /// The model digest that this revision runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_digest: Option<String>,
    /// What the load asks for; absent without `spec.autoscaling`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<AutoscalingStatus>,
    /// For the scale subresource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// Where replicas are, those with trouble first; at most 64.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "atomic"))]
    pub placements: Vec<PlacementStatus>,
    /// `Verified`, then `Admitted`, `Placed`, `Loaded` and `Ready`; beside them `Degraded` and `InSync`.
    #[schemars(length(max = 16))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// One replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlacementStatus {
    /// The replica's id; `cloister explain` takes it.
    pub replica: String,
    /// The node it is on; absent while no node can take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// What it is doing, e.g. `loading` or `ready`.
    pub phase: String,
    /// What is wrong and what to do, or why it is nowhere; absent when all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

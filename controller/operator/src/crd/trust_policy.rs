//! Kind `TrustPolicy`.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Condition;

/// Whose signature makes which models acceptable. What no rule admits is refused: at import, when it is placed,
/// and once more by each node. A narrower policy drains replicas that it no longer admits.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "fleet.cloister.dev",
    version = "v1alpha1",
    kind = "TrustPolicy",
    plural = "trustpolicies",
    singular = "trustpolicy",
    shortname = "tp",
    category = "cloister",
    namespaced,
    status = "TrustPolicyStatus",
    derive = "PartialEq",
    doc = "Whose signature makes which models acceptable. Policies add up; what none of them admits is refused. A signer that was revoked (cloister signer revoke) is out everywhere, whatever a policy says.",
    validation = Rule::new("size(self.metadata.name) <= 63").message("the name may have at most 63 characters"),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "Rules", type_ = "integer", json_path = ".status.rules"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
pub struct TrustPolicySpec {
    /// Each admits some names for some signers; they add up. At most 64.
    #[schemars(length(min = 1, max = 64), extend("x-kubernetes-list-type" = "atomic"))]
    pub rules: Vec<PolicyRule>,
}

/// These names, signed by any of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRule {
    /// Names of models in the fleet. `*` stands for any characters and `?` for one. At most 64.
    #[schemars(length(min = 1, max = 64), extend("x-kubernetes-list-type" = "atomic"))]
    #[schemars(inner(length(min = 1, max = 63), regex(pattern = "^[a-z0-9.*?-]+$")))]
    pub models: Vec<String>,
    /// Any of them may have signed. At most 16.
    #[schemars(length(min = 1, max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    pub signers: Vec<PolicySigner>,
}

/// Someone whose signature counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicySigner {
    /// For people and records.
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"))]
    pub name: String,
    /// A P-256 public key in PEM form, `BEGIN PUBLIC KEY`, as `cloister model keygen` writes it beside the private one.
    #[schemars(length(max = 8192))]
    #[schemars(extend("x-kubernetes-validations" = [{
        "rule": "self.startsWith('-----BEGIN PUBLIC KEY-----')",
        "message": "publicKey must begin with -----BEGIN PUBLIC KEY-----; a private key never belongs here"
    }]))]
    pub public_key: String,
}

/// Whether the policy is in force.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TrustPolicyStatus {
    /// The `metadata.generation` that this status is about.
    pub observed_generation: i64,
    /// The fleet's revision of this policy that came from this object. Absent until there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
    /// The `metadata.generation` that this revision came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_generation: Option<i64>,
    /// How many rules are in force.
    pub rules: u32,
    /// `Ready`, and `InSync`.
    #[schemars(length(max = 16))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

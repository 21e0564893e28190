//! Kind `Model`.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Condition;

/// Where a model comes from, and which bytes it must be. The controller fetches it, checks that a trusted
/// signer signed it, and keeps it under a name; what it then is, is in `status`.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "fleet.cloister.dev",
    version = "v1alpha1",
    kind = "Model",
    plural = "models",
    shortname = "mdl",
    category = "cloister",
    namespaced,
    status = "ModelStatus",
    derive = "PartialEq",
    doc = "A model of the fleet: signed, fetched from where you say, verified, and kept by the controller. It runs only through a ModelDeployment.",
    validation = Rule::new("size(self.metadata.name) <= 63").message("the name may have at most 63 characters, as every model of the fleet"),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "Signer", type_ = "string", json_path = ".status.signer.name"),
    printcolumn(name = "Size", type_ = "integer", json_path = ".status.sizeBytes", description = "Of all files, in bytes"),
    printcolumn(name = "Digest", type_ = "string", json_path = ".status.digest", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(
    validation = Rule::new("self.source == oldSelf.source").field_path(".source")
        .message("source cannot be changed: what a name stands for must not move under those who use it; create another Model"),
    validation = Rule::new("has(self.name) == has(oldSelf.name) && (!has(self.name) || self.name == oldSelf.name)").field_path(".name")
        .message("name cannot be changed; create another Model"),
    validation = Rule::new("!has(oldSelf.digest) || (has(self.digest) && self.digest == oldSelf.digest)").field_path(".digest")
        .message("digest cannot be changed once it is set; create another Model")
)]
pub struct ModelSpec {
    /// Name of the model in the fleet, if it is to be another than this object's. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"))]
    pub name: Option<String>,

    /// Where its bytes are: exactly one of `oci`, `https` and `path`. Cannot be changed.
    #[x_kube(validation = Rule::new("[has(self.oci), has(self.https), has(self.path)].filter(given, given).size() == 1")
        .message("give exactly one of oci, https and path"))]
    pub source: ModelSource,

    /// The model digest that it must have, `sha256:` and 64 hex digits, as `cloister model sign` prints it. Without
    /// it any model from this source is taken that a trusted signer signed for this name. Cannot be changed once set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 71))]
    #[x_kube(validation = Rule::new("self.matches('^sha256:[0-9a-f]{64}$')")
        .message("digest must be sha256: and 64 lower-case hex digits, as cloister model sign prints it"))]
    pub digest: Option<String>,
}

/// Where the bytes of a model are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelSource {
    /// An artifact in an OCI registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oci: Option<OciSource>,
    /// One archive (`.tar` or `.tar.gz`) on a web server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub https: Option<HttpsSource>,
    /// A folder or archive on the controller's sources volume (chart value `models.sourcesClaim`), relative to its root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    #[schemars(extend("x-kubernetes-validations" = [{
        "rule": "!self.startsWith('/') && !self.split('/').exists(part, part == '..')",
        "message": "path is relative to the sources volume: no leading / and no .."
    }]))]
    pub path: Option<String>,
}

/// An artifact in an OCI registry: a ModelPack, or files as layers; the signature bundle is among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OciSource {
    /// With its digest, e.g. `registry.example/models/smollm2@sha256:…`; a tag before the `@` is ignored.
    #[schemars(length(max = 512))]
    #[schemars(extend("x-kubernetes-validations" = [{
        "rule": "self.matches('^[^@ ]+/[^@ ]+@sha256:[0-9a-f]{64}$')",
        "message": "reference must end in a digest, as registry.example/models/smollm2@sha256:<64 hex digits>: a tag alone can be moved to other bytes"
    }]))]
    pub reference: String,
}

/// One archive on a web server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HttpsSource {
    /// Begins with `https://`. Its host must be among those that the controller may reach (chart value `models.allowedHosts`).
    #[schemars(length(max = 2048))]
    #[schemars(extend("x-kubernetes-validations" = [{
        "rule": "self.startsWith('https://')",
        "message": "url must begin with https://"
    }]))]
    pub url: String,
    /// SHA-256 of the archive: 64 hex digits.
    #[schemars(length(max = 64))]
    #[schemars(extend("x-kubernetes-validations" = [{
        "rule": "self.matches('^[0-9a-f]{64}$')",
        "message": "sha256 must be 64 lower-case hex digits, as sha256sum prints them"
    }]))]
    pub sha256: String,
}

/// What became of the model.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelStatus {
    /// The `metadata.generation` that this status is about.
    pub observed_generation: i64,
    /// The model digest: which bytes run. The same in records, answers and on every node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Who signed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<SignerInfo>,
    /// Of all files together, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<i64>,
    /// How far fetching is; absent when it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// The import that fetches and checks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import_id: Option<String>,
    /// The audit record of its import, or of its refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_id: Option<String>,
    /// `Fetched`, then `Verified`, then `Admitted`; `Ready` when all hold.
    #[schemars(length(max = 16))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// Who signed a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignerInfo {
    /// The name under which the fleet trusts this signer.
    pub name: String,
    /// Hex SHA-256 of the public key in PEM form.
    pub key_id: String,
}

/// How far fetching is, in steps of a twentieth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// In bytes.
    pub fetched_bytes: i64,
    /// In bytes; absent while it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_bytes: Option<i64>,
}

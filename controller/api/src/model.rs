//! Models: signed, verified and kept by the controller.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One imported model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Model {
    /// Unique in the fleet.
    #[schema(example = "smollm2-135m")]
    pub name: String,
    /// `sha256:<hex>` of the payload that its signer signed: the model's identity.
    #[schema(example = "sha256:2f6b25e4…")]
    pub digest: String,
    #[schema(example = "llama")]
    pub architecture: String,
    #[schema(example = "Q4_1")]
    pub quantization: String,
    /// Of all files together.
    pub size_bytes: u64,
    /// Number of weights.
    pub parameters: u64,
    /// Longest context the model was trained for, in tokens.
    pub context_length: u32,
    /// Hex SHA-256 of the signer's public key in PEM form.
    pub signer_key_id: String,
    pub signer_name: String,
    /// False once its signer was revoked, or no trust policy admits that signer for this name any
    /// more: it is no longer placed, and its replicas are drained.
    pub trusted: bool,
    pub imported_at: String,
    #[serde(flatten)]
    pub approval: ModelApproval,
    /// As the model file states it, e.g. `apache-2.0`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub license: Option<String>,
}

/// Whether a model may be deployed, and who decided so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct ModelApproval {
    /// From an earlier controller, which does not say so: approved.
    #[serde(default)]
    #[schema(required = true)]
    pub approval: Approval,
    /// The name of whoever approved it last. Absent while it waits, and of one that was here before
    /// models were approved.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub approved_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub approved_at: Option<String>,
    /// Of a retired one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retired_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retired_at: Option<String>,
    /// As whoever retired it put it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retired_because: Option<String>,
}

/// Whether a model may be deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// Imported by somebody who may not approve it.
    Waiting,
    #[default]
    Approved,
    /// Deployments that have it go on and may be scaled down; nothing may choose it any more.
    Retired,
}

/// Takes a model out of use for new deployments.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetireModelRequest {
    /// Why, in at most 200 characters, for those who want to deploy it. The record holds its SHA-256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub because: Option<String>,
}

/// A model with all that is known about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelDetail {
    #[serde(flatten)]
    pub model: Model,
    /// The files that the signature covers. The signature bundle itself is not among them.
    pub files: Vec<ModelFile>,
    pub facts: ModelFacts,
    /// The checks that it passed at import, in order, as sentences.
    pub checks: Vec<String>,
    /// Names of the deployments that use it.
    pub deployments: Vec<String>,
    /// The audit record of its import, approval or retirement. Absent from answers that changed nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub record_id: Option<String>,
}

/// One file of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelFile {
    pub name: String,
    pub size_bytes: u64,
    /// Hex SHA-256 of its bytes.
    pub sha256: String,
}

/// What was read from the header of the weights, and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct ModelFacts {
    /// The file that holds the weights.
    pub weights_file: String,
    pub architecture: String,
    pub quantization: String,
    pub parameters: u64,
    /// In tokens.
    pub context_length: u32,
    pub layers: u32,
    pub embedding_length: u32,
    pub attention_heads: u32,
    pub attention_heads_kv: u32,
    pub vocabulary: u32,
    /// Tensors of each type, as `TYPE: count`.
    pub tensor_types: std::collections::BTreeMap<String, u64>,
    /// Memory that the weights take once loaded.
    pub weights_bytes: u64,
    /// Memory that one token of context takes in the KV cache.
    pub kv_bytes_per_token: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub license: Option<String>,
    /// Whether the file holds a chat template.
    pub chat_template: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelList {
    pub models: Vec<Model>,
}

/// Verify the files of an upload and keep them as a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportRequest {
    /// 1 to 63 characters of `[a-z0-9-.]`, beginning and ending with a letter or digit.
    #[schema(pattern = "^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")]
    pub name: String,
    /// An upload whose files are complete.
    pub upload_id: String,
}

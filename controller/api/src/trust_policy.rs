//! Trust policies: whose signature makes a model of a certain name acceptable. What no signer of the
//! fleet and no policy admits is refused.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrustPolicy {
    pub name: String,
    pub rules: Vec<TrustRule>,
    /// Grows with every change. Send it back as `If-Match: "<revision>"` to change only what you saw.
    pub revision: u64,
    pub updated_at: String,
    /// The audit record of the change. Absent from answers that changed nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub record_id: Option<String>,
}

/// Models of these names may be signed by these signers, and by those that are trusted for every name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustRule {
    /// 1 to 64 model names, in which `*` stands for any characters and `?` for one.
    #[schema(example = json!(["smollm2-*"]))]
    pub models: Vec<String>,
    /// 1 to 16.
    pub signers: Vec<PolicySigner>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicySigner {
    /// 1 to 63 characters of `[a-z0-9-.]`, beginning and ending with a letter or digit.
    #[schema(pattern = "^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")]
    pub name: String,
    /// A P-256 public key: PEM, `BEGIN PUBLIC KEY`, at most 8 KiB.
    pub public_key_pem: String,
    /// Hex SHA-256 of the public key in PEM form. Always in answers; if a request has it, it must be
    /// the key's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrustPolicyList {
    pub policies: Vec<TrustPolicy>,
}

/// What a policy should be. The name is in the path.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustPolicyRequest {
    /// 1 to 64.
    pub rules: Vec<TrustRule>,
}

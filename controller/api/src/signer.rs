//! Signers: whose signature makes a model acceptable.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Signer {
    /// Hex SHA-256 of the public key in PEM form (the `hint` of OpenSSF Model Signing).
    pub key_id: String,
    pub name: String,
    pub trusted_at: String,
    /// Whether every model that it signed is acceptable, whatever the model's name.
    #[serde(default = "yes")]
    pub every_name: bool,
    /// Trust policies that name it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub policies: Vec<String>,
    /// Absent while not revoked. A revoked signer is trusted for nothing, whatever a policy says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revoked_at: Option<String>,
}

/// Controllers that know no policies trust every signer for every name.
fn yes() -> bool {
    true
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignerList {
    pub signers: Vec<Signer>,
}

/// Trust models that this key signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustSignerRequest {
    /// 1 to 63 characters of `[a-z0-9-.]`, beginning and ending with a letter or digit.
    #[schema(pattern = "^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")]
    pub name: String,
    /// A P-256 public key: PEM, `BEGIN PUBLIC KEY`, at most 8 KiB.
    pub public_key_pem: String,
}

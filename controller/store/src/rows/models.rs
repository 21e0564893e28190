//! Models and those who may sign them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Deployment;

/// A public key whose signatures on models are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// Hex SHA-256 of `public_key_pem`.
    pub key_id: String,
    pub name: String,
    pub public_key_pem: String,
    pub trusted_at: Timestamp,
    /// None while trusted.
    pub revoked_at: Option<Timestamp>,
}

/// Whose signature makes a model of certain names acceptable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustPolicy {
    pub name: String,
    pub rules: Vec<TrustRule>,
    /// From 1, grows by 1.
    pub revision: u64,
    pub updated_at: Timestamp,
}

/// Models whose name matches one of `models` may be signed by each of `signers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustRule {
    /// With `*` and `?`.
    pub models: Vec<String>,
    pub signers: Vec<TrustRuleSigner>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustRuleSigner {
    pub name: String,
    /// Hex SHA-256 of `public_key_pem`.
    pub key_id: String,
    pub public_key_pem: String,
}

/// An imported model revision.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// `sha256:<hex>` of the signed payload.
    pub digest: String,
    /// Unique in the fleet.
    pub name: String,
    /// The signature bundle, byte for byte as imported.
    pub bundle: Vec<u8>,
    pub signer_key_id: String,
    pub files: Vec<ModelFile>,
    /// What the weights file says of itself: architecture, quantization, parameters, context_length,
    /// license, kv_bytes_per_token and the like.
    pub facts: serde_json::Value,
    /// Sum over `files`.
    pub size_bytes: u64,
    pub imported_at: Timestamp,
    pub approval: Approval,
    /// Who approved it last, by name; none for one that was here before models were approved.
    pub approved_by: Option<String>,
    pub approved_at: Option<Timestamp>,
    pub retirement: Option<Retirement>,
}

/// Whether a model may be deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// Imported by somebody who may not approve it.
    Waiting,
    Approved,
    /// No deployment may choose it any more; those that have it go on.
    Retired,
}

impl Approval {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Retired => "retired",
        }
    }

    /// Whether a deployment may become `after` with a model in this state. One that has a model which is not approved
    /// may only be scaled down or restarted: whatever else it became would choose that model anew.
    #[must_use]
    pub fn allows(self, before: Option<&Deployment>, after: &Deployment) -> bool {
        let chooses_nothing = |before: &Deployment| {
            let Deployment { replicas, revision, restarts, .. } = *before;
            let same = Deployment { replicas, revision, restarts, ..after.clone() };
            same == *before && after.replicas <= before.replicas
        };
        self == Self::Approved || before.is_some_and(chooses_nothing)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Waiting, Self::Approved, Self::Retired].into_iter().find(|known| known.as_str() == text)
    }
}

/// Who took a model out of use, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retirement {
    /// By name.
    pub by: String,
    pub at: Timestamp,
    pub because: Option<String>,
}

/// One file that the signature covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Relative path with `/`, as signed.
    pub name: String,
    /// Lower-case hex, 64 digits.
    pub sha256: String,
    pub size_bytes: u64,
}

//! Whose signature makes a model of a certain name acceptable. Deny by default; a pure function with
//! a reason for every answer.

mod glob;

use std::fmt;

use crate::error::quoted;

pub use glob::{GlobError, check_glob, matches};

/// Everything that bears on trust, as it stands now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustView {
    /// Signers that were declared trusted for every model name, revoked ones too.
    pub signers: Vec<FleetSigner>,
    pub policies: Vec<NamedPolicy>,
}

/// A signer of the whole fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetSigner {
    pub name: String,
    pub key_id: String,
    pub revoked: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPolicy {
    pub name: String,
    pub rules: Vec<Rule>,
}

/// Models whose name matches one of `models` may be signed by each of `signers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// With `*` and `?`.
    pub models: Vec<String>,
    pub signers: Vec<RuleSigner>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSigner {
    pub name: String,
    pub key_id: String,
}

/// Whether a key may sign models of a name, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub admitted: bool,
    pub reason: Reason,
}

/// Why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Admitted: the signer is trusted for every model name.
    EveryName { signer: String },
    /// Admitted by this rule (counted from 0).
    Policy { signer: String, policy: String, rule: usize },
    /// Refused: the key was revoked, and that stands above every policy.
    Revoked { signer: String },
    /// Refused: these policies name the key, for other model names.
    OtherNames { policies: Vec<String> },
    /// Refused: nobody named the key.
    Unknown,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EveryName { signer } => write!(f, "signer {} is trusted for every model", quoted(signer)),
            Self::Policy { signer, policy, rule } => {
                let (signer, policy) = (quoted(signer), quoted(policy));
                write!(f, "trust policy {policy}, rule {rule}, admits signer {signer} for this model")
            }
            Self::Revoked { signer } => write!(f, "signer {} was revoked", quoted(signer)),
            Self::OtherNames { policies } => {
                let names: Vec<_> = policies.iter().map(|name| quoted(name)).collect();
                write!(f, "trust policy {} admits its signer for other model names only", names.join(", "))
            }
            Self::Unknown => f.write_str("neither a signer of the fleet nor a trust policy names its key"),
        }
    }
}

/// May models called `model` be signed by the key `key_id`?
///
/// A revoked key is out everywhere. A signer of the fleet is in everywhere. Any other key needs a rule
/// that names both it and the model.
pub fn decide(view: &TrustView, model: &str, key_id: &str) -> Decision {
    match view.signers.iter().find(|signer| signer.key_id == key_id) {
        Some(FleetSigner { name, revoked: true, .. }) => refused(Reason::Revoked { signer: name.clone() }),
        Some(FleetSigner { name, revoked: false, .. }) => {
            Decision { admitted: true, reason: Reason::EveryName { signer: name.clone() } }
        }
        None => decide_by_policy(view, model, key_id),
    }
}

fn decide_by_policy(view: &TrustView, model: &str, key_id: &str) -> Decision {
    let mut elsewhere = Vec::new();
    for policy in &view.policies {
        for (rule, Rule { models, signers }) in policy.rules.iter().enumerate() {
            let Some(signer) = signers.iter().find(|signer| signer.key_id == key_id) else { continue };
            if models.iter().any(|glob| matches(glob, model)) {
                let (signer, policy) = (signer.name.clone(), policy.name.clone());
                return Decision { admitted: true, reason: Reason::Policy { signer, policy, rule } };
            }
            if elsewhere.last() != Some(&policy.name) {
                elsewhere.push(policy.name.clone());
            }
        }
    }
    match elsewhere.is_empty() {
        true => refused(Reason::Unknown),
        false => refused(Reason::OtherNames { policies: elsewhere }),
    }
}

fn refused(reason: Reason) -> Decision {
    Decision { admitted: false, reason }
}

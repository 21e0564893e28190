//! The snapshot that the front door serves from: who may call, and which replicas are ready. It is
//! replaced as a whole, so a request sees one consistent state, and the gateway goes on serving when
//! nobody is there to push a new one.

use std::collections::HashMap;

use cloister_evidence::record::ActorKind;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Everything a request is decided by.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    /// By deployment name.
    pub deployments: HashMap<String, Route>,
    /// By SHA-256 of the key's secret text. Revoked keys are simply not here.
    pub keys: HashMap<[u8; 32], Grant>,
}

/// A deployment that can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The deployment's name.
    pub deployment: String,
    pub model_name: String,
    /// `sha256:<hex>` of the signed payload.
    pub model_digest: String,
    /// Whose it is; `None`: the fleet's own.
    pub tenant: Option<String>,
    /// Tokens of prompt and answer together.
    pub context_length: u32,
    /// Sequences that one replica decodes at once.
    pub max_sequences: u32,
    /// Sequences that may wait at one replica.
    pub max_waiting: u32,
    pub created_unix_s: i64,
    /// Only those that are ready and connected.
    pub replicas: Vec<ReplicaRoute>,
}

/// Where one running copy is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReplicaRoute {
    pub replica_id: String,
    pub node_id: String,
}

/// What an API key, or a person who is signed in, may do.
///
/// A person is let in before the gateway: whoever does that puts the grant into the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What it is a grant of, for the record.
    pub kind: ActorKind,
    /// Of the key or the account.
    pub id: String,
    /// The name an administrator gave it.
    pub name: String,
    pub admin: bool,
    /// Whose it is; `None`: the fleet's own. It reaches deployments of the same alone.
    pub tenant: Option<String>,
    /// Deployment or model names; empty: all.
    pub models: Vec<String>,
    pub expires_unix_s: Option<i64>,
}

impl Routes {
    /// Of what `grant` reaches: the deployment of that name, else the first by name that serves a model of that name.
    pub fn find(&self, grant: &Grant, name: &str) -> Option<&Route> {
        self.deployments.get(name).filter(|route| grant.reaches(route)).or_else(|| {
            self.deployments
                .values()
                .filter(|route| route.model_name == name && grant.reaches(route))
                .min_by_key(|route| (route.replicas.is_empty(), route.deployment.as_str()))
        })
    }

    /// The grant of the key with this secret text.
    pub fn key(&self, secret: &str) -> Option<&Grant> {
        let digest: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        let (stored, grant) = self.keys.get_key_value(&digest)?;
        // The map's own comparison is not constant in time; it decides nothing.
        bool::from(stored.ct_eq(&digest)).then_some(grant)
    }
}

impl Route {
    /// Sequences that one replica takes, running and waiting.
    pub fn replica_capacity(&self) -> u32 {
        self.max_sequences.saturating_add(self.max_waiting)
    }
}

impl Grant {
    /// Whether both are of one tenant. What is another's does not exist for a caller.
    pub fn reaches(&self, route: &Route) -> bool {
        self.tenant == route.tenant
    }

    /// Whether the key's scope covers a request for `name`, which `route` answers if there is one.
    pub fn covers(&self, name: &str, route: Option<&Route>) -> bool {
        let listed = |wanted: &str| self.models.iter().any(|model| model == wanted);
        self.models.is_empty()
            || match route {
                Some(route) => listed(&route.deployment) || listed(&route.model_name),
                None => listed(name),
            }
    }

    /// Whether the key is past its end at `now_unix_s`.
    pub fn expired(&self, now_unix_s: i64) -> bool {
        self.expires_unix_s.is_some_and(|end| now_unix_s >= end)
    }
}

#[cfg(test)]
mod tests;

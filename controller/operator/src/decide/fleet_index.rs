//! The fleet as one look needs it: found by name.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use cloister_api::{Deployment, Import, Model, Replica, TrustPolicy};

use crate::fleet_api::{FleetView, ObservedNode};

/// A [`FleetView`], sorted.
#[derive(Debug, Default)]
pub(crate) struct FleetIndex {
    models: HashMap<String, Model>,
    imports: HashMap<String, Import>,
    policies: HashMap<String, TrustPolicy>,
    deployments: HashMap<String, Deployment>,
    replicas: HashMap<String, Vec<Replica>>,
    nodes: Vec<ObservedNode>,
    trust: u64,
}

impl FleetIndex {
    pub(crate) fn new(view: FleetView) -> Self {
        let trust = trust_fingerprint(&view);
        let mut replicas: HashMap<String, Vec<Replica>> = HashMap::new();
        for replica in view.replicas {
            replicas.entry(replica.deployment.clone()).or_default().push(replica);
        }
        Self {
            models: view.models.into_iter().map(|model| (model.name.clone(), model)).collect(),
            imports: view.imports.into_iter().map(|import| (import.id.clone(), import)).collect(),
            policies: view.trust_policies.into_iter().map(|policy| (policy.name.clone(), policy)).collect(),
            deployments: view.deployments.into_iter().map(|d| (d.name.clone(), d)).collect(),
            replicas,
            nodes: view.nodes,
            trust,
        }
    }

    pub(crate) fn model(&self, name: &str) -> Option<&Model> {
        self.models.get(name)
    }

    pub(crate) fn import(&self, id: &str) -> Option<&Import> {
        self.imports.get(id)
    }

    pub(crate) fn policy(&self, name: &str) -> Option<&TrustPolicy> {
        self.policies.get(name)
    }

    pub(crate) fn deployment(&self, name: &str) -> Option<&Deployment> {
        self.deployments.get(name)
    }

    /// Names of the deployments that run this model, sorted.
    pub(crate) fn users_of(&self, model_digest: &str) -> Vec<&str> {
        let users = self.deployments.values().filter(|d| d.model_digest == model_digest);
        let mut names: Vec<&str> = users.map(|d| d.name.as_str()).collect();
        names.sort_unstable();
        names
    }

    pub(crate) fn replicas(&self, deployment: &str) -> &[Replica] {
        self.replicas.get(deployment).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn nodes(&self) -> &[ObservedNode] {
        &self.nodes
    }

    /// Another number whenever another signature may have become acceptable.
    pub(crate) fn trust(&self) -> u64 {
        self.trust
    }
}

fn trust_fingerprint(view: &FleetView) -> u64 {
    let mut signers: Vec<_> =
        view.signers.iter().map(|s| (&s.key_id, s.every_name, s.revoked_at.is_some())).collect();
    let mut policies: Vec<_> = view.trust_policies.iter().map(|p| (&p.name, p.revision)).collect();
    signers.sort_unstable();
    policies.sort_unstable();
    let mut hasher = DefaultHasher::new();
    (signers, policies).hash(&mut hasher);
    hasher.finish()
}

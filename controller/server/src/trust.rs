//! Whose signatures are acceptable now, as the store has it. Deciding is `cloister_provenance::trust`;
//! import, deployment, placement and the nodes' descriptions of models all ask through this.

use std::collections::{BTreeMap, HashSet};

use cloister_provenance::trust::{
    Decision, FleetSigner, NamedPolicy, Reason, Rule, RuleSigner, TrustView, decide,
};
use cloister_provenance::{KeyError, TrustedSigner};
use cloister_store::{Model, Signer, Store, StoreError, TrustPolicy};
use jiff::Timestamp;

/// Trust at one moment.
#[derive(Debug)]
pub(crate) struct Trust {
    view: TrustView,
    /// Every key that is named anywhere, by key id.
    keys: BTreeMap<String, NamedKey>,
}

/// A public key and what it is called.
#[derive(Debug, Clone)]
pub(crate) struct NamedKey {
    pub(crate) name: String,
    pub(crate) public_key_pem: String,
    /// Since when.
    pub(crate) named_at: Timestamp,
    /// Trust policies that name it.
    pub(crate) policies: Vec<String>,
}

impl Trust {
    /// Reads signers and policies.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn read(store: &Store) -> Result<Self, StoreError> {
        Ok(Self::of(store.signers().await?, store.trust_policies().await?))
    }

    fn of(signers: Vec<Signer>, policies: Vec<TrustPolicy>) -> Self {
        let mut keys: BTreeMap<String, NamedKey> = BTreeMap::new();
        for signer in &signers {
            let (name, public_key_pem) = (signer.name.clone(), signer.public_key_pem.clone());
            let (named_at, policies) = (signer.trusted_at, Vec::new());
            keys.insert(signer.key_id.clone(), NamedKey { name, public_key_pem, named_at, policies });
        }
        for policy in &policies {
            for signer in policy.rules.iter().flat_map(|rule| &rule.signers) {
                let key = keys.entry(signer.key_id.clone()).or_insert_with(|| NamedKey {
                    name: signer.name.clone(),
                    public_key_pem: signer.public_key_pem.clone(),
                    named_at: policy.updated_at,
                    policies: Vec::new(),
                });
                if key.policies.last() != Some(&policy.name) {
                    key.policies.push(policy.name.clone());
                }
            }
        }
        let view = TrustView {
            signers: signers.into_iter().map(fleet_signer).collect(),
            policies: policies.into_iter().map(named_policy).collect(),
        };
        Self { view, keys }
    }

    /// May models called `model` be signed by the key `key_id`?
    pub(crate) fn decide(&self, model: &str, key_id: &str) -> Decision {
        decide(&self.view, model, key_id)
    }

    pub(crate) fn admits(&self, model: &Model) -> bool {
        self.decide(&model.name, &model.signer_key_id).admitted
    }

    /// The keys that may sign models called `model`.
    pub(crate) fn keys_for(&self, model: &str) -> impl Iterator<Item = &NamedKey> {
        self.keys.iter().filter(|(key_id, _)| self.decide(model, key_id).admitted).map(|(_, key)| key)
    }

    /// A key that is named anywhere.
    pub(crate) fn key(&self, key_id: &str) -> Option<&NamedKey> {
        self.keys.get(key_id)
    }

    /// All keys that are named anywhere, by key id.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&String, &NamedKey)> {
        self.keys.iter()
    }

    /// Digests of the models of which nothing may run.
    pub(crate) fn untrusted(&self, models: &[Model]) -> HashSet<String> {
        models.iter().filter(|model| !self.admits(model)).map(|model| model.digest.clone()).collect()
    }

    /// What an import of a model called `model` is checked against.
    ///
    /// # Errors
    /// A stored key cannot be read.
    pub(crate) fn acceptance(self, model: &str) -> Result<Acceptance, KeyError> {
        let signers = self.keys_for(model);
        let signers = signers.map(|key| TrustedSigner::from_pem(&key.name, &key.public_key_pem));
        Ok(Acceptance { model: model.to_owned(), signers: signers.collect::<Result<_, _>>()?, trust: self })
    }

    /// The same, as if `policy` (by name) were replaced by `with`, or gone.
    pub(crate) fn with_policy(
        store: (Vec<Signer>, Vec<TrustPolicy>),
        policy: &str,
        with: Option<TrustPolicy>,
    ) -> Self {
        let (signers, policies) = store;
        let others = policies.into_iter().filter(|other| other.name != policy);
        Self::of(signers, others.chain(with).collect())
    }
}

/// Who may sign a model of one name.
#[derive(Debug)]
pub(crate) struct Acceptance {
    model: String,
    signers: Vec<TrustedSigner>,
    trust: Trust,
}

impl Acceptance {
    pub(crate) fn signers(&self) -> &[TrustedSigner] {
        &self.signers
    }

    /// Why that key may not, if there is more to say than that nobody named it.
    pub(crate) fn why_not(&self, key_id: &str) -> Option<String> {
        let reason = self.trust.decide(&self.model, key_id).reason;
        matches!(reason, Reason::Revoked { .. } | Reason::OtherNames { .. }).then(|| reason.to_string())
    }
}

fn fleet_signer(signer: Signer) -> FleetSigner {
    FleetSigner { name: signer.name, key_id: signer.key_id, revoked: signer.revoked_at.is_some() }
}

fn named_policy(policy: TrustPolicy) -> NamedPolicy {
    let rules = policy.rules.into_iter().map(|rule| Rule {
        models: rule.models,
        signers: rule
            .signers
            .into_iter()
            .map(|signer| RuleSigner { name: signer.name, key_id: signer.key_id })
            .collect(),
    });
    NamedPolicy { name: policy.name, rules: rules.collect() }
}

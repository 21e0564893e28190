//! Sets of topics, when each last changed, and which right it takes to hear of it.

use std::collections::BTreeSet;

use cloister_api::Topic;

use crate::api::access::Action;

pub(super) type Topics = BTreeSet<Topic>;

/// For each topic the last look that found it changed. What changed since some look can be told at any time later,
/// however many looks there were in between.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Versions {
    look: u64,
    changed_at: [u64; Topic::ALL.len()],
}

impl Versions {
    /// The last look that found anything.
    pub(super) fn look(&self) -> u64 {
        self.look
    }

    pub(super) fn change(&mut self, topics: &Topics) {
        self.look = self.look.wrapping_add(1);
        for (topic, changed_at) in Topic::ALL.iter().zip(&mut self.changed_at) {
            if topics.contains(topic) {
                *changed_at = self.look;
            }
        }
    }

    /// What changed after the look `told`.
    pub(super) fn since(&self, told: u64) -> Topics {
        let changed = Topic::ALL.iter().zip(&self.changed_at).filter(|(_, at)| **at > told);
        changed.map(|(topic, _)| *topic).collect()
    }
}

/// The right that reading this takes; none for what is anybody's own.
pub(super) fn needed(topic: Topic) -> Option<Action> {
    match topic {
        Topic::Status => Some(Action::FleetRead),
        Topic::Nodes => Some(Action::NodeRead),
        Topic::Deployments | Topic::Replicas => Some(Action::DeploymentRead),
        Topic::Models => Some(Action::ModelRead),
        Topic::Imports => Some(Action::ModelImport),
        Topic::Signers => Some(Action::SignerRead),
        Topic::TrustPolicies => Some(Action::TrustPolicyRead),
        Topic::Keys => Some(Action::KeyRead),
        Topic::Accounts => Some(Action::AccountRead),
        Topic::Sessions => Some(Action::SessionRead),
        Topic::Audit => Some(Action::AuditRead),
        Topic::Session => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_between_two_readings_is_told_once_however_often_it_changed() {
        let mut versions = Versions::default();
        let change =
            |versions: &mut Versions, topics: &[Topic]| versions.change(&topics.iter().copied().collect());
        change(&mut versions, &[Topic::Nodes]);
        let told = versions.look();
        assert!(versions.since(told).is_empty());
        for _ in 0..1_000 {
            change(&mut versions, &[Topic::Replicas, Topic::Status]);
        }
        change(&mut versions, &[Topic::Keys]);
        let missed = versions.since(told).into_iter().collect::<Vec<_>>();
        assert_eq!(missed, [Topic::Status, Topic::Replicas, Topic::Keys]);
    }
}

//! What two looks tell, when they are compared. Pure.

use cloister_api::Topic;

use super::topics::Topics;
use crate::fleet::{LiveNode, LiveNodes};

/// What changed, apart by how soon it is worth telling.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// What somebody did or what is now otherwise: told at once.
    pub(super) state: Topics,
    /// Numbers that move all the time: told once a second.
    pub(super) figures: Topics,
}

impl Told {
    pub(super) fn everything() -> Self {
        // Whose session it is, each stream finds out itself.
        let all = Topic::ALL.into_iter().filter(|topic| *topic != Topic::Session);
        Self { state: all.collect(), figures: Topics::new() }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.state.extend(other.state);
        self.figures.extend(other.figures);
    }
}

/// What new records of these kinds tell. One whose kind is not known here may have changed anything.
pub(super) fn by_records<'a>(kinds: impl Iterator<Item = &'a str>) -> Told {
    let mut told = Told::default();
    for kind in kinds {
        match of_kind(kind) {
            // Records themselves are many while models are asked.
            Some([]) => told.figures.extend([Topic::Audit, Topic::Status]),
            Some(topics) => told.state.extend([Topic::Audit, Topic::Status].iter().chain(topics)),
            None => told.add(Told::everything()),
        }
    }
    told
}

fn of_kind(kind: &str) -> Option<&'static [Topic]> {
    let (area, _) = kind.split_once('.')?;
    Some(match area {
        "inference" | "access" | "audit" => &[],
        "node" => &[Topic::Nodes],
        "deployment" => &[Topic::Deployments, Topic::Replicas],
        // How many replicas a node has stands with the node.
        "placement" => &[Topic::Replicas, Topic::Deployments, Topic::Nodes],
        "model" => &[Topic::Models, Topic::Imports],
        // Models and what runs of them hang on whom the fleet trusts.
        "signer" => &[Topic::Signers, Topic::Models, Topic::Replicas],
        "trust_policy" => &[Topic::TrustPolicies, Topic::Models, Topic::Replicas],
        "key" => &[Topic::Keys],
        "tenant" => &[Topic::Accounts, Topic::Keys],
        "account" | "session" => &[Topic::Accounts, Topic::Sessions],
        _ => return None,
    })
}

/// What nodes report otherwise than before.
pub(super) fn by_nodes(before: &LiveNodes, after: &LiveNodes) -> Told {
    let mut told = Told::default();
    for (id, node) in after {
        match before.get(id) {
            Some(known) if std::sync::Arc::ptr_eq(known, node) => {}
            Some(known) => told.add(by_node(known, node)),
            None => told.state.extend(ANOTHER_NODE),
        }
    }
    if before.keys().any(|id| !after.contains_key(id)) {
        told.state.extend(ANOTHER_NODE);
    }
    told
}

/// A node that came or went takes its replicas with it.
const ANOTHER_NODE: [Topic; 4] = [Topic::Status, Topic::Nodes, Topic::Replicas, Topic::Deployments];

fn by_node(before: &LiveNode, after: &LiveNode) -> Told {
    let mut told = Told::default();
    if before.connected != after.connected || before.boot_id != after.boot_id {
        told.state.extend(ANOTHER_NODE);
    }
    if before.last_seen_unix_s != after.last_seen_unix_s || before.inventory != after.inventory {
        told.figures.insert(Topic::Nodes);
    }
    if phases(before).ne(phases(after)) {
        told.state.extend([Topic::Status, Topic::Replicas, Topic::Deployments]);
    } else if before.replicas != after.replicas {
        told.figures.insert(Topic::Replicas);
    }
    told
}

fn phases(node: &LiveNode) -> impl Iterator<Item = (&str, i32, &str)> {
    let mut phases: Vec<_> =
        node.replicas.values().map(|r| (r.replica_id.as_str(), r.phase, r.error.as_str())).collect();
    phases.sort_unstable();
    phases.into_iter()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cloister_proto::agent::v1::{ReplicaPhase, ReplicaStatus};
    use cloister_proto::worker::v1::StatusResponse;

    use super::*;

    fn kinds(kinds: &[&str]) -> Told {
        by_records(kinds.iter().copied())
    }

    #[test]
    fn a_record_tells_of_what_it_is_about_and_an_unknown_one_of_everything() {
        let key = kinds(&["key.created"]);
        assert_eq!(key.state, Topics::from([Topic::Audit, Topic::Status, Topic::Keys]));
        let busy = kinds(&["inference.requested", "inference.completed", "access.denied"]);
        assert!(busy.state.is_empty(), "{busy:?}");
        assert_eq!(busy.figures, Topics::from([Topic::Audit, Topic::Status]));
        assert!(kinds(&["weather.changed"]).state.contains(&Topic::Accounts));
        assert!(!kinds(&["weather.changed"]).state.contains(&Topic::Session));
        assert_eq!(kinds(&[]), Told::default());
    }

    fn node(change: impl FnOnce(&mut LiveNode)) -> Arc<LiveNode> {
        let mut node = LiveNode { connected: true, last_seen_unix_s: 1, ..LiveNode::default() };
        let mut replica = ReplicaStatus { replica_id: "r1".into(), ..ReplicaStatus::default() };
        replica.set_phase(ReplicaPhase::Ready);
        node.replicas.insert("r1".into(), replica);
        change(&mut node);
        Arc::new(node)
    }

    #[test]
    fn a_node_tells_of_its_state_at_once_and_of_its_figures_in_time() {
        let before = node(|_| {});
        let told = |after: Arc<LiveNode>| {
            let nodes = |node: &Arc<LiveNode>| LiveNodes::from([("n1".to_owned(), Arc::clone(node))]);
            by_nodes(&nodes(&before), &nodes(&after))
        };
        let replica = |node: &mut LiveNode, change: fn(&mut ReplicaStatus)| {
            node.replicas.values_mut().for_each(change);
        };
        assert_eq!(told(Arc::clone(&before)), Told::default());
        assert_eq!(told(node(|_| {})), Told::default());
        let gone = told(node(|node| node.connected = false));
        assert_eq!((gone.state, gone.figures.is_empty()), (Topics::from(ANOTHER_NODE), true));
        let heartbeat = told(node(|node| node.last_seen_unix_s = 2));
        assert_eq!((heartbeat.state.is_empty(), heartbeat.figures), (true, Topics::from([Topic::Nodes])));
        let crashed = told(node(|node| replica(node, |r| r.set_phase(ReplicaPhase::Crashed))));
        assert!(crashed.state.contains(&Topic::Replicas) && crashed.state.contains(&Topic::Status));
        assert!(!crashed.state.contains(&Topic::Nodes));
        let running = told(node(|node| {
            replica(node, |r| r.worker = Some(StatusResponse { running: 1, ..StatusResponse::default() }));
        }));
        assert_eq!((running.state.is_empty(), running.figures), (true, Topics::from([Topic::Replicas])));
    }

    #[test]
    fn a_node_that_comes_or_goes_is_told_at_once() {
        let none = LiveNodes::new();
        let one = LiveNodes::from([("n1".to_owned(), node(|_| {}))]);
        for told in [by_nodes(&none, &one), by_nodes(&one, &none)] {
            assert_eq!(told.state, Topics::from(ANOTHER_NODE));
        }
    }
}

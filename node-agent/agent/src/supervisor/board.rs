//! What is known of every replica, for whoever reports it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cloister_proto::agent::v1::{ReplicaPhase, ReplicaStatus};
use tokio::sync::watch;

/// Holds the latest status of each replica and counts changes: a reader asks what changed since it looked
/// last and gets each replica once, however often it changed in between.
#[derive(Debug, Default)]
pub(crate) struct Board {
    entries: Mutex<Entries>,
    version: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Entries {
    version: u64,
    replicas: BTreeMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    status: ReplicaStatus,
    changed_in: u64,
}

impl Board {
    /// Replaces or adds a replica's status.
    pub(crate) fn insert(&self, status: ReplicaStatus) {
        let mut entries = self.lock();
        if entries.replicas.get(&status.replica_id).is_some_and(|entry| entry.status == status) {
            return;
        }
        let changed_in = entries.next_version();
        entries.replicas.insert(status.replica_id.clone(), Entry { status, changed_in });
        self.version.send_replace(changed_in);
    }

    /// Changes a status that is there. A change that changes nothing is not reported.
    pub(crate) fn update(&self, id: &str, change: impl FnOnce(&mut ReplicaStatus)) {
        let mut entries = self.lock();
        let Some(entry) = entries.replicas.get(id) else { return };
        let mut status = entry.status.clone();
        change(&mut status);
        if entry.status == status {
            return;
        }
        let changed_in = entries.next_version();
        entries.replicas.insert(id.to_owned(), Entry { status, changed_in });
        self.version.send_replace(changed_in);
    }

    /// A ready replica drains from now on; `false` if it is not ready.
    pub(crate) fn drains(&self, id: &str) -> bool {
        let mut was_ready = false;
        self.update(id, |status| {
            was_ready = status.phase() == ReplicaPhase::Ready;
            if was_ready {
                status.set_phase(ReplicaPhase::Draining);
            }
        });
        was_ready
    }

    /// Whether the replica is known and not on its way any more: it serves, or it cannot.
    pub(crate) fn has_settled(&self, id: &str) -> bool {
        use ReplicaPhase::{Fetching, Loading, Pending, Unspecified, Verifying};
        let on_its_way = [Unspecified, Pending, Fetching, Verifying, Loading];
        self.lock().replicas.get(id).is_some_and(|entry| !on_its_way.contains(&entry.status.phase()))
    }

    /// The latest change.
    pub(crate) fn version(&self) -> u64 {
        self.lock().version
    }

    /// Forgets replicas that are over (stopped or refused), but for those that `keep` names.
    pub(crate) fn prune(&self, keep: impl Fn(&str) -> bool) {
        let over = [ReplicaPhase::Stopped, ReplicaPhase::Refused].map(i32::from);
        self.lock().replicas.retain(|id, entry| !over.contains(&entry.status.phase) || keep(id));
    }

    /// What changed after `version`, and the version up to which that is all.
    pub(crate) fn changed_since(&self, version: u64) -> (u64, Vec<ReplicaStatus>) {
        let entries = self.lock();
        let changed = entries.replicas.values().filter(|entry| entry.changed_in > version);
        (entries.version, changed.map(|entry| entry.status.clone()).collect())
    }

    /// Wakes when something changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn next_version(&mut self) -> u64 {
        self.version += 1;
        self.version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(id: &str, restarts: u32) -> ReplicaStatus {
        ReplicaStatus { replica_id: id.into(), restarts, ..ReplicaStatus::default() }
    }

    #[test]
    fn a_reader_gets_each_changed_replica_once_in_its_latest_state() {
        let board = Board::default();
        board.insert(status("a", 0));
        board.insert(status("b", 0));
        let (seen, all) = board.changed_since(0);
        assert_eq!(all.len(), 2);

        board.update("a", |status| status.restarts = 1);
        board.update("a", |status| status.restarts = 2);
        board.update("b", |_| {});
        board.insert(status("b", 0));
        let (seen, changed) = board.changed_since(seen);
        assert_eq!(changed, [status("a", 2)]);
        assert!(board.changed_since(seen).1.is_empty());
    }

    #[test]
    fn replicas_that_are_over_are_forgotten_when_nobody_wants_them() {
        let board = Board::default();
        let over = [
            ("gone", ReplicaPhase::Stopped),
            ("refused", ReplicaPhase::Refused),
            ("kept", ReplicaPhase::Stopped),
        ];
        for (id, phase) in over {
            board.insert(ReplicaStatus { phase: phase.into(), ..status(id, 0) });
        }
        board.insert(status("running", 0));
        board.prune(|id| id == "kept");
        let ids: Vec<String> = board.changed_since(0).1.into_iter().map(|status| status.replica_id).collect();
        assert_eq!(ids, ["kept", "running"]);
    }
}

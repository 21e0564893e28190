//! Since when the replicas that drain have had no request. None running is not enough: other controllers hear of a
//! drain a moment later, agents report once a second, and a request may be on its way.

use std::collections::HashMap;
use std::time::Instant;

use cloister_proto::agent::v1::ReplicaStatus;
use cloister_store::Replica;

use super::Explanation;
use crate::fleet::LiveNodes;
use crate::limits::DRAINED_AFTER;

/// What was seen of the replicas that drain.
#[derive(Debug, Default)]
pub(super) struct Idleness {
    /// When each was last seen with a request, or was first seen to drain.
    quiet_since: HashMap<String, Instant>,
}

impl Idleness {
    pub(super) fn look(&mut self, replicas: &[Replica], live: &LiveNodes, now: Instant) {
        let draining: Vec<_> = replicas.iter().filter(|replica| Explanation::of(replica).draining).collect();
        self.quiet_since.retain(|id, _| draining.iter().any(|replica| replica.id == *id));
        for replica in draining {
            let since = self.quiet_since.entry(replica.id.clone()).or_insert(now);
            if !is_quiet(replica, live) {
                *since = now;
            }
        }
    }

    pub(super) fn is_idle(&self, replica_id: &str, now: Instant) -> bool {
        let since = self.quiet_since.get(replica_id);
        since.is_some_and(|since| now.saturating_duration_since(*since) >= DRAINED_AFTER)
    }

    /// Something drains: it is worth looking more often.
    pub(super) fn is_watching(&self) -> bool {
        !self.quiet_since.is_empty()
    }
}

/// Its node says so, and is there to say it.
fn is_quiet(replica: &Replica, live: &LiveNodes) -> bool {
    let node = replica.node_id.as_ref().and_then(|id| live.get(id)).filter(|node| node.connected);
    let status = node.and_then(|node| node.replicas.get(&replica.id));
    status.is_some_and(|status| requests(status) == 0)
}

/// Requests that the replica computes or keeps waiting.
fn requests(status: &ReplicaStatus) -> u32 {
    status.worker.as_ref().map_or(0, |worker| worker.running.saturating_add(worker.waiting))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use cloister_proto::worker::v1::StatusResponse;

    use super::*;
    use crate::fleet::LiveNode;

    fn draining() -> Replica {
        let reasons = Explanation { draining: true, ..Explanation::default() }.to_json();
        Replica {
            id: "r".to_owned(),
            deployment_id: "d".to_owned(),
            node_id: Some("n".to_owned()),
            generation: 1,
            reasons,
            memory_bytes: 0,
        }
    }

    fn live(running: u32, waiting: u32, connected: bool) -> LiveNodes {
        let worker = Some(StatusResponse { running, waiting, ..StatusResponse::default() });
        let status = ReplicaStatus { worker, ..ReplicaStatus::default() };
        let replicas = HashMap::from([("r".to_owned(), status)]);
        HashMap::from([("n".to_owned(), Arc::new(LiveNode { connected, replicas, ..LiveNode::default() }))])
    }

    #[test]
    fn a_replica_is_idle_when_it_had_no_request_for_a_while() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut idleness = Idleness::default();
        idleness.look(&[draining()], &live(0, 0, true), at(0));
        assert!(!idleness.is_idle("r", at(2_999)), "one may be on its way");
        assert!(idleness.is_idle("r", at(3_000)));
        for (busy, until) in
            [(live(1, 0, true), 4_000), (live(0, 2, true), 8_000), (live(0, 0, false), 12_000)]
        {
            idleness.look(&[draining()], &busy, at(until));
            idleness.look(&[draining()], &live(0, 0, true), at(until + 2_999));
            assert!(!idleness.is_idle("r", at(until + 2_999)));
            assert!(idleness.is_idle("r", at(until + 3_000)));
        }
    }

    #[test]
    fn what_has_gone_is_forgotten() {
        let mut idleness = Idleness::default();
        idleness.look(&[draining()], &live(0, 0, true), Instant::now());
        assert!(idleness.is_watching());
        idleness.look(&[], &live(0, 0, true), Instant::now());
        assert!(!idleness.is_watching());
    }
}

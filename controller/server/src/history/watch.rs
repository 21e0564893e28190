//! Looks at all nodes now and then, and takes what they did since the last time.

use std::collections::HashMap;
use std::time::Instant;

use cloister_store::Figures;

use super::reading::{Reading, gauges};
use crate::fleet::{LiveNode, LiveNodes, NodeId};

/// What is remembered of the nodes that are heard of.
#[derive(Debug, Default)]
pub(super) struct Watch {
    nodes: HashMap<NodeId, Watched>,
}

#[derive(Debug)]
struct Watched {
    before: Reading,
    since: Instant,
    /// The most that was seen at once.
    running: Option<u64>,
    waiting: Option<u64>,
}

impl Watched {
    fn begin(node: &LiveNode, now: Instant) -> Self {
        Self { before: Reading::of(node), since: now, running: None, waiting: None }
    }
}

impl Watch {
    /// Between two samples something may be running that is over when the next one is taken. A node that is not
    /// heard of is forgotten: what it counts in the meantime belongs to no step.
    pub(super) fn look(&mut self, live: &LiveNodes, now: Instant) {
        self.nodes.retain(|id, _| live.get(id).is_some_and(|node| node.connected));
        for (id, node) in live.iter().filter(|(_, node)| node.connected) {
            let seen = gauges(node);
            let watched = self.nodes.entry(id.clone()).or_insert_with(|| Watched::begin(node, now));
            watched.before.complete(node);
            watched.running = watched.running.max(seen.running);
            watched.waiting = watched.waiting.max(seen.waiting);
        }
    }

    /// What every node that is heard of did since this was asked last. Look before.
    pub(super) fn take(&mut self, live: &LiveNodes, now: Instant) -> Vec<(NodeId, Figures)> {
        let mut taken = Vec::with_capacity(self.nodes.len());
        for (id, watched) in &mut self.nodes {
            let Some(node) = live.get(id) else { continue };
            let next = Watched::begin(node, now);
            let span_ms = now.duration_since(watched.since).as_millis();
            let counted = next.before.since(&watched.before, u64::try_from(span_ms).unwrap_or(u64::MAX));
            let gauges = gauges(node);
            let figures = Figures {
                nodes: gauges.nodes,
                memory_total_bytes: gauges.memory_total_bytes,
                memory_available_bytes: gauges.memory_available_bytes,
                gpus: gauges.gpus,
                gpu_busy_permille: gauges.gpu_busy_permille,
                gpu_memory_total_bytes: gauges.gpu_memory_total_bytes,
                gpu_memory_used_bytes: gauges.gpu_memory_used_bytes,
                running: watched.running,
                waiting: watched.waiting,
                ..counted
            };
            taken.push((id.clone(), figures));
            *watched = next;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    use cloister_proto::agent::v1::{ReplicaStatus, Work};
    use cloister_proto::worker::v1::StatusResponse;

    fn live(connected: bool, running: u32, completion_tokens_total: u64) -> LiveNodes {
        let worker = StatusResponse { running, completion_tokens_total, ..StatusResponse::default() };
        let replica = ReplicaStatus { worker: Some(worker), ..ReplicaStatus::default() };
        let replicas = HashMap::from([("r1".to_owned(), replica)]);
        let node = LiveNode { connected, replicas, ..LiveNode::default() };
        HashMap::from([("n1".to_owned(), Arc::new(node))])
    }

    fn after(began: Instant, seconds: u64) -> Instant {
        began + Duration::from_secs(seconds)
    }

    #[test]
    fn what_ran_between_two_samples_is_not_missed() {
        let (mut watch, began) = (Watch::default(), Instant::now());
        watch.look(&live(true, 0, 100), began);
        watch.look(&live(true, 3, 110), after(began, 10));
        watch.look(&live(true, 0, 400), after(began, 30));
        let taken = watch.take(&live(true, 0, 400), after(began, 30));
        let [(id, figures)] = &taken[..] else { panic!("{taken:?}") };
        assert_eq!((id.as_str(), figures.running, figures.output_tokens), ("n1", Some(3), Some(300)));
        assert_eq!((figures.nodes, figures.span_ms), (1, Some(30_000)));
        watch.look(&live(true, 0, 400), after(began, 60));
        let next = watch.take(&live(true, 0, 400), after(began, 60)).remove(0).1;
        assert_eq!((next.running, next.output_tokens), (Some(0), Some(0)));
    }

    #[test]
    fn a_node_that_was_away_has_a_gap_and_begins_anew() {
        let (mut watch, began) = (Watch::default(), Instant::now());
        watch.look(&live(true, 1, 100), began);
        watch.look(&live(false, 1, 100), after(began, 30));
        assert_eq!(watch.take(&live(false, 1, 100), after(began, 30)), []);
        watch.look(&live(true, 1, 900), after(began, 55));
        watch.look(&live(true, 1, 950), after(began, 60));
        let figures = watch.take(&live(true, 1, 950), after(began, 60)).remove(0).1;
        assert_eq!((figures.output_tokens, figures.span_ms), (Some(50), Some(5_000)));
    }

    #[test]
    fn what_comes_with_the_first_heartbeat_counts_from_then_on() {
        let (mut watch, began) = (Watch::default(), Instant::now());
        let with = |finished| {
            let mut nodes = live(true, 0, 0);
            let node = Arc::make_mut(nodes.get_mut("n1").unwrap());
            node.work = Some(Work { finished, ..Work::default() });
            nodes
        };
        watch.look(&live(true, 0, 0), began);
        watch.look(&with(4), after(began, 5));
        watch.look(&with(9), after(began, 30));
        let figures = watch.take(&with(9), after(began, 30)).remove(0).1;
        assert_eq!((figures.finished, figures.failed), (Some(5), Some(0)));
    }

    #[test]
    fn a_node_that_came_this_moment_has_gauges_and_no_rates() {
        let (mut watch, now) = (Watch::default(), Instant::now());
        watch.look(&live(true, 2, 100), now);
        let figures = watch.take(&live(true, 2, 100), now).remove(0).1;
        assert_eq!((figures.running, figures.output_tokens, figures.span_ms), (Some(2), None, None));
    }
}

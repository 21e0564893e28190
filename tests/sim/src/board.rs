//! What the nodes are doing, in numbers.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

/// Counted by all nodes, read by whoever reports.
#[derive(Debug, Default)]
pub(crate) struct Board {
    pub(crate) enrolled: Counter,
    pub(crate) links_lost: Counter,
    pub(crate) orders_obeyed: Counter,
    pub(crate) orders_refused: Counter,
    pub(crate) answers: Counter,
    /// Nodes that the fleet does not accept any more.
    pub(crate) dismissed: Counter,
    replicas: Counter,
    replicas_ready: Counter,
    connected: watch::Sender<usize>,
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicUsize);

impl Counter {
    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn move_to(&self, before: usize, now: usize) {
        // Wraps on the way down and back: each node takes off no more than it put on.
        self.0.fetch_add(now.wrapping_sub(before), Ordering::Relaxed);
    }
}

/// Replicas of one node: all, and those that are ready.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ReplicaCount {
    pub(crate) all: usize,
    pub(crate) ready: usize,
}

/// A node counts as connected while this lives.
#[derive(Debug)]
pub(crate) struct Connected(Arc<Board>);

impl Board {
    pub(crate) fn connect(self: &Arc<Self>) -> Connected {
        self.connected.send_modify(|count| *count += 1);
        Connected(Arc::clone(self))
    }

    pub(crate) fn watch_connected(&self) -> watch::Receiver<usize> {
        self.connected.subscribe()
    }

    pub(crate) fn count_replicas(&self, before: ReplicaCount, now: ReplicaCount) {
        self.replicas.move_to(before.all, now.all);
        self.replicas_ready.move_to(before.ready, now.ready);
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.connected.send_modify(|count| *count = count.saturating_sub(1));
    }
}

impl fmt::Display for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "enrolled {}, connected {}, replicas {} ({} ready), orders {} ({} refused), answers {}, links lost {}, \
             dismissed {}",
            self.enrolled.get(),
            *self.connected.borrow(),
            self.replicas.get(),
            self.replicas_ready.get(),
            self.orders_obeyed.get(),
            self.orders_refused.get(),
            self.answers.get(),
            self.links_lost.get(),
            self.dismissed.get(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_go_up_and_down_with_what_they_count() {
        let board = Arc::new(Board::default());
        let (first, _second) = (board.connect(), board.connect());
        drop(first);
        let none = ReplicaCount::default();
        board.count_replicas(none, ReplicaCount { all: 3, ready: 1 });
        board.count_replicas(ReplicaCount { all: 3, ready: 1 }, ReplicaCount { all: 2, ready: 2 });
        let told = board.to_string();
        assert!(told.contains("connected 1, replicas 2 (2 ready)"), "{told}");
    }
}

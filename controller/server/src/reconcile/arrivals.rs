//! The first seconds of a controller: its nodes are on the books, and have yet to connect. Placing then would pass
//! over every node that is merely later than another.

use std::collections::HashSet;
use std::time::Duration;

use cloister_store::{Node, NodeState};

use crate::fleet::LiveNodes;
use crate::limits::NODES_ARRIVE_WITHIN;

/// The nodes that were there before this controller and have not been heard from by it.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    /// `None` until the first look.
    awaited: Option<HashSet<String>>,
}

impl Arrivals {
    /// Whether there is nobody left to wait for. A node that is down must not keep the fleet waiting for ever; one
    /// that enrolled later was never awaited.
    pub(super) fn are_all_here(&mut self, nodes: &[Node], live: &LiveNodes, since_start: Duration) -> bool {
        let wanted = |node: &&Node| node.state != NodeState::Revoked;
        let awaited = self
            .awaited
            .get_or_insert_with(|| nodes.iter().filter(wanted).map(|node| node.id.clone()).collect());
        if since_start >= NODES_ARRIVE_WITHIN {
            awaited.clear();
        }
        let still_wanted = |id: &str| nodes.iter().filter(wanted).any(|node| node.id == id);
        awaited.retain(|id| live.get(id).is_none_or(|node| node.heard_at.is_none()) && still_wanted(id));
        awaited.is_empty()
    }
}

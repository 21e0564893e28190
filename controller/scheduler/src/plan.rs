//! What the scheduler decided, with its reasons.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One decision per replica, in the order of deployment names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    pub decisions: Vec<Decision>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub replica: ReplicaRef,
    pub deployment_id: String,
    /// For people; the id where the deployment is gone.
    pub deployment: String,
    pub action: Action,
    /// Why, as a sentence.
    pub reason: String,
    /// The nodes that were considered, by name; of a large fleet a few of each kind, with the chosen one. Empty
    /// when none had to be.
    pub verdicts: Vec<NodeVerdict>,
    /// Of a new replica: the one that it comes in the place of.
    pub replaces: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReplicaRef {
    Existing(String),
    /// To be made; the number tells those of one deployment and plan apart.
    New(u32),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It stays where it is.
    Keep { node_id: String },
    /// It should leave, and no other node can take it: it stays where it is until that changes.
    Hold { node_id: String },
    /// It takes no new requests from now on, and goes once those that it has have ended.
    Drain { node_id: String },
    /// It goes to this node; it is on none now.
    Place { node_id: String },
    /// No node can take it; it stays on the books.
    LeaveUnplaced,
    /// It goes off the books, and off its node if it had one.
    Remove { node_id: Option<String> },
}

/// What was found of one node for one replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeVerdict {
    pub node_id: String,
    pub node: String,
    pub fits: bool,
    pub sentence: String,
}

impl Plan {
    /// The decisions that carrying out the plan would act on: how it differs from what is.
    pub fn changes(&self) -> impl Iterator<Item = &Decision> {
        self.decisions.iter().filter(|decision| decision.is_change())
    }
}

impl Decision {
    pub fn is_change(&self) -> bool {
        match (&self.action, &self.replica) {
            (Action::Keep { .. } | Action::Hold { .. }, _) => false,
            (Action::LeaveUnplaced, ReplicaRef::Existing(_)) => false,
            (Action::LeaveUnplaced, ReplicaRef::New(_)) => true,
            (Action::Drain { .. } | Action::Place { .. } | Action::Remove { .. }, _) => true,
        }
    }

    /// Where the replica is to be.
    pub fn node_id(&self) -> Option<&str> {
        match &self.action {
            Action::Keep { node_id }
            | Action::Hold { node_id }
            | Action::Drain { node_id }
            | Action::Place { node_id } => Some(node_id),
            Action::LeaveUnplaced | Action::Remove { .. } => None,
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.decisions.iter().try_for_each(|decision| writeln!(f, "{decision}"))
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.action {
            Action::Keep { .. } => '=',
            Action::Hold { .. } => '!',
            Action::Drain { .. } => '~',
            Action::Place { .. } => '+',
            Action::LeaveUnplaced => '?',
            Action::Remove { .. } => '-',
        };
        match &self.replica {
            ReplicaRef::Existing(id) => write!(f, "{mark} {} {id}: {}", self.deployment, self.reason)?,
            ReplicaRef::New(n) => write!(f, "{mark} {} (new {n}): {}", self.deployment, self.reason)?,
        }
        self.verdicts.iter().try_for_each(|verdict| write!(f, "\n    {}: {}", verdict.node, verdict.sentence))
    }
}

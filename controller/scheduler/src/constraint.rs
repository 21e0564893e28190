//! What forbids a node to a deployment. Hard constraints: nothing outweighs them.

use std::fmt;
use std::time::Duration;

use crate::capacity::Capacity;
use crate::size::ByteSize;
use crate::view::{DeploymentIntent, MemoryNeed, NodeState, NodeView, Scheduling};

/// Why a node cannot take a replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unfit {
    Revoked,
    Unreachable(Duration),
    Jurisdiction { node: String, wanted: String },
    Label { key: String, wanted: String, found: Option<String> },
    Cordoned,
    Draining,
    NeedUnknown,
    MemoryUnknown,
    Memory { need: MemoryNeed, free_bytes: u64, total_bytes: u64 },
}

/// Whether a place lies within an area: "DE" holds "DE" and "DE-HE". Empty holds every place.
pub fn lies_within(place: &str, area: &str) -> bool {
    area.is_empty() || place.strip_prefix(area).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// What of the node itself forbids it, whatever memory it has. Holds for replicas that run there too.
pub(crate) fn forbids(node: &NodeView, deployment: &DeploymentIntent) -> Option<Unfit> {
    if node.state == NodeState::Revoked {
        return Some(Unfit::Revoked);
    }
    if !lies_within(&node.jurisdiction, &deployment.jurisdiction) {
        let (node, wanted) = (node.jurisdiction.clone(), deployment.jurisdiction.clone());
        return Some(Unfit::Jurisdiction { node, wanted });
    }
    let missing = deployment.node_selector.iter().find(|(key, value)| node.labels.get(*key) != Some(value));
    missing.map(|(key, value)| Unfit::Label {
        key: key.clone(),
        wanted: value.clone(),
        found: node.labels.get(key).cloned(),
    })
}

/// What forbids placing another replica there now.
pub(crate) fn forbids_placing(
    node: &NodeView,
    deployment: &DeploymentIntent,
    capacity: &Capacity,
) -> Option<Unfit> {
    if let Some(unfit) = forbids(node, deployment) {
        return Some(unfit);
    }
    match node.scheduling {
        Scheduling::Open => {}
        Scheduling::Cordoned => return Some(Unfit::Cordoned),
        Scheduling::Draining { .. } => return Some(Unfit::Draining),
    }
    if let NodeState::Unreachable(silence) = node.state {
        return Some(Unfit::Unreachable(silence));
    }
    if node.memory_total_bytes == 0 {
        return Some(Unfit::MemoryUnknown);
    }
    let Some(need) = deployment.need else { return Some(Unfit::NeedUnknown) };
    let free_bytes = capacity.free_bytes(node);
    (need.total_bytes() > free_bytes).then_some(Unfit::Memory {
        need,
        free_bytes,
        total_bytes: node.memory_total_bytes,
    })
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revoked => write!(f, "is revoked"),
            Self::Cordoned => write!(f, "is cordoned"),
            Self::Draining => write!(f, "is being drained"),
            Self::Unreachable(silence) => write!(f, "has not been heard from for {} s", silence.as_secs()),
            Self::Jurisdiction { node, wanted } if node.is_empty() => {
                write!(f, "has no jurisdiction set, and the deployment must stay in {wanted}")
            }
            Self::Jurisdiction { node, wanted } => {
                write!(f, "is in {node}, and the deployment must stay in {wanted}")
            }
            Self::Label { key, wanted, found: None } => write!(f, "lacks the label {key}={wanted}"),
            Self::Label { key, wanted, found: Some(found) } => {
                write!(f, "has the label {key}={found}, not {key}={wanted}")
            }
            Self::NeedUnknown => {
                write!(f, "was not judged: the model's file cannot be read, so its memory is not known")
            }
            Self::MemoryUnknown => write!(f, "has not reported its memory yet"),
            Self::Memory { need, free_bytes, total_bytes } => {
                let short = need.total_bytes().saturating_sub(*free_bytes);
                write!(
                    f,
                    "{} short: {}",
                    ByteSize(short),
                    Fit { need, free_bytes: *free_bytes, total_bytes: *total_bytes }
                )
            }
        }
    }
}

/// Need and supply, in one sentence for fitting and unfitting nodes alike.
pub(crate) struct Fit<'a> {
    pub(crate) need: &'a MemoryNeed,
    pub(crate) free_bytes: u64,
    pub(crate) total_bytes: u64,
}

impl fmt::Display for Fit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MemoryNeed { weights_bytes, kv_bytes, scratch_bytes } = *self.need;
        write!(
            f,
            "needs {} (weights {}, KV cache {}, scratch {}), {} free of {}",
            ByteSize(self.need.total_bytes()),
            ByteSize(weights_bytes),
            ByteSize(kv_bytes),
            ByteSize(scratch_bytes),
            ByteSize(self.free_bytes),
            ByteSize(self.total_bytes),
        )
    }
}

//! Pieces of audit records that the fleet writes.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use cloister_evidence::record::{Actor, ActorKind, Draft, Kind, Outcome};
use jiff::Timestamp;

use super::identity::NodeIdentity;

pub(crate) fn draft(kind: Kind, outcome: Outcome, actor: Actor) -> Draft {
    Draft {
        kind,
        outcome,
        actor,
        subject: None,
        tenant: None,
        intent: None,
        inference: None,
        change: None,
        reason: None,
    }
}

/// The controller itself.
pub(crate) fn system() -> Actor {
    Actor { kind: ActorKind::System, id: "system".into(), name: None, address: None }
}

pub(super) fn node_actor(identity: &NodeIdentity) -> Actor {
    Actor {
        kind: ActorKind::Node,
        id: identity.node_id.clone(),
        name: None,
        address: Some(identity.address.ip().to_string()),
    }
}

/// Seconds since 1970 as the store keeps times; a value no clock can show becomes the latest one.
pub(crate) fn timestamp(unix_s: i64) -> Timestamp {
    Timestamp::from_second(unix_s).unwrap_or(Timestamp::MAX)
}

/// How many refusals of strangers go on record: they must not be able to fill the log. What is
/// beyond is counted in the trace alone.
pub(super) struct RefusalBudget {
    window: Mutex<(Instant, u32)>,
}

const REFUSALS_PER_WINDOW: u32 = 60;
const WINDOW: Duration = Duration::from_secs(60);

impl RefusalBudget {
    pub(super) fn new() -> Self {
        Self { window: Mutex::new((Instant::now(), 0)) }
    }

    /// Whether one more may be written.
    pub(super) fn take(&self) -> bool {
        let mut window = self.window.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if window.0.elapsed() >= WINDOW {
            *window = (Instant::now(), 0);
        }
        window.1 += 1;
        window.1 <= REFUSALS_PER_WINDOW
    }
}

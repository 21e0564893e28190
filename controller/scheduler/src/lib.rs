//! Where replicas run, and why: `plan(&FleetView, &Intent) -> Plan`.
//!
//! Pure: no clock, no sockets, no randomness; times come in as durations. The plan names every
//! replica with its node and a sentence, and every node with a verdict; carrying it out makes no
//! further choices.

mod capacity;
mod constraint;
mod judgement;
mod plan;
mod preview;
mod schedule;
mod score;
mod size;
mod view;

pub use constraint::lies_within;
pub use plan::{Action, Decision, NodeVerdict, Plan, ReplicaRef};
pub use preview::{NodeChange, Outcome, Prospect, preview};
pub use schedule::plan;
pub use size::ByteSize;
pub use view::{
    DeploymentIntent, FleetView, Intent, MemoryNeed, NodeState, NodeView, ReplicaView, Scheduling,
};

#[cfg(test)]
mod tests;

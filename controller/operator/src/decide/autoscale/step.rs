//! A step, as it is told to people.

use super::{Decision, Load, Reason};
use crate::conditions::count;
use crate::crd::Autoscaling;

/// The number of replicas was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// `ScaledUp` or `ScaledDown`.
    pub(crate) reason: &'static str,
    /// For programs, e.g. `ScaleFrom2To4`. It tells steps apart: events that differ in their sentence alone become one.
    pub(crate) action: String,
    pub(crate) sentence: String,
}

impl Step {
    /// `None` if the decision changes nothing.
    pub(crate) fn of(decision: &Decision, load: &Load, spec: &Autoscaling) -> Option<Self> {
        let (from, to) = (load.replicas, decision.replicas);
        let reason = match to.cmp(&from) {
            std::cmp::Ordering::Equal => return None,
            std::cmp::Ordering::Greater => "ScaledUp",
            std::cmp::Ordering::Less => "ScaledDown",
        };
        let why = match decision.reason {
            Reason::OutOfBounds => {
                format!("autoscaling allows {} to {}", spec.min_replicas, spec.max_replicas)
            }
            _ => format!(
                "{} running and waiting on {}, and one is to have {}",
                count(as_usize(load.in_flight), "request"),
                count(as_usize(load.ready), "ready replica"),
                spec.target_in_flight_per_replica
            ),
        };
        let lull = match decision.reason {
            Reason::LoadFell => format!("; the load has been low for {} s", spec.scale_down_after_seconds),
            _ => String::new(),
        };
        let sentence = format!("scaled from {from} to {}: {why}{lull}", count(as_usize(to), "replica"));
        Some(Self { reason, action: format!("ScaleFrom{from}To{to}"), sentence })
    }
}

fn as_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

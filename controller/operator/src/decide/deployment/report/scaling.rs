//! What to say of autoscaling.

use super::{Life, Seen, Standing, intent, status};
use crate::crd::AutoscalingStatus;
use crate::decide::autoscale::Reason;

/// How many replicas are wanted, and what the load has to do with it.
pub(super) fn scaling(seen: &Seen<'_>, standing: Standing<'_>) -> (u32, Option<AutoscalingStatus>) {
    if Life::of(seen.object) == Life::Leaving {
        return (0, None);
    }
    let Some(decided) = seen.scaling else { return (intent::replicas(&seen.object.spec, None), None) };
    let (wanted, reason) = match (standing, seen.found) {
        (Standing::InSync, _) => (decided.replicas, decided.shown.reason),
        (_, Some(found)) => (found.replicas, Reason::Paused),
        (_, None) => (decided.replicas, Reason::Paused),
    };
    let before = status(seen.object).autoscaling.as_ref();
    let said = AutoscalingStatus {
        wanted,
        load: decided.shown.in_flight,
        last_scaled_at: before.and_then(|before| before.last_scaled_at.clone()),
        reason: reason.as_str().to_owned(),
    };
    (wanted, Some(said))
}

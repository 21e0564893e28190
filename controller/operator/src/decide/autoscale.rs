//! How many replicas an autoscaled deployment is to have: a pure function of its load, of what runs, and of what
//! earlier looks saw. Up at once, because callers wait; down only after the load has been low for as long as the object
//! says, because loading a model takes minutes and a short lull does not pay for it.

mod reason;
mod state;
mod step;
#[cfg(test)]
mod tests;

use cloister_api::limits::REPLICAS_MAX;
use cloister_api::{Deployment, Phase, Replica};

pub(crate) use self::reason::Reason;
pub(crate) use self::state::State;
pub(crate) use self::step::Step;
use crate::crd::Autoscaling;
use crate::limits::GROWTH_MIN_REPLICAS;

/// What one look saw of a deployment in the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Load {
    /// Replicas that the fleet is asked for.
    pub(crate) replicas: u32,
    /// Of the fleet's deployment.
    pub(crate) revision: u64,
    /// Requests running and waiting on all ready replicas together.
    pub(crate) in_flight: u32,
    pub(crate) ready: u32,
    /// Replicas that will be ready if nothing goes wrong.
    pub(crate) loading: u32,
    /// Replicas that no node can take.
    pub(crate) nowhere: u32,
}

impl Load {
    pub(crate) fn of(found: &Deployment, replicas: &[Replica]) -> Self {
        let count = |wanted: &dyn Fn(Phase) -> bool| {
            u32::try_from(replicas.iter().filter(|r| wanted(r.phase)).count()).unwrap_or(u32::MAX)
        };
        let ready = replicas.iter().filter(|replica| replica.phase == Phase::Ready);
        let in_flight = ready.flat_map(|replica| [replica.running, replica.waiting]);
        let current = count(&|phase| !matches!(phase, Phase::Draining | Phase::Stopped));
        let begun = count(&|phase| {
            matches!(phase, Phase::Pending | Phase::Fetching | Phase::Verifying | Phase::Loading)
        });
        Self {
            replicas: found.replicas,
            revision: found.revision,
            in_flight: in_flight.fold(0, u32::saturating_add),
            ready: count(&|phase| phase == Phase::Ready),
            // Those that the fleet was asked for and has not made yet are on their way, too.
            loading: begun.saturating_add(found.replicas.saturating_sub(current)),
            nowhere: count(&|phase| phase == Phase::Unplaced),
        }
    }

    /// Replicas that this load needs, bounds apart. While nobody answers, nobody knows: then as many as there are.
    fn needs(&self, spec: &Autoscaling) -> u32 {
        if self.replicas > 0 && self.ready == 0 {
            return self.replicas;
        }
        self.in_flight.div_ceil(spec.target_in_flight_per_replica.max(1)).min(REPLICAS_MAX)
    }
}

/// How many, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) replicas: u32,
    pub(crate) reason: Reason,
    /// What the status is to say; a busy deployment's would be written with every look otherwise.
    pub(crate) shown: Shown,
    /// For the next decision. `None`: there is nothing in the fleet yet.
    pub(crate) state: Option<State>,
}

/// Load and reason, as of a moment ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) in_flight: u32,
    pub(crate) reason: Reason,
}

/// Decides. `state` is what the last decision left; without it (another leader, a restart) what runs is taken for what
/// was needed until now. `load` is `None` while the fleet has no such deployment.
pub(crate) fn autoscale(
    now: jiff::Timestamp,
    state: Option<&State>,
    load: Option<&Load>,
    spec: &Autoscaling,
) -> Decision {
    let Some(load) = load else {
        let shown = Shown { in_flight: 0, reason: Reason::Begins };
        return Decision { replicas: spec.within(1), reason: Reason::Begins, shown, state: None };
    };
    let needs = load.needs(spec);
    let mut state = State::after(state, now, load, needs, spec);
    let (replicas, reason) = choose(&state, load, needs, spec);
    let shown = state.show(now, replicas, Shown { in_flight: load.in_flight, reason });
    Decision { replicas, reason, shown, state: Some(state) }
}

fn choose(state: &State, load: &Load, needs: u32, spec: &Autoscaling) -> (u32, Reason) {
    let current = load.replicas;
    // A person set the bounds: they hold at once, whatever else is going on.
    if spec.within(current) != current {
        return (spec.within(current), Reason::OutOfBounds);
    }
    if load.loading > 0 && !state.has_loaded(load.revision) {
        return (current, Reason::Loading);
    }
    if current > 0 && load.ready == 0 {
        return (current, Reason::NothingReady);
    }
    match needs > current {
        true => up(load, needs, spec),
        false => down(state, current, needs, spec),
    }
}

fn up(load: &Load, needs: u32, spec: &Autoscaling) -> (u32, Reason) {
    let current = load.replicas;
    let reach = current.saturating_mul(2).max(current.saturating_add(GROWTH_MIN_REPLICAS));
    let next = needs.min(reach).min(spec.max_replicas);
    if next <= current {
        (current, Reason::AtMaximum)
    } else if load.nowhere > 0 {
        (current, Reason::NoNodeFits)
    } else {
        (next, Reason::LoadRose)
    }
}

fn down(state: &State, current: u32, needs: u32, spec: &Autoscaling) -> (u32, Reason) {
    let peak = spec.within(state.peak().max(needs));
    if peak < current {
        (peak, Reason::LoadFell)
    } else if spec.within(needs) < current {
        (current, Reason::WaitsForQuiet)
    } else if needs < current || current == 0 {
        (current, Reason::AtMinimum)
    } else {
        (current, Reason::Covered)
    }
}

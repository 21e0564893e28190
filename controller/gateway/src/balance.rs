//! Which replica takes the request: the least loaded, among those with room. The counts are this
//! gateway's own, so they are exact the moment a request is let in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::failure::Failure;
use crate::limits;
use crate::routes::{ReplicaRoute, Route};

/// Weight of the newest duration in the running mean.
const NEWEST_WEIGHT: f64 = 0.1;

/// Counts what is in flight.
pub(crate) struct Balance {
    max_in_flight: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    total: usize,
    /// By replica id; absent is zero.
    in_flight: HashMap<String, u32>,
    /// Running mean of how long an inference holds its slot, in seconds, by deployment.
    mean_s: HashMap<String, f64>,
}

/// The right to run one sequence on one replica. Given back when dropped.
pub(crate) struct Slot {
    balance: Arc<Balance>,
    replica: ReplicaRoute,
    deployment: String,
    since: Instant,
}

impl Balance {
    pub(crate) fn new(max_in_flight: usize) -> Self {
        Self { max_in_flight, state: Mutex::default() }
    }

    /// A slot on the least loaded replica; among equals, the first by id. `except` was tried already.
    ///
    /// # Errors
    /// `NoReplica` when there is none, `QueueFull` when none has room.
    pub(crate) fn take(self: &Arc<Self>, route: &Route, except: Option<&str>) -> Result<Slot, Failure> {
        let mut state = self.lock();
        let candidates =
            || route.replicas.iter().filter(|replica| Some(replica.replica_id.as_str()) != except);
        let load = |replica: &ReplicaRoute| state.in_flight.get(&replica.replica_id).copied().unwrap_or(0);
        let least = candidates().min_by_key(|replica| (load(replica), replica.replica_id.as_str()));
        let Some(replica) = least else {
            return Err(Failure::NoReplica {
                deployment: route.deployment.clone(),
                retry_after_s: limits::NO_REPLICA_RETRY_AFTER_S,
            });
        };
        if load(replica) >= route.replica_capacity() || state.total >= self.max_in_flight {
            return Err(Failure::QueueFull { retry_after_s: state.retry_after_s(route) });
        }
        *state.in_flight.entry(replica.replica_id.clone()).or_default() += 1;
        state.total += 1;
        drop(state);
        Ok(Slot {
            balance: Arc::clone(self),
            replica: replica.clone(),
            deployment: route.deployment.clone(),
            since: Instant::now(),
        })
    }

    /// Inferences in flight over all replicas.
    pub(crate) fn in_flight(&self) -> usize {
        self.lock().total
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that runs under this lock can leave it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Seconds until those that wait now have begun, at the recent pace: with `n` in flight, one ends
    /// every `mean / n` seconds (Little's law).
    fn retry_after_s(&self, route: &Route) -> u64 {
        let in_flight: u32 = route
            .replicas
            .iter()
            .filter_map(|replica| self.in_flight.get(&replica.replica_id))
            .fold(0, |sum, count| sum.saturating_add(*count));
        let running =
            u32::try_from(route.replicas.len()).unwrap_or(u32::MAX).saturating_mul(route.max_sequences);
        let ahead = in_flight.saturating_sub(running).saturating_add(1);
        let mean_s = self.mean_s.get(&route.deployment).copied().unwrap_or(1.0);
        let wait_s = (mean_s * f64::from(ahead) / f64::from(running.max(1))).ceil();
        // A float cast saturates, so a huge estimate becomes the largest number and is clamped.
        (wait_s as u64).clamp(limits::MIN_RETRY_AFTER_S, limits::MAX_RETRY_AFTER_S)
    }

    fn learn(&mut self, deployment: &str, held_s: f64) {
        if let Some(mean_s) = self.mean_s.get_mut(deployment) {
            *mean_s += NEWEST_WEIGHT * (held_s - *mean_s);
            return;
        }
        // Deployments come and go; what was learned of the old ones is cheap to learn again.
        if self.mean_s.len() >= limits::MAX_DEPLOYMENT_SERIES {
            self.mean_s.clear();
        }
        self.mean_s.insert(deployment.to_owned(), held_s);
    }
}

impl Slot {
    pub(crate) fn replica(&self) -> &ReplicaRoute {
        &self.replica
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.balance.lock();
        state.total = state.total.saturating_sub(1);
        if let Some(count) = state.in_flight.get_mut(&self.replica.replica_id) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                state.in_flight.remove(&self.replica.replica_id);
            }
        }
        state.learn(&self.deployment, self.since.elapsed().as_secs_f64());
    }
}

#[cfg(test)]
mod tests;

//! The operator: watches the kinds, looks at the fleet, and settles one object after the other. It is level-triggered:
//! an event wakes it, and then it looks at everything; what it does depends on what it sees alone.

mod autoscaling;
mod deployments;
mod events;
mod fleet_nodes;
mod look;
mod memory;
mod models;
mod trust_policies;
mod watched;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::events::Events;
use self::look::Look;
use self::memory::Memory;
use self::watched::Watched;
use crate::fleet_api::{FleetApi, FleetError};
use crate::limits::{AUTOSCALING_INTERVAL, DEBOUNCE, RESYNC, RETRY_MIN};
use crate::metrics::OperatorMetrics;

/// What an operator works with.
#[derive(Clone)]
pub struct Operator {
    client: Client,
    namespace: String,
    instance: String,
    fleet: Arc<dyn FleetApi>,
    metrics: OperatorMetrics,
    clock: Clock,
}

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;

impl Operator {
    /// For the objects of one namespace. `instance` is named in events: the pod's name.
    pub fn new(
        client: Client,
        namespace: impl Into<String>,
        instance: impl Into<String>,
        fleet: Arc<dyn FleetApi>,
        metrics: OperatorMetrics,
    ) -> Self {
        let clock: Clock = Arc::new(jiff::Timestamp::now);
        Self { client, namespace: namespace.into(), instance: instance.into(), fleet, metrics, clock }
    }

    /// By another clock than this machine's: for conditions' times, and for how long a load has been low.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Works until `stop`. It begins anew with every call, from what is written in the objects and in the fleet. An API
    /// server that does not answer, kinds that are not installed and rights that are missing are logged and waited for.
    pub async fn run(&self, stop: CancellationToken) {
        let wake = Arc::new(Notify::new());
        let ended = stop.child_token();
        let _end_watches = ended.clone().drop_guard();
        let watched = Watched::start(&self.client, &self.namespace, &wake, &ended);
        let work = async {
            watched.ready().await;
            self.work(&watched, &wake).await;
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = work => {}
        }
        ended.cancel();
        watched.join().await;
    }

    /// Works while `leading` holds, until `stop`.
    pub async fn run_while_leading(
        &self,
        mut leading: tokio::sync::watch::Receiver<bool>,
        stop: CancellationToken,
    ) {
        while !stop.is_cancelled() {
            let began = tokio::select! {
                () = stop.cancelled() => return,
                began = leading.wait_for(|leading| *leading) => began.is_ok(),
            };
            if !began {
                return;
            }
            let term = stop.child_token();
            let ends = async {
                // An error is the end of whoever says who leads: then nobody here does.
                drop(leading.wait_for(|leading| !*leading).await);
                term.cancel();
            };
            tokio::join!(self.run(term.clone()), ends_with(ends, &stop));
        }
    }

    async fn work(&self, watched: &Watched, wake: &Notify) {
        let mut fleet_changed = self.fleet.changed();
        let memory = Memory::default();
        let events = Events::new(self.client.clone(), self.instance.clone());
        let mut failures = 0u32;
        loop {
            fleet_changed.mark_unchanged();
            self.metrics.looked();
            let look = Look { operator: self, watched, memory: &memory, events: &events };
            let next = match look.settle_all().await {
                Ok(()) => {
                    failures = 0;
                    next_look(watched.follows_load(), memory.next_retry(Instant::now()))
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    tracing::warn!(%error, "the operator cannot see the fleet");
                    crate::decide::pause(failures, RETRY_MIN, RESYNC)
                }
            };
            wait(wake, &mut fleet_changed, next).await;
        }
    }
}

/// How long until it looks although nothing seems to have changed.
fn next_look(follows_load: bool, retry: Option<Duration>) -> Duration {
    let at_most = if follows_load { AUTOSCALING_INTERVAL } else { RESYNC };
    retry.map_or(at_most, |retry| retry.min(at_most))
}

/// Until something happened, and then a little longer: changes come in groups.
async fn wait(wake: &Notify, fleet_changed: &mut tokio::sync::watch::Receiver<u64>, at_most: Duration) {
    tokio::select! {
        () = wake.notified() => {}
        changed = fleet_changed.changed() => if changed.is_err() {
            // The fleet tells nothing any more: look from time to time.
            tokio::select! { () = wake.notified() => {}, () = tokio::time::sleep(at_most) => {} }
        },
        () = tokio::time::sleep(at_most.max(DEBOUNCE)) => return,
    }
    tokio::time::sleep(DEBOUNCE).await;
}

async fn ends_with(work: impl Future<Output = ()>, stop: &CancellationToken) {
    tokio::select! { () = work => {}, () = stop.cancelled() => {} }
}

/// What is gone already needs no removing.
fn gone(removed: Result<(), FleetError>) -> Result<(), FleetError> {
    match removed {
        Err(error) if error.kind() == cloister_api::ProblemKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_that_decides_is_looked_at_more_often() {
        let seconds =
            |follows, retry: Option<u64>| next_look(follows, retry.map(Duration::from_secs)).as_secs();
        assert_eq!([seconds(false, None), seconds(true, None)], [15, 5]);
        assert_eq!([seconds(false, Some(9)), seconds(true, Some(9)), seconds(true, Some(2))], [9, 5, 2]);
    }
}

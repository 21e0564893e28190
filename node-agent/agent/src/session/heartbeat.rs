//! Telling the controller that this node lives, and how it is.

use std::sync::Arc;
use std::time::Duration;

use cloister_proto::agent::v1::agent_message::Message as Up;
use cloister_proto::agent::v1::{Heartbeat, Inventory};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::Node;
use crate::inventory::{Surveyor, differs};
use crate::limits::{HEARTBEAT_MAX_MS, HEARTBEAT_MIN_MS, INVENTORY_INTERVAL};
use crate::supervisor::Supervisor;

/// Until the controller says otherwise.
const DEFAULT_INTERVAL_MS: u32 = 5_000;

/// When the next heartbeat is due, and when the inventory was measured last.
pub(crate) struct Heartbeats {
    ticks: Interval,
    started: Instant,
    measured: Instant,
    told: Option<Inventory>,
}

impl Heartbeats {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self { ticks: ticks(DEFAULT_INTERVAL_MS), started: agent_start(), measured: now, told: None }
    }

    /// Takes the controller's interval, within sane bounds.
    pub(crate) fn every(&mut self, interval_ms: u32) {
        self.ticks = ticks(interval_ms.clamp(HEARTBEAT_MIN_MS, HEARTBEAT_MAX_MS));
    }

    /// Waits until the next one is due.
    pub(crate) async fn due(&mut self) {
        self.ticks.tick().await;
    }

    /// Measures what is to be told: now and then the whole inventory, if that changed.
    pub(crate) async fn measure(&mut self, node: &Node) -> Up {
        let (surveyor, supervisor) = (&node.surveyor, &*node.supervisor);
        if self.measured.elapsed() >= INVENTORY_INTERVAL || self.told.is_none() {
            self.measured = Instant::now();
            if let Some(inventory) = self.changed_inventory(surveyor, supervisor).await {
                return Up::Inventory(inventory);
            }
        }
        let (surveyor, own_bytes) = (Arc::clone(surveyor), supervisor.resident_bytes());
        let usage = measure(move || surveyor.usage(own_bytes)).await.ok();
        let uptime_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let lives = Heartbeat { uptime_ms, work: Some(node.work.report()), ..Heartbeat::default() };
        Up::Heartbeat(match usage {
            Some(usage) => Heartbeat {
                memory: Some(usage.memory),
                gpus: usage.gpus,
                disk: Some(usage.disk),
                cpu_time: usage.cpu_time,
                ..lives
            },
            None => lives,
        })
    }

    /// The hello told the first one; after that only what differs is told.
    async fn changed_inventory(
        &mut self,
        surveyor: &Arc<Surveyor>,
        supervisor: &Supervisor,
    ) -> Option<Inventory> {
        let (surveyor, own_bytes) = (Arc::clone(surveyor), supervisor.resident_bytes());
        let inventory = measure(move || surveyor.inventory(own_bytes)).await.ok()?;
        let changed = self.told.as_ref().is_some_and(|told| differs(told, &inventory));
        self.told = Some(inventory.clone());
        changed.then_some(inventory)
    }
}

fn ticks(interval_ms: u32) -> Interval {
    let period = Duration::from_millis(interval_ms.into());
    let mut ticks = interval_at(Instant::now() + period, period);
    // After a pause one heartbeat says it all.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

fn agent_start() -> Instant {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    *START.get_or_init(Instant::now)
}

/// Files under /proc may block, and the GPU driver does.
pub(crate) async fn measure<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, tonic::Status> {
    tokio::task::spawn_blocking(work).await.map_err(|_| tonic::Status::cancelled("the agent stops"))
}

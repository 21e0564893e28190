//! The replicas of one node, each on its way. Time comes in as an argument.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use cloister_proto::agent::v1::{DesiredReplica, ReplicaPhase, ReplicaStatus};
use cloister_proto::worker::v1::{StatusResponse, WorkerPhase};
use tokio::time::Instant;

use crate::answer::NUMERICS_CONTRACT;
use crate::board::ReplicaCount;
use crate::limits::REPLICAS_MAX;

/// What the agent checks before it loads; here a claim of its name.
const CHECKS: [&str; 2] = ["simulated: no signature was checked", "simulated: no digest was checked"];

#[derive(Debug)]
pub(crate) struct Replicas {
    walks: BTreeMap<String, Walk>,
    /// The usual length of a phase.
    phase: Duration,
    /// Resident bytes of each once it is loaded.
    replica_bytes: u64,
}

#[derive(Debug)]
struct Walk {
    order: DesiredReplica,
    generation: u64,
    phase: ReplicaPhase,
    error: &'static str,
    /// When the next phase begins; `None` if this one lasts.
    next: Option<Instant>,
    told: bool,
}

impl Replicas {
    pub(crate) fn new(phase: Duration, replica_bytes: u64) -> Self {
        Self { walks: BTreeMap::new(), phase, replica_bytes }
    }

    /// Starts what is ordered and not there, starts anew what is ordered otherwise, stops what is ordered no more.
    pub(crate) fn obey(
        &mut self,
        generation: u64,
        desired: Vec<DesiredReplica>,
        now: Instant,
        chance: &mut fastrand::Rng,
    ) {
        let wanted: HashSet<String> = desired.iter().map(|order| order.replica_id.clone()).collect();
        for (_, walk) in self.walks.iter_mut().filter(|(id, _)| !wanted.contains(*id)) {
            walk.leave(now + pause(self.phase, chance));
        }
        for (index, order) in desired.into_iter().enumerate() {
            let id = order.replica_id.clone();
            if self.walks.get(&id).is_none_or(|walk| walk.is_leaving() || walk.order != order) {
                let next = now + pause(self.phase, chance);
                self.walks.insert(id, Walk::begin(order, generation, index, next));
            }
        }
    }

    /// When [`Self::step`] has something to do next.
    pub(crate) fn next_change(&self) -> Option<Instant> {
        self.walks.values().filter_map(|walk| walk.next).min()
    }

    /// Moves on whatever is due, and gives what was not told yet.
    pub(crate) fn step(&mut self, now: Instant, chance: &mut fastrand::Rng) -> Vec<ReplicaStatus> {
        for walk in self.walks.values_mut().filter(|walk| walk.next.is_some_and(|next| next <= now)) {
            walk.move_on(now + pause(self.phase, chance));
        }
        let replica_bytes = self.replica_bytes;
        let untold = self.walks.values_mut().filter(|walk| !walk.told);
        let told = untold.map(|walk| walk.tell(replica_bytes)).collect();
        self.walks.retain(|_, walk| walk.phase != ReplicaPhase::Stopped);
        told
    }

    /// All of them, for a hello.
    pub(crate) fn tell_all(&mut self) -> Vec<ReplicaStatus> {
        let replica_bytes = self.replica_bytes;
        self.walks.values_mut().map(|walk| walk.tell(replica_bytes)).collect()
    }

    pub(crate) fn is_ready(&self, id: &str) -> bool {
        self.walks.get(id).is_some_and(|walk| walk.phase == ReplicaPhase::Ready)
    }

    pub(crate) fn resident_bytes(&self) -> u64 {
        self.walks.values().map(|walk| walk.resident_bytes(self.replica_bytes)).sum()
    }

    pub(crate) fn count(&self) -> ReplicaCount {
        let ready = self.walks.values().filter(|walk| walk.phase == ReplicaPhase::Ready).count();
        ReplicaCount { all: self.walks.len(), ready }
    }
}

impl Walk {
    fn begin(order: DesiredReplica, generation: u64, index: usize, next: Instant) -> Self {
        if index < REPLICAS_MAX {
            return Self {
                order,
                generation,
                phase: ReplicaPhase::Pending,
                error: "",
                next: Some(next),
                told: false,
            };
        }
        let error = "a simulated node runs at most 256 replicas";
        Self { order, generation, phase: ReplicaPhase::Refused, error, next: None, told: false }
    }

    fn is_leaving(&self) -> bool {
        matches!(self.phase, ReplicaPhase::Draining | ReplicaPhase::Stopped)
    }

    fn leave(&mut self, next: Instant) {
        if !self.is_leaving() {
            (self.phase, self.next, self.told) = (ReplicaPhase::Draining, Some(next), false);
        }
    }

    fn move_on(&mut self, next: Instant) {
        let phase = match self.phase {
            ReplicaPhase::Pending => ReplicaPhase::Fetching,
            ReplicaPhase::Fetching => ReplicaPhase::Verifying,
            ReplicaPhase::Verifying => ReplicaPhase::Loading,
            ReplicaPhase::Loading => ReplicaPhase::Ready,
            ReplicaPhase::Draining => ReplicaPhase::Stopped,
            lasting => lasting,
        };
        let lasts = matches!(phase, ReplicaPhase::Ready | ReplicaPhase::Stopped);
        (self.phase, self.next, self.told) = (phase, (!lasts).then_some(next), false);
    }

    fn resident_bytes(&self, replica_bytes: u64) -> u64 {
        match self.phase {
            ReplicaPhase::Ready | ReplicaPhase::Draining => replica_bytes,
            ReplicaPhase::Loading => replica_bytes / 2,
            _ => 0,
        }
    }

    fn tell(&mut self, replica_bytes: u64) -> ReplicaStatus {
        self.told = true;
        let loaded = self.phase == ReplicaPhase::Ready;
        let verified = loaded || self.phase == ReplicaPhase::Loading;
        ReplicaStatus {
            replica_id: self.order.replica_id.clone(),
            generation: self.generation,
            phase: self.phase.into(),
            error: self.error.to_owned(),
            worker: loaded.then(|| worker(&self.order, replica_bytes)),
            resident_bytes: self.resident_bytes(replica_bytes),
            checks: if verified { CHECKS.map(str::to_owned).to_vec() } else { Vec::new() },
            ..ReplicaStatus::default()
        }
    }
}

fn worker(order: &DesiredReplica, replica_bytes: u64) -> StatusResponse {
    const KV_BLOCK_TOKENS: u64 = 64;
    StatusResponse {
        phase: WorkerPhase::Ready.into(),
        loaded_bytes: replica_bytes,
        total_bytes: replica_bytes,
        kv_blocks_total: u32::try_from(order.kv_tokens / KV_BLOCK_TOKENS).unwrap_or(u32::MAX),
        numerics_contract: NUMERICS_CONTRACT.to_owned(),
        isa: "avx512-vnni".to_owned(),
        ..StatusResponse::default()
    }
}

/// Between half and one and a half of `usual`.
fn pause(usual: Duration, chance: &mut fastrand::Rng) -> Duration {
    usual / 2 + usual.mul_f64(chance.f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHASE: Duration = Duration::from_millis(100);

    fn order(id: &str) -> DesiredReplica {
        DesiredReplica { replica_id: id.into(), kv_tokens: 640, ..DesiredReplica::default() }
    }

    /// Steps from change to change; the phases told on the way.
    fn walk(replicas: &mut Replicas, mut now: Instant, chance: &mut fastrand::Rng) -> Vec<ReplicaPhase> {
        let mut told = Vec::new();
        loop {
            told.extend(replicas.step(now, chance).iter().map(ReplicaStatus::phase));
            let Some(next) = replicas.next_change() else { return told };
            assert!(next > now && next <= now + PHASE * 3 / 2);
            now = next;
        }
    }

    #[test]
    fn a_replica_walks_through_every_phase_and_tells_each_once() {
        use ReplicaPhase::{Draining, Fetching, Loading, Pending, Ready, Stopped, Verifying};
        let (mut replicas, mut chance) = (Replicas::new(PHASE, 1 << 20), fastrand::Rng::with_seed(1));
        let now = Instant::now();
        replicas.obey(1, vec![order("a")], now, &mut chance);
        assert_eq!(walk(&mut replicas, now, &mut chance), [Pending, Fetching, Verifying, Loading, Ready]);
        assert!(replicas.is_ready("a"));
        assert_eq!(replicas.resident_bytes(), 1 << 20);

        replicas.obey(2, vec![order("a")], now, &mut chance);
        assert_eq!(walk(&mut replicas, now, &mut chance), [], "the same order again changes nothing");

        replicas.obey(3, Vec::new(), now, &mut chance);
        assert!(!replicas.is_ready("a"));
        assert_eq!(walk(&mut replicas, now, &mut chance), [Draining, Stopped]);
        assert_eq!(replicas.count(), ReplicaCount::default());
    }

    #[test]
    fn an_order_with_other_parameters_starts_the_replica_anew() {
        let (mut replicas, mut chance) = (Replicas::new(PHASE, 0), fastrand::Rng::with_seed(1));
        let now = Instant::now();
        replicas.obey(1, vec![order("a")], now, &mut chance);
        walk(&mut replicas, now, &mut chance);
        replicas.obey(2, vec![DesiredReplica { context_length: 512, ..order("a") }], now, &mut chance);
        assert_eq!(replicas.count(), ReplicaCount { all: 1, ready: 0 });
        assert_eq!(replicas.tell_all()[0].generation, 2);
    }

    #[test]
    fn a_hello_tells_everything_and_nothing_is_told_twice() {
        let (mut replicas, mut chance) = (Replicas::new(PHASE, 0), fastrand::Rng::with_seed(1));
        let now = Instant::now();
        replicas.obey(1, vec![order("a"), order("b")], now, &mut chance);
        assert_eq!(replicas.tell_all().len(), 2);
        assert_eq!(replicas.step(now, &mut chance), []);
    }

    #[test]
    fn more_replicas_than_a_node_runs_are_refused() {
        let (mut replicas, mut chance) = (Replicas::new(PHASE, 0), fastrand::Rng::with_seed(1));
        let orders = (0..=REPLICAS_MAX).map(|number| order(&number.to_string())).collect();
        replicas.obey(1, orders, Instant::now(), &mut chance);
        let refused: Vec<_> =
            replicas.tell_all().into_iter().filter(|s| s.phase() == ReplicaPhase::Refused).collect();
        assert_eq!(refused.len(), 1);
        assert!(refused[0].error.contains("256"));
    }
}

//! How nodes were used: measured in the live view, kept for a day in steps of half a minute and for a month in
//! steps of a quarter of an hour.
//!
//! Every controller measures, because what counts up needs what it was before; the leader writes. Whoever is the
//! first to write a time wins, so two that lead at once still write it once.

mod first_token;
mod merge;
mod points;
mod reading;
mod watch;

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use cloister_store::{Figures, Sample, SampleSubject, Store, StoreError};
use tokio_util::sync::CancellationToken;

use self::merge::{OverTime, beside};
pub(crate) use self::points::{Range, points};
use self::watch::Watch;
use crate::clock::{unix_now, unix_now_s};
use crate::fleet::{FleetHandle, NodeId};
use crate::limits::{
    HISTORY_COARSE_KEPT_S, HISTORY_COARSE_STEP_S, HISTORY_FINE_KEPT_S, HISTORY_FINE_STEP_S,
    HISTORY_FORGOTTEN_STEPS, HISTORY_LOOK_INTERVAL, HISTORY_ROLL_UPS_MAX,
};

/// Owns the loop.
pub(crate) struct History {
    fleet: FleetHandle,
    store: Store,
    leading: tokio::sync::watch::Receiver<bool>,
    watch: Watch,
}

impl History {
    pub(crate) fn new(fleet: FleetHandle, leading: tokio::sync::watch::Receiver<bool>) -> Self {
        let store = fleet.shared.store.clone();
        Self { fleet, store, leading, watch: Watch::default() }
    }

    /// Until `stop`. What cannot be written is a gap, and nothing else.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut step_at_s = floor(unix_now_s(), HISTORY_FINE_STEP_S);
        loop {
            tokio::select! {
                () = tokio::time::sleep(until_next_look()) => {}
                () = stop.cancelled() => return,
            }
            let (live, now, now_s) = (self.fleet.live(), Instant::now(), unix_now_s());
            self.watch.look(&live, now);
            let at_s = floor(now_s, HISTORY_FINE_STEP_S);
            if at_s == step_at_s {
                continue;
            }
            let measured = self.watch.take(&live, now);
            if *self.leading.borrow()
                && let Err(error) = self.keep(at_s - HISTORY_FINE_STEP_S, measured, now_s).await
            {
                tracing::warn!(%error, "the history has a gap: a sample could not be kept");
            }
            step_at_s = at_s;
        }
    }

    async fn keep(&self, at_s: i64, measured: Vec<(NodeId, Figures)>, now_s: i64) -> Result<(), StoreError> {
        let nodes = self.store.nodes().await?;
        let jurisdictions = nodes.into_iter().map(|node| (node.id, node.jurisdiction)).collect();
        let (fleet, parts) = by_subject(measured, &jurisdictions);
        self.store.add_samples((HISTORY_FINE_STEP_S, at_s), fleet, parts).await?;
        roll_up(&self.store, now_s).await?;
        forget(&self.store, now_s).await
    }
}

/// The fleet's figures, and those of its jurisdictions and nodes.
fn by_subject(
    measured: Vec<(NodeId, Figures)>,
    jurisdictions: &HashMap<NodeId, String>,
) -> (Figures, Vec<Sample>) {
    let (mut fleet, mut territories) = (Figures::default(), BTreeMap::<&str, Figures>::new());
    for (node_id, figures) in &measured {
        beside(&mut fleet, figures);
        if let Some(code) = jurisdictions.get(node_id).filter(|code| !code.is_empty()) {
            beside(territories.entry(code).or_default(), figures);
        }
    }
    let territories = territories
        .into_iter()
        .map(|(code, figures)| Sample { subject: SampleSubject::Jurisdiction(code.to_owned()), figures });
    let mut parts: Vec<Sample> = territories.collect();
    let nodes = measured.into_iter();
    parts.extend(nodes.map(|(id, figures)| Sample { subject: SampleSubject::Node(id), figures }));
    (fleet, parts)
}

/// Thins out what lies far enough back: the oldest quarters of an hour that nobody has thinned out yet.
pub(crate) async fn roll_up(store: &Store, now_s: i64) -> Result<(), StoreError> {
    for _ in 0..HISTORY_ROLL_UPS_MAX {
        let last_s = store.last_sample_at(HISTORY_COARSE_STEP_S).await?;
        let from_s = last_s.map_or(0, |last_s| last_s + HISTORY_COARSE_STEP_S);
        let Some(first_s) = store.first_sample_at(HISTORY_FINE_STEP_S, from_s).await? else { return Ok(()) };
        let at_s = floor(first_s, HISTORY_COARSE_STEP_S);
        if at_s + HISTORY_COARSE_STEP_S > now_s {
            return Ok(());
        }
        roll_up_one(store, at_s).await?;
    }
    Ok(())
}

async fn roll_up_one(store: &Store, at_s: i64) -> Result<(), StoreError> {
    let mut subjects = BTreeMap::<SampleSubject, OverTime>::new();
    let mut fine_s = at_s;
    while fine_s < at_s + HISTORY_COARSE_STEP_S {
        for sample in store.samples_at(HISTORY_FINE_STEP_S, fine_s).await? {
            subjects.entry(sample.subject).or_default().add(&sample.figures);
        }
        fine_s += HISTORY_FINE_STEP_S;
    }
    let fleet = subjects.remove(&SampleSubject::Fleet).unwrap_or_default().figures();
    let parts = subjects.into_iter().map(|(subject, sum)| Sample { subject, figures: sum.figures() });
    store.add_samples((HISTORY_COARSE_STEP_S, at_s), fleet, parts.collect()).await.map(drop)
}

async fn forget(store: &Store, now_s: i64) -> Result<(), StoreError> {
    let kept = [(HISTORY_FINE_STEP_S, HISTORY_FINE_KEPT_S), (HISTORY_COARSE_STEP_S, HISTORY_COARSE_KEPT_S)];
    for (step_s, kept_s) in kept {
        store.forget_samples(step_s, now_s - kept_s, HISTORY_FORGOTTEN_STEPS).await?;
    }
    Ok(())
}

/// So that a look falls on the end of every step.
fn until_next_look() -> Duration {
    let step = Duration::from_secs(HISTORY_FINE_STEP_S.unsigned_abs());
    let into_step = Duration::from_nanos((unix_now().as_nanos() % step.as_nanos()) as u64);
    HISTORY_LOOK_INTERVAL.min(step - into_step)
}

fn floor(at_s: i64, step_s: i64) -> i64 {
    at_s - at_s.rem_euclid(step_s)
}

#[cfg(test)]
mod tests;

//! What earlier looks saw of a deployment's load. The leader keeps it in memory alone.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::{Load, Shown};
use crate::crd::Autoscaling;
use crate::limits::{AUTOSCALING_GAP_MAX, AUTOSCALING_SHOWN_INTERVAL};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    seen_at: Timestamp,
    /// Replicas that the fleet was asked for then.
    replicas: u32,
    /// The revision whose replicas had all been loaded, or had failed.
    loaded_revision: Option<u64>,
    /// What the load needed within the window, oldest first. Each is more than all that follow: what was followed by
    /// as much or more can never be the peak again. So there are no more of them than replicas there can be.
    needs: VecDeque<(Timestamp, u32)>,
    shown: Option<(Timestamp, u32, Shown)>,
}

impl State {
    /// The state after a look.
    pub(super) fn after(
        before: Option<&Self>,
        now: Timestamp,
        load: &Load,
        needs: u32,
        spec: &Autoscaling,
    ) -> Self {
        // Nobody looked for a while, or the clock was set: what is remembered says nothing of the time between.
        let before = before.filter(|before| is_within(before.seen_at, now, AUTOSCALING_GAP_MAX));
        let fresh =
            || Self { seen_at: now, replicas: 0, loaded_revision: None, needs: VecDeque::new(), shown: None };
        let mut state = before.cloned().unwrap_or_else(fresh);
        if load.replicas > state.replicas {
            // Whoever asked for more meant it: they stay for as long as if the load had needed them.
            state.note(now, load.replicas);
        }
        state.note(now, needs);
        let window = SignedDuration::from_secs(spec.scale_down_after_seconds.into());
        while state.needs.front().is_some_and(|(at, _)| !is_within(*at, now, window)) {
            state.needs.pop_front();
        }
        if load.loading == 0 {
            state.loaded_revision = Some(load.revision);
        }
        Self { seen_at: now, replicas: load.replicas, ..state }
    }

    fn note(&mut self, at: Timestamp, needs: u32) {
        while self.needs.back().is_some_and(|(_, earlier)| *earlier <= needs) {
            self.needs.pop_back();
        }
        self.needs.push_back((at, needs));
    }

    /// The most replicas that the load needed within the window.
    pub(super) fn peak(&self) -> u32 {
        self.needs.front().map_or(0, |(_, needs)| *needs)
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.needs.len()
    }

    /// Whether every replica of this revision was once loaded or in trouble. One that loads again later, after a crash
    /// or on another node, holds nothing up.
    pub(super) fn has_loaded(&self, revision: u64) -> bool {
        self.loaded_revision == Some(revision)
    }

    /// What the status is to say: what it said a moment ago, unless another number of replicas is wanted.
    pub(super) fn show(&mut self, now: Timestamp, replicas: u32, shown: Shown) -> Shown {
        match self.shown {
            Some((at, wanted, before))
                if wanted == replicas && is_within(at, now, AUTOSCALING_SHOWN_INTERVAL) =>
            {
                before
            }
            _ => {
                self.shown = Some((now, replicas, shown));
                shown
            }
        }
    }
}

fn is_within(at: Timestamp, now: Timestamp, span: SignedDuration) -> bool {
    let passed = now.duration_since(at);
    !passed.is_negative() && passed < span
}

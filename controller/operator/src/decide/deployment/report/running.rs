//! What runs of a deployment, in conditions and counts.

use std::collections::BTreeMap;

use cloister_api::{Deployment, Phase, Replica};

use crate::conditions::{self as c, clip, count, names};
use crate::crd::PlacementStatus;
use crate::limits::PLACEMENTS_MAX;

/// A condition to be said.
pub(super) type Saying = (c::Row, String);

pub(super) struct Running<'a> {
    found: &'a Deployment,
    /// Those that are not on their way out.
    current: Vec<&'a Replica>,
    all: &'a [Replica],
    nowhere: Option<&'a str>,
}

impl<'a> Running<'a> {
    pub(super) fn new(found: &'a Deployment, all: &'a [Replica], nowhere: Option<&'a str>) -> Self {
        let current = all.iter().filter(|r| !matches!(r.phase, Phase::Draining | Phase::Stopped)).collect();
        Self { found, current, all, nowhere }
    }

    pub(super) fn existing(&self) -> u32 {
        u32::try_from(self.all.iter().filter(|r| r.phase != Phase::Stopped).count()).unwrap_or(u32::MAX)
    }

    pub(super) fn ready(&self) -> u32 {
        self.found.ready_replicas
    }

    fn wanted(&self) -> usize {
        usize::try_from(self.found.replicas).unwrap_or(usize::MAX)
    }

    fn of(&self, wanted: impl Fn(Phase) -> bool) -> Vec<&'a Replica> {
        self.current.iter().copied().filter(|replica| wanted(replica.phase)).collect()
    }

    pub(super) fn placed(&self) -> Saying {
        let wanted = self.wanted();
        let placed = self.current.iter().filter(|replica| replica.node_name.is_some()).count();
        let nowhere = self.of(|phase| phase == Phase::Unplaced).len();
        if wanted == 0 {
            (c::MD_NOTHING_TO_PLACE, "no replica is wanted".to_owned())
        } else if nowhere > 0 {
            let why = self.nowhere.unwrap_or("cloister explain says why");
            (c::MD_NO_NODE, format!("no node can take {}: {why}", count(nowhere, "replica")))
        } else if placed < wanted {
            (c::MD_PLACING, format!("{placed} of {} have a node", count(wanted, "replica")))
        } else {
            (c::MD_PLACED, format!("{} placed", count(placed, "replica")))
        }
    }

    pub(super) fn loaded(&self) -> Saying {
        let wanted = self.wanted();
        let loaded = self.of(|phase| phase == Phase::Ready).len();
        if wanted == 0 {
            return (c::MD_NOTHING_TO_LOAD, "no replica is wanted".to_owned());
        }
        if loaded >= wanted {
            return (c::MD_LOADED, format!("{} loaded", count(loaded, "replica")));
        }
        let mut phases = BTreeMap::new();
        for replica in self.current.iter().filter(|replica| replica.phase != Phase::Ready) {
            *phases.entry(replica.phase.as_str()).or_insert(0usize) += 1;
        }
        let phases: Vec<String> = phases.iter().map(|(phase, number)| format!("{number} {phase}")).collect();
        let rest = if phases.is_empty() { String::new() } else { format!("; {}", phases.join(", ")) };
        (c::MD_LOADING, format!("{loaded} of {} loaded{rest}", count(wanted, "replica")))
    }

    pub(super) fn degraded(&self) -> Saying {
        let kinds = [
            (Phase::Refused, c::MD_REPLICA_REFUSED, "refused the model"),
            (Phase::Crashed, c::MD_CRASHED, "has a worker that ended"),
            (Phase::Unreachable, c::MD_NODE_UNREACHABLE, "is not connected"),
        ];
        for (phase, row, what) in kinds {
            let troubled = self.of(|found| found == phase);
            if let Some(first) = troubled.first() {
                let nodes = names(troubled.iter().filter_map(|replica| replica.node_name.as_deref()));
                let why = first.error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
                return (
                    row,
                    format!("{} on {nodes}: the node {what}{why}", count(troubled.len(), "replica")),
                );
            }
        }
        (c::MD_AS_EXPECTED, "no replica is in trouble".to_owned())
    }

    /// What stands most in the way of readiness; or that nothing does.
    pub(super) fn readiness(&self, placed: &Saying, loaded: &Saying, degraded: &Saying) -> Saying {
        let wanted = self.wanted();
        // While a revision replaces another there is one more than are wanted.
        let ready = usize::try_from(self.ready()).unwrap_or(usize::MAX).min(wanted);
        if wanted == 0 {
            return (c::MD_READY_ZERO, "no replica is wanted".to_owned());
        }
        if ready >= wanted {
            return (c::MD_READY, format!("{ready} of {} answer", count(wanted, "replica")));
        }
        let (row, why) = if degraded.0 != c::MD_AS_EXPECTED {
            (c::MD_READY_DEGRADED, &degraded.1)
        } else if placed.0 == c::MD_NO_NODE {
            (c::MD_READY_NO_NODE, &placed.1)
        } else if placed.0 == c::MD_PLACING {
            (c::MD_READY_PLACING, &placed.1)
        } else {
            (c::MD_READY_LOADING, &loaded.1)
        };
        (row, format!("{ready} of {} answer; {why}", count(wanted, "replica")))
    }

    pub(super) fn placements(&self) -> Vec<PlacementStatus> {
        let mut replicas: Vec<&Replica> = self.all.iter().collect();
        replicas.sort_by_key(|replica| (replica.phase == Phase::Ready, replica.id.as_str()));
        replicas.into_iter().take(PLACEMENTS_MAX).map(|replica| self.placement(replica)).collect()
    }

    fn placement(&self, replica: &Replica) -> PlacementStatus {
        let nowhere = self.nowhere.filter(|_| replica.phase == Phase::Unplaced).map(str::to_owned);
        PlacementStatus {
            replica: replica.id.clone(),
            node: replica.node_name.clone(),
            phase: replica.phase.as_str().to_owned(),
            reason: replica.error.clone().or(nowhere).map(clip),
        }
    }
}

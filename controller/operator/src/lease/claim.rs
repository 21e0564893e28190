//! Whether a Lease may be taken: by this program's own clock, because clocks of two machines differ.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::LeaseSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use tokio::time::Instant;

use crate::limits::LEASE_DURATION;

/// When the Lease was last seen to change, by this program's clock.
#[derive(Debug, Default)]
pub(super) struct Sighting {
    seen: Option<(LeaseSpec, Instant)>,
}

impl Sighting {
    pub(super) fn see(&mut self, spec: &LeaseSpec, now: Instant) {
        if self.seen.as_ref().is_none_or(|(seen, _)| seen != spec) {
            self.seen = Some((spec.clone(), now));
        }
    }

    fn unchanged_for(&self, now: Instant) -> Duration {
        self.seen.as_ref().map_or(Duration::ZERO, |(_, since)| now.duration_since(*since))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// It is free.
    Take,
    /// It is ours.
    Renew,
    /// Somebody else's, and not run out.
    Wait,
}

pub(super) fn claim(spec: &LeaseSpec, identity: &str, sighting: &Sighting, now: Instant) -> Claim {
    let holder = spec.holder_identity.as_deref().unwrap_or_default();
    let holds_for = spec
        .lease_duration_seconds
        .and_then(|s| u64::try_from(s).ok())
        .map_or(LEASE_DURATION, Duration::from_secs);
    if holder == identity {
        Claim::Renew
    } else if holder.is_empty() || sighting.unchanged_for(now) > holds_for {
        Claim::Take
    } else {
        Claim::Wait
    }
}

pub(super) fn taken(spec: LeaseSpec, identity: &str, now: Timestamp) -> LeaseSpec {
    let renews = spec.holder_identity.as_deref() == Some(identity);
    let transitions = spec.lease_transitions.unwrap_or_default();
    LeaseSpec {
        holder_identity: Some(identity.to_owned()),
        lease_duration_seconds: i32::try_from(LEASE_DURATION.as_secs()).ok(),
        acquire_time: if renews { spec.acquire_time } else { Some(MicroTime(now)) },
        renew_time: Some(MicroTime(now)),
        lease_transitions: Some(if renews { transitions } else { transitions.saturating_add(1) }),
        ..spec
    }
}

pub(super) fn released(spec: LeaseSpec) -> LeaseSpec {
    LeaseSpec { holder_identity: None, acquire_time: None, ..spec }
}

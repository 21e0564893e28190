use std::time::Duration;

use k8s_openapi::api::coordination::v1::LeaseSpec;
use tokio::time::Instant;

use super::claim::{Claim, Sighting, claim, released, taken};

fn held(by: &str) -> LeaseSpec {
    taken(LeaseSpec::default(), by, jiff::Timestamp::UNIX_EPOCH)
}

#[test]
fn a_lease_is_taken_only_when_it_is_free_or_stood_still_for_its_duration() {
    let begun = Instant::now();
    let mut sighting = Sighting::default();
    let other = held("other");
    assert_eq!(claim(&LeaseSpec::default(), "me", &sighting, begun), Claim::Take, "nobody holds it");
    sighting.see(&other, begun);
    let after = |seconds| begun + Duration::from_secs(seconds);
    assert_eq!(claim(&other, "me", &sighting, after(15)), Claim::Wait);
    assert_eq!(claim(&other, "me", &sighting, after(16)), Claim::Take, "by our clock, not by its renewTime");
    sighting.see(
        &taken(other.clone(), "other", jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(1)),
        after(16),
    );
    assert_eq!(claim(&other, "me", &sighting, after(20)), Claim::Wait, "it was renewed");
    assert_eq!(claim(&other, "other", &sighting, after(99)), Claim::Renew);
}

#[test]
fn a_change_of_holder_is_counted_and_a_renewal_is_not() {
    let first = held("a");
    assert_eq!(first.lease_transitions, Some(1));
    let renewed = taken(first.clone(), "a", jiff::Timestamp::now());
    assert_eq!((renewed.lease_transitions, &renewed.acquire_time), (Some(1), &first.acquire_time));
    assert_eq!(taken(released(renewed), "b", jiff::Timestamp::now()).lease_transitions, Some(2));
}

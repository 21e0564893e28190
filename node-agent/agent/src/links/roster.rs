//! Which addresses have a link, and which are to get one.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::watch;
use tokio::time::Instant;

use crate::address::Target;
use crate::limits::TURNED_AWAY_RETRY;

/// A link's side of it: told when its address is listed no more, and when it is again.
#[derive(Debug, Default)]
pub(super) struct Roster {
    running: BTreeMap<Target, watch::Sender<bool>>,
    /// Addresses whose controller turned this node away, and when.
    turned_away: BTreeMap<Target, Instant>,
}

impl Roster {
    /// Takes what the names lead to now; returns the addresses that need a link, each with its switch. An empty
    /// list is taken for an answer that is missing, not for a fleet without controllers.
    pub(super) fn follow(
        &mut self,
        listed: &BTreeSet<Target>,
        now: Instant,
    ) -> Vec<(Target, watch::Receiver<bool>)> {
        if listed.is_empty() {
            return Vec::new();
        }
        for (target, switch) in &self.running {
            let is_listed = listed.contains(target);
            switch.send_if_modified(|before| std::mem::replace(before, is_listed) != is_listed);
        }
        self.turned_away
            .retain(|target, at| listed.contains(target) && now.duration_since(*at) < TURNED_AWAY_RETRY);
        let missing: Vec<Target> = listed
            .iter()
            .filter(|target| !self.running.contains_key(target) && !self.turned_away.contains_key(target))
            .cloned()
            .collect();
        missing.into_iter().map(|target| (target.clone(), self.start(target))).collect()
    }

    fn start(&mut self, target: Target) -> watch::Receiver<bool> {
        let (switch, receiver) = watch::channel(true);
        self.running.insert(target, switch);
        receiver
    }

    /// The link ended because its address is listed no more.
    pub(super) fn ended(&mut self, target: &Target) {
        self.running.remove(target);
    }

    pub(super) fn turned_away(&mut self, target: &Target, now: Instant) {
        self.running.remove(target);
        self.turned_away.insert(target.clone(), now);
    }

    /// Every address turned this node away.
    pub(super) fn nobody_is_left(&self) -> bool {
        self.running.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn target(last: u8) -> Target {
        Target { url: "https://controllers:7082".into(), address: ([10, 0, 0, last], 7082).into() }
    }

    fn targets(lasts: &[u8]) -> BTreeSet<Target> {
        lasts.iter().map(|last| target(*last)).collect()
    }

    fn started(links: &[(Target, watch::Receiver<bool>)]) -> BTreeSet<Target> {
        links.iter().map(|(target, _)| target.clone()).collect()
    }

    #[test]
    fn each_address_gets_one_link_and_a_vanished_one_is_told_that_it_is_its_last() {
        let (mut roster, now) = (Roster::default(), Instant::now());
        let links = roster.follow(&targets(&[1, 2]), now);
        assert_eq!(started(&links), targets(&[1, 2]));
        assert_eq!(started(&roster.follow(&targets(&[2, 3]), now)), targets(&[3]));
        assert!(!*links[0].1.borrow() && *links[1].1.borrow());
        // A name server that answers nothing takes no link away.
        assert!(roster.follow(&targets(&[]), now).is_empty());
        assert!(*links[1].1.borrow());
        // Back before its link had ended: the same link goes on.
        assert!(roster.follow(&targets(&[1, 2, 3]), now).is_empty());
        assert!(*links[0].1.borrow());
        roster.ended(&target(1));
        assert_eq!(started(&roster.follow(&targets(&[1, 2, 3]), now)), targets(&[1]));
    }

    #[test]
    fn an_address_that_turned_the_node_away_rests_and_only_the_last_one_is_the_end() {
        let (mut roster, now) = (Roster::default(), Instant::now());
        roster.follow(&targets(&[1, 2]), now);
        roster.turned_away(&target(1), now);
        assert!(!roster.nobody_is_left());
        assert!(roster.follow(&targets(&[1, 2]), now).is_empty());
        let later = now + TURNED_AWAY_RETRY + Duration::from_secs(1);
        assert_eq!(started(&roster.follow(&targets(&[1, 2]), later)), targets(&[1]));
        roster.turned_away(&target(1), later);
        roster.turned_away(&target(2), later);
        assert!(roster.nobody_is_left());
    }
}

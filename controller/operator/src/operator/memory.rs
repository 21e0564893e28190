//! What the operator remembers between two looks. Nothing of it is needed to be right: it saves calls, spaces
//! repetitions out, and lets autoscaling wait for a lull to last; an operator that starts anew begins without.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::decide::autoscale::State;
use crate::decide::{Author, Trouble, pause};
use crate::fleet_api::{ChangedThing, FleetError, LastChange};
use crate::limits::{IMPORT_RETRY_MAX, IMPORT_RETRY_MIN, KNOWN_AUTHORS_MAX, RETRY_MAX, RETRY_MIN};

/// How long the reason why a replica is nowhere is repeated without asking again.
const NOWHERE_FRESH: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(super) struct Memory {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// By the object's uid.
    held: HashMap<String, Held>,
    imports: HashMap<String, EndedImport>,
    /// By uid: the version that was seen when the object was last written.
    outdated: HashMap<String, String>,
    authors: HashMap<(ChangedThing, String, u64), Option<LastChange>>,
    /// By uid: what autoscaling saw of the load.
    loads: HashMap<String, State>,
    /// By deployment.
    nowhere: HashMap<String, (Instant, String)>,
}

/// Something failed, and is not to be tried again before `until`.
#[derive(Debug)]
struct Held {
    /// `None`: the API server refused something.
    trouble: Option<Trouble>,
    failures: u32,
    until: Instant,
}

#[derive(Debug)]
struct EndedImport {
    import_id: String,
    trust: u64,
    failures: u32,
    until: Instant,
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets objects that are gone.
    pub(super) fn retain(&self, lives: impl Fn(&str) -> bool) {
        let mut inner = self.lock();
        inner.held.retain(|uid, _| lives(uid));
        inner.imports.retain(|uid, _| lives(uid));
        inner.outdated.retain(|uid, _| lives(uid));
        inner.loads.retain(|uid, _| lives(uid));
        inner.nowhere.retain(|_, (at, _)| at.elapsed() < NOWHERE_FRESH);
        if inner.authors.len() > KNOWN_AUTHORS_MAX {
            inner.authors.clear();
        }
    }

    /// How long until something is to be tried again.
    pub(super) fn next_retry(&self, now: Instant) -> Option<Duration> {
        let inner = self.lock();
        let held = inner.held.values().map(|held| held.until);
        let next = held.chain(inner.imports.values().map(|import| import.until)).filter(|at| *at > now).min();
        next.map(|at| at.duration_since(now))
    }

    pub(super) fn failed(&self, uid: &str, generation: i64, error: FleetError) {
        self.hold(uid, Some(Trouble { error, generation }));
    }

    /// The API server did not take a write.
    pub(super) fn refused(&self, uid: &str) {
        self.hold(uid, None);
    }

    fn hold(&self, uid: &str, trouble: Option<Trouble>) {
        let mut inner = self.lock();
        let failures = inner.held.get(uid).map_or(0, |held| held.failures).saturating_add(1);
        let until = Instant::now() + pause(failures, RETRY_MIN, RETRY_MAX);
        inner.held.insert(uid.to_owned(), Held { trouble, failures, until });
    }

    pub(super) fn went_well(&self, uid: &str) {
        self.lock().held.remove(uid);
    }

    /// What failed and is not to be repeated yet. A new generation is a new attempt.
    pub(super) fn trouble(&self, uid: &str, generation: i64) -> Option<Trouble> {
        let inner = self.lock();
        let held = inner.held.get(uid).filter(|held| held.until > Instant::now())?;
        held.trouble.clone().filter(|trouble| trouble.generation == generation)
    }

    /// Whether the API server refused a write of this object a moment ago.
    pub(super) fn is_refused(&self, uid: &str) -> bool {
        self.lock().held.get(uid).is_some_and(|held| held.trouble.is_none() && held.until > Instant::now())
    }

    /// This object was written; what was seen before is outdated until the watch brings something else.
    pub(super) fn wrote(&self, uid: &str, seen: Option<String>, now: Option<&str>) {
        if let Some(seen) = seen.filter(|seen| Some(seen.as_str()) != now) {
            self.lock().outdated.insert(uid.to_owned(), seen);
        }
    }

    pub(super) fn is_outdated(&self, uid: &str, version: Option<&str>) -> bool {
        let mut inner = self.lock();
        let outdated = inner.outdated.get(uid).is_some_and(|old| Some(old.as_str()) == version);
        if !outdated {
            inner.outdated.remove(uid);
        }
        outdated
    }

    pub(super) fn learn_author(
        &self,
        what: ChangedThing,
        name: &str,
        revision: u64,
        who: Option<LastChange>,
    ) {
        self.lock().authors.insert((what, name.to_owned(), revision), who);
    }

    /// `None`: nobody asked yet.
    pub(super) fn author(&self, what: ChangedThing, name: &str, revision: u64) -> Option<Option<LastChange>> {
        self.lock().authors.get(&(what, name.to_owned(), revision)).cloned()
    }

    pub(super) fn load(&self, uid: &str) -> Option<State> {
        self.lock().loads.get(uid).cloned()
    }

    pub(super) fn learn_load(&self, uid: &str, state: Option<State>) {
        let mut inner = self.lock();
        match state {
            Some(state) => inner.loads.insert(uid.to_owned(), state),
            None => inner.loads.remove(uid),
        };
    }

    pub(super) fn nowhere(&self, deployment: &str) -> Option<String> {
        let inner = self.lock();
        inner
            .nowhere
            .get(deployment)
            .filter(|(at, _)| at.elapsed() < NOWHERE_FRESH)
            .map(|(_, why)| why.clone())
    }

    pub(super) fn learn_nowhere(&self, deployment: &str, why: &str) {
        self.lock().nowhere.insert(deployment.to_owned(), (Instant::now(), why.to_owned()));
    }

    /// Whether an import that came to nothing is to be tried again now. `by_time`: time alone may help; `by_trust`:
    /// another trust may.
    pub(super) fn retry_import(
        &self,
        uid: &str,
        import_id: &str,
        trust: u64,
        (by_time, by_trust): (bool, bool),
    ) -> bool {
        let mut inner = self.lock();
        let now = Instant::now();
        match inner.imports.get(uid) {
            Some(ended) if ended.import_id == import_id => {
                (by_trust && ended.trust != trust) || (by_time && ended.until <= now)
            }
            known => {
                let failures = known.map_or(0, |ended| ended.failures).saturating_add(1);
                let until = now + pause(failures, IMPORT_RETRY_MIN, IMPORT_RETRY_MAX);
                let ended = EndedImport { import_id: import_id.to_owned(), trust, failures, until };
                inner.imports.insert(uid.to_owned(), ended);
                false
            }
        }
    }
}

/// As decisions take it.
pub(super) fn author(known: Option<&Option<LastChange>>) -> Author<'_> {
    known.map_or(Author::Unasked, |who| Author::Asked(who.as_ref()))
}

//! Which entries the log takes: an id once, and one closing record for each request.

use std::collections::HashSet;

use cloister_store::{AppendTransaction, Entity, Refusal, StoreError};

use crate::submission::Entry;

/// What the log knows of the ids that a batch mentions, kept up to date as entries are admitted.
pub(super) struct Admission {
    recorded: HashSet<String>,
    open: HashSet<String>,
    opened_here: HashSet<String>,
    closed: Vec<String>,
}

impl Admission {
    pub(super) async fn begin(append: &mut AppendTransaction, entries: &[Entry]) -> Result<Self, StoreError> {
        let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
        let intents: Vec<&str> = entries.iter().filter_map(Entry::closes).collect();
        Ok(Self {
            recorded: append.recorded(&ids).await?,
            open: append.open_among(&intents).await?,
            opened_here: HashSet::new(),
            closed: Vec::new(),
        })
    }

    pub(super) fn check(&self, entry: &Entry) -> Result<(), Refusal> {
        if self.recorded.contains(&entry.id) {
            return Err(Refusal::AlreadyExists { entity: Entity::Record, id: entry.id.clone() });
        }
        match entry.closes() {
            Some(request) if !self.open.contains(request) => Err(Refusal::NotOpen { id: request.to_owned() }),
            _ => Ok(()),
        }
    }

    pub(super) fn admit(&mut self, entry: &Entry) {
        self.recorded.insert(entry.id.clone());
        if entry.opens() {
            self.open.insert(entry.id.clone());
            self.opened_here.insert(entry.id.clone());
        }
        if let Some(request) = entry.closes() {
            self.open.remove(request);
            if !self.opened_here.remove(request) {
                self.closed.push(request.to_owned());
            }
        }
    }

    /// Requests that this batch opened and left open.
    pub(super) fn left_open(&self, id: &str) -> bool {
        self.opened_here.contains(id)
    }

    /// Requests of earlier batches that this one closes.
    pub(super) fn into_closed(self) -> Vec<String> {
        self.closed
    }
}

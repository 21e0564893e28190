//! Conditions as they are said: what stays keeps its time.

use super::{Row, clip};
use crate::crd::Condition;

/// Collects the conditions of one object.
pub(crate) struct Said<'a> {
    before: &'a [Condition],
    generation: i64,
    now: String,
    said: Vec<Condition>,
}

impl<'a> Said<'a> {
    /// `before` is what the object says now; `now` the time of a change, RFC 3339.
    pub(crate) fn new(before: &'a [Condition], generation: i64, now: jiff::Timestamp) -> Self {
        let now = jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string();
        Self { before, generation, now, said: Vec::new() }
    }

    /// Says one thing, with the sentence for people.
    pub(crate) fn say(&mut self, row: Row, message: impl Into<String>) {
        let same = self.before.iter().find(|old| old.kind == row.condition && old.status == row.status);
        self.said.push(Condition {
            kind: row.condition.to_owned(),
            status: row.status,
            reason: row.reason.to_owned(),
            message: clip(message.into()),
            observed_generation: self.generation,
            last_transition_time: same
                .map_or_else(|| self.now.clone(), |old| old.last_transition_time.clone()),
        });
    }

    pub(crate) fn finish(self) -> Vec<Condition> {
        self.said
    }
}

//! What a record is found by: who, which model, which node, when. Copied out of its leaf; the leaf decides.

use std::time::Duration;

use cloister_evidence::record::{ActorKind, Draft, Kind, Record, Subject, SubjectKind};
use cloister_store::{RecordRow, SearchField, SearchRow, SearchTerm, StoreError};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::LedgerHandle;
use crate::check::kind_name;
use crate::limits::{MAX_SEARCH_TERMS, SEARCH_INTERVAL};

/// Records between two moments at which other tasks may run.
const RECORDS_PER_TURN: usize = 32;

/// What a placement record says of a replica that has no node.
const NO_NODE: [&str; 2] = ["unplaced", "removed"];

impl LedgerHandle {
    /// Makes records searchable that were written without it, by an earlier version. Returns when `stop` says so.
    pub async fn keep_searchable(self, stop: CancellationToken) {
        loop {
            let pause = match self.make_some_searchable().await {
                Ok(true) => Duration::ZERO,
                Ok(false) => SEARCH_INTERVAL,
                Err(error) => {
                    tracing::warn!(%error, "records could not be made searchable; it is tried again");
                    SEARCH_INTERVAL
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(pause) => {}
            }
        }
    }

    /// Looks through the next part of the log; whether there was one.
    async fn make_some_searchable(&self) -> Result<bool, StoreError> {
        let Some(unindexed) = self.shared.store.unindexed_records().await? else { return Ok(false) };
        let mut rows = Vec::with_capacity(unindexed.records.len());
        for (count, record) in unindexed.records.iter().enumerate() {
            if count % RECORDS_PER_TURN == RECORDS_PER_TURN - 1 {
                tokio::task::yield_now().await;
            }
            rows.extend(of_stored(record));
        }
        self.shared.store.index_records(rows, unindexed.upto).await?;
        Ok(true)
    }
}

fn of_stored(row: &RecordRow) -> Option<SearchRow> {
    let found = Record::parse(&row.leaf).ok().and_then(|record| search_row(&record));
    if found.is_none() {
        // An export says what is wrong with it; here it must not keep others from being found.
        tracing::error!(seq = row.seq, "an audit record cannot be read, and is not found by searches");
    }
    found
}

/// None if the record's time cannot be read.
pub(crate) fn search_row(record: &Record) -> Option<SearchRow> {
    let draft = &record.draft;
    let mut terms = Terms::default();
    terms.actor(draft);
    terms.models(draft);
    terms.nodes(draft);
    Some(SearchRow {
        seq: record.seq,
        kind: kind_name(draft.kind),
        written_at: record.time.parse().ok()?,
        terms: terms.0,
    })
}

/// Each once, and none that is empty.
#[derive(Default)]
struct Terms(Vec<SearchTerm>);

impl Terms {
    fn push(&mut self, field: SearchField, value: &str) {
        let term = SearchTerm { field, value: value.to_owned() };
        if !value.is_empty() && self.0.len() < MAX_SEARCH_TERMS && !self.0.contains(&term) {
            self.0.push(term);
        }
    }

    fn subject(&mut self, field: SearchField, subject: &Subject) {
        self.push(field, &subject.id);
        self.push(field, subject.name.as_deref().unwrap_or_default());
    }

    fn actor(&mut self, draft: &Draft) {
        self.push(SearchField::Actor, &draft.actor.id);
        self.push(SearchField::Actor, draft.actor.name.as_deref().unwrap_or_default());
    }

    /// The model that computed, that was changed, or that a deployment was given.
    fn models(&mut self, draft: &Draft) {
        if let Some(inference) = &draft.inference {
            self.push(SearchField::Model, &inference.model_digest);
            self.push(SearchField::Model, &inference.model_name);
        }
        match &draft.subject {
            Some(subject) if subject.kind == SubjectKind::Model => self.subject(SearchField::Model, subject),
            // Nothing was computed, but the deployment's model is named.
            Some(subject) if draft.kind == Kind::InferenceDenied => {
                self.push(SearchField::Model, subject.name.as_deref().unwrap_or_default());
            }
            _ => {}
        }
        let digest = draft.change.as_ref().and_then(|change| change.get("model_digest"));
        self.push(SearchField::Model, digest.and_then(|digest| digest.as_str()).unwrap_or_default());
    }

    /// The node that computed, that was changed, that acted, or that replicas were placed on.
    fn nodes(&mut self, draft: &Draft) {
        let ran_on = draft.inference.as_ref().and_then(|inference| inference.node_id.as_deref());
        self.push(SearchField::Node, ran_on.unwrap_or_default());
        if let Some(subject) = draft.subject.as_ref().filter(|subject| subject.kind == SubjectKind::Node) {
            self.subject(SearchField::Node, subject);
        }
        if draft.actor.kind == ActorKind::Node {
            self.push(SearchField::Node, &draft.actor.id);
            self.push(SearchField::Node, draft.actor.name.as_deref().unwrap_or_default());
        }
        if draft.kind == Kind::PlacementChanged {
            let placed = draft.change.iter().flat_map(|change| change.values());
            for node_id in placed.filter_map(|node| node.as_str()).filter(|node| !NO_NODE.contains(node)) {
                self.push(SearchField::Node, node_id);
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! What closing records say was used, summed up for the commit that they are in.

use std::collections::BTreeMap;

use cloister_evidence::record::{ActorKind, Draft, Kind};
use cloister_store::{RecordRow, Usage};
use jiff::Timestamp;

use crate::submission::Entry;

/// Digits of an RFC 3339 time that say the day.
const DAY_DIGITS: usize = 10;

/// One row for each day, tenant, key or account, and deployment.
pub(super) fn used<'a>(records: impl Iterator<Item = (&'a &'a Entry, &'a RecordRow)>) -> Vec<Usage> {
    let mut sums: BTreeMap<_, Usage> = BTreeMap::new();
    for one in records.filter_map(|(entry, row)| of(&entry.draft, &row.time)) {
        let key = (
            one.day.clone(),
            one.tenant.clone(),
            one.actor_kind.clone(),
            one.actor_id.clone(),
            one.deployment.clone(),
        );
        match sums.get_mut(&key) {
            Some(sum) => add(sum, &one),
            None => drop(sums.insert(key, one)),
        }
    }
    sums.into_values().collect()
}

fn add(sum: &mut Usage, one: &Usage) {
    sum.requests = sum.requests.saturating_add(one.requests);
    sum.interrupted = sum.interrupted.saturating_add(one.interrupted);
    sum.prompt_tokens = sum.prompt_tokens.saturating_add(one.prompt_tokens);
    sum.output_tokens = sum.output_tokens.saturating_add(one.output_tokens);
    sum.time_us = sum.time_us.saturating_add(one.time_us);
    sum.last_at = sum.last_at.max(one.last_at);
}

/// `None` for a record that ends no request, and for one that the controller itself ended in a caller's place.
fn of(draft: &Draft, time: &str) -> Option<Usage> {
    let interrupted = match draft.kind {
        Kind::InferenceCompleted => 0,
        Kind::InferenceInterrupted => 1,
        _ => return None,
    };
    let actor_kind = match draft.actor.kind {
        ActorKind::ApiKey => "api_key",
        ActorKind::Account => "account",
        _ => return None,
    };
    let inference = draft.inference.as_ref()?;
    Some(Usage {
        day: time.get(..DAY_DIGITS)?.to_owned(),
        tenant: draft.tenant.clone(),
        actor_kind: actor_kind.to_owned(),
        actor_id: draft.actor.id.clone(),
        actor_name: draft.actor.name.clone().unwrap_or_else(|| draft.actor.id.clone()),
        deployment: inference.deployment.clone(),
        requests: 1,
        interrupted,
        prompt_tokens: inference.prompt_tokens.unwrap_or(0).into(),
        output_tokens: inference.output_tokens.unwrap_or(0).into(),
        time_us: inference.total_time_us.unwrap_or(0),
        last_at: time.parse::<Timestamp>().ok()?,
    })
}

#[cfg(test)]
mod tests;

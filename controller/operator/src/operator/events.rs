//! Events for people: what `kubectl describe` shows at the end. One for each change of a condition that matters, so a
//! state that lasts is told once.

use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource};

use crate::conditions::TABLE;
use crate::crd::{Condition, ConditionStatus, FIELD_MANAGER};
use crate::decide::autoscale::Step;
use crate::limits::REQUEST_TIMEOUT;

/// Reasons of a thing on its way, which are no trouble although nothing is ready yet.
const ON_THE_WAY: [&str; 9] = [
    "Queued",
    "Fetching",
    "Verifying",
    "Placing",
    "Loading",
    "Draining",
    "Removing",
    "ModelNotReady",
    "AsExpected",
];

pub(super) struct Events {
    recorder: Recorder,
}

impl Events {
    pub(super) fn new(client: Client, instance: String) -> Self {
        let reporter = Reporter { controller: FIELD_MANAGER.to_owned(), instance: Some(instance) };
        Self { recorder: Recorder::new(client, reporter) }
    }

    /// Tells what changed between two lists of conditions.
    pub(super) async fn tell<K: Resource<DynamicType = ()>>(
        &self,
        object: &K,
        before: &[Condition],
        now: &[Condition],
    ) {
        for said in now.iter().filter(|said| is_news(before, said)) {
            let event = Event {
                type_: if is_trouble(said) { EventType::Warning } else { EventType::Normal },
                reason: said.reason.clone(),
                note: Some(said.message.clone()),
                action: said.kind.clone(),
                secondary: None,
            };
            self.publish(object, event).await;
        }
    }

    /// Tells that the number of replicas was changed.
    pub(super) async fn tell_step<K: Resource<DynamicType = ()>>(&self, object: &K, step: Step) {
        let event = Event {
            type_: EventType::Normal,
            reason: step.reason.to_owned(),
            note: Some(step.sentence),
            action: step.action,
            secondary: None,
        };
        self.publish(object, event).await;
    }

    /// An event is a courtesy: losing one changes nothing.
    async fn publish<K: Resource<DynamicType = ()>>(&self, object: &K, event: Event) {
        let reference = object.object_ref(&());
        match tokio::time::timeout(REQUEST_TIMEOUT, self.recorder.publish(&event, &reference)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "an event could not be published"),
            Err(_) => tracing::debug!("an event could not be published in time"),
        }
    }
}

fn is_news(before: &[Condition], said: &Condition) -> bool {
    let old = before.iter().find(|old| old.kind == said.kind);
    let changed = old.is_none_or(|old| (old.status, &old.reason) != (said.status, &said.reason));
    let good_from_the_start =
        old.is_none_or(|old| old.status == ConditionStatus::Unknown) && !is_trouble(said);
    match said.kind.as_str() {
        "Ready" => changed,
        "Degraded" | "InSync" => changed && !good_from_the_start,
        _ => false,
    }
}

fn is_trouble(said: &Condition) -> bool {
    let good = if said.kind == "Degraded" { ConditionStatus::False } else { ConditionStatus::True };
    said.status != good
        && said.status != ConditionStatus::Unknown
        && !ON_THE_WAY.contains(&said.reason.as_str())
        && TABLE.iter().any(|row| row.condition == said.kind && row.reason == said.reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: &str, status: ConditionStatus, reason: &str) -> Condition {
        Condition {
            kind: kind.into(),
            status,
            reason: reason.into(),
            message: String::new(),
            observed_generation: 1,
            last_transition_time: String::new(),
        }
    }

    #[test]
    fn a_change_is_told_once_and_trouble_as_a_warning() {
        let loading = said("Ready", ConditionStatus::False, "Loading");
        let lost = said("Ready", ConditionStatus::False, "NoNodeFits");
        assert!(is_news(&[], &loading) && !is_trouble(&loading));
        assert!(!is_news(std::slice::from_ref(&loading), &loading));
        assert!(is_news(&[loading], &lost) && is_trouble(&lost));
        let fine = said("Degraded", ConditionStatus::False, "AsExpected");
        let crashed = said("Degraded", ConditionStatus::True, "ReplicaCrashed");
        assert!(!is_news(&[], &fine), "that nothing is wrong with a new object is no news");
        assert!(is_news(std::slice::from_ref(&fine), &crashed) && is_trouble(&crashed));
        assert!(is_news(&[crashed], &fine), "that it is over is");
    }
}

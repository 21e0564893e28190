//! What to do about one object, and what to say of it: pure functions of what was seen. Doing it is the operator's
//! matter. Nothing here waits, and nothing depends on what happened before, except through what is written in the
//! object's status and in the fleet.

pub(crate) mod autoscale;
pub(crate) mod deployment;
pub(crate) mod fleet_index;
pub(crate) mod model;
pub(crate) mod node;
pub(crate) mod trust_policy;

use std::time::Duration;

use kube::ResourceExt as _;

use crate::crd::FINALIZER;
use crate::fleet_api::{FleetError, LastChange};

/// Do this and decide again, or say this and rest.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict<A, S> {
    Act(A),
    /// Boxed: a status is large beside an action.
    Report(Box<S>),
    /// Nothing is to be done or said.
    Rest,
}

/// What is known about who changed the fleet's object last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Author<'a> {
    /// Nobody asked yet.
    Unasked,
    /// The audit log was asked; `None`: it does not say.
    Asked(Option<&'a LastChange>),
}

/// How a call to the fleet ended that is not to be made again yet.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trouble {
    pub(crate) error: FleetError,
    /// Of the object when the call was made.
    pub(crate) generation: i64,
}

/// Where an object stands in its life, as Kubernetes tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// It has no finalizer yet.
    New,
    Living,
    /// It is to be deleted, and has our finalizer.
    Leaving,
    /// It is to be deleted, and we have no part in it any more.
    Left,
}

impl Life {
    pub(crate) fn of(object: &impl kube::Resource) -> Self {
        let finalizer = object.finalizers().iter().any(|name| name == FINALIZER);
        match (object.meta().deletion_timestamp.is_some(), finalizer) {
            (false, false) => Self::New,
            (false, true) => Self::Living,
            (true, true) => Self::Leaving,
            (true, false) => Self::Left,
        }
    }
}

/// How long to wait after the `failures`th failure in a row: doubles from `min` to `max`.
pub(crate) fn pause(failures: u32, min: Duration, max: Duration) -> Duration {
    min.saturating_mul(2u32.saturating_pow(failures.saturating_sub(1))).min(max)
}

/// Who did it, when, and where it is on record, as part of a sentence.
pub(crate) fn who(author: Author<'_>) -> String {
    match author {
        Author::Asked(Some(LastChange { by, at, record_id })) => format!("{by} at {at} (record {record_id})"),
        Author::Asked(None) | Author::Unasked => "somebody, whom the audit log names,".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_their_limit() {
        let seconds = |failures| pause(failures, Duration::from_secs(2), Duration::from_secs(30)).as_secs();
        assert_eq!([1, 2, 3, 4, 5, 90].map(seconds), [2, 4, 8, 16, 30, 30]);
    }
}

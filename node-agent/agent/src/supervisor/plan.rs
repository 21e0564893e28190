//! What to do about an order. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use cloister_proto::agent::v1::DesiredReplica;

use crate::limits::{REPLICA_ID_MAX_CHARS, REPLICAS_MAX};

/// One step from what runs to what is ordered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    /// It runs already, as ordered.
    Keep(String),
    /// It does not run.
    Start(DesiredReplica),
    /// It runs otherwise than ordered: drain it, then start it anew.
    Replace(DesiredReplica),
    /// It is ordered no more.
    Stop(String),
    /// It cannot be run at all.
    Refuse {
        /// Which.
        replica_id: String,
        /// Why, as a sentence.
        reason: String,
    },
}

/// The steps, removals first: what they free may be needed by what starts.
///
/// `current` holds the replicas that were ordered and not told to stop, whatever became of them: one that was
/// refused stays refused until it is ordered anew, under another id or with other parameters.
pub(crate) fn plan(current: &BTreeMap<String, DesiredReplica>, desired: &[DesiredReplica]) -> Vec<Action> {
    let wanted: BTreeSet<&str> = desired.iter().map(|order| order.replica_id.as_str()).collect();
    let stops = current.keys().filter(|id| !wanted.contains(id.as_str())).map(|id| Action::Stop(id.clone()));
    let mut seen = BTreeSet::new();
    // A second order for the same replica contradicts the first one, or repeats it.
    let first = desired.iter().enumerate().filter(|(_, order)| seen.insert(order.replica_id.as_str()));
    let orders = first.map(|(index, order)| judge(current, order, index));
    stops.chain(orders).collect()
}

fn judge(current: &BTreeMap<String, DesiredReplica>, order: &DesiredReplica, index: usize) -> Action {
    if let Err(reason) = check(order, index) {
        return Action::Refuse { replica_id: order.replica_id.clone(), reason };
    }
    match current.get(&order.replica_id) {
        Some(running) if running == order => Action::Keep(order.replica_id.clone()),
        Some(_) => Action::Replace(order.clone()),
        None => Action::Start(order.clone()),
    }
}

fn check(order: &DesiredReplica, index: usize) -> Result<(), String> {
    let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    let id = &order.replica_id;
    if !(1..=REPLICA_ID_MAX_CHARS).contains(&id.len()) || !id.chars().all(plain) {
        return Err(format!("a replica id has 1 to {REPLICA_ID_MAX_CHARS} characters of [A-Za-z0-9_-]"));
    }
    if index >= REPLICAS_MAX {
        return Err(format!("a node runs at most {REPLICAS_MAX} replicas"));
    }
    if order.context_length == 0 || order.kv_tokens < u64::from(order.context_length) {
        return Err(
            "the KV cache must hold at least one sequence of the context length, which is at least 1".into(),
        );
    }
    if !(1..=256).contains(&order.max_sequences) || order.max_waiting > 4_096 {
        return Err("max_sequences is 1 to 256 and max_waiting 0 to 4,096".into());
    }
    Ok(())
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep(id) => write!(formatter, "replica {id} runs as ordered"),
            Self::Start(order) => {
                write!(formatter, "starting replica {} of {}", order.replica_id, order.model_digest)
            }
            Self::Replace(order) => {
                write!(formatter, "replica {} is ordered otherwise: replacing it", order.replica_id)
            }
            Self::Stop(id) => write!(formatter, "replica {id} is ordered no more: stopping it"),
            Self::Refuse { replica_id, reason } => {
                write!(formatter, "replica {replica_id} cannot be run: {reason}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(id: &str, context_length: u32) -> DesiredReplica {
        DesiredReplica {
            replica_id: id.into(),
            model_digest: "sha256:aa".into(),
            context_length,
            max_sequences: 4,
            max_waiting: 8,
            threads: 0,
            deployment: "notes".into(),
            kv_tokens: 4_096,
        }
    }

    fn current(orders: &[DesiredReplica]) -> BTreeMap<String, DesiredReplica> {
        orders.iter().map(|order| (order.replica_id.clone(), order.clone())).collect()
    }

    #[test]
    fn each_difference_has_its_step() {
        let (a, b, a2) = (order("a", 512), order("b", 512), order("a", 1024));
        let keep = |id: &str| Action::Keep(id.to_owned());
        let stop = |id: &str| Action::Stop(id.to_owned());
        let cases: [(&str, Vec<_>, Vec<_>, Vec<Action>); 7] = [
            ("nothing", vec![], vec![], vec![]),
            ("first order", vec![], vec![a.clone()], vec![Action::Start(a.clone())]),
            ("the same again", vec![a.clone()], vec![a.clone()], vec![keep("a")]),
            (
                "one more",
                vec![a.clone()],
                vec![a.clone(), b.clone()],
                vec![keep("a"), Action::Start(b.clone())],
            ),
            ("other parameters", vec![a.clone()], vec![a2.clone()], vec![Action::Replace(a2)]),
            ("moved on", vec![a.clone()], vec![b.clone()], vec![stop("a"), Action::Start(b.clone())]),
            ("everything goes", vec![a.clone(), b.clone()], vec![], vec![stop("a"), stop("b")]),
        ];
        for (story, running, desired, wanted) in cases {
            assert_eq!(plan(&current(&running), &desired), wanted, "{story}");
        }
    }

    #[test]
    fn planning_what_runs_changes_nothing() {
        let orders = [order("a", 512), order("b", 1024)];
        assert!(plan(&current(&orders), &orders).iter().all(|action| matches!(action, Action::Keep(_))));
    }

    #[test]
    fn an_order_that_cannot_be_run_is_refused_and_the_others_are_not() {
        let too_long = "x".repeat(REPLICA_ID_MAX_CHARS + 1);
        let bad = [
            order("", 512),
            order("../../etc", 512),
            order(&too_long, 512),
            order("zero", 0),
            order("larger-than-its-cache", 8_192),
            DesiredReplica { max_sequences: 0, ..order("no-sequence", 512) },
            DesiredReplica { max_waiting: 10_000, ..order("long-queue", 512) },
        ];
        for order_given in bad {
            let steps = plan(&BTreeMap::new(), &[order_given.clone(), order("good", 512)]);
            assert!(
                matches!(&steps[0], Action::Refuse { replica_id, .. } if *replica_id == order_given.replica_id)
            );
            assert_eq!(steps[1], Action::Start(order("good", 512)));
        }
    }

    #[test]
    fn one_replica_ordered_twice_is_started_once() {
        let steps = plan(&BTreeMap::new(), &[order("a", 512), order("a", 1024)]);
        assert_eq!(steps, [Action::Start(order("a", 512))]);
    }
}

//! Carries a plan out, without choices of its own: replica rows, generations and the record of it
//! in one transaction per deployment.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cloister_api::EventKind;
use cloister_evidence::record::{Draft, Kind, Outcome, Subject, SubjectKind};
use cloister_ledger::LedgerError;
use cloister_scheduler::{Action, Decision, Intent, MemoryNeed, Plan, ReplicaRef};
use cloister_store::{Change, Node, Replica};

use super::{Explanation, Reconciler, ReplicaSpec, Stored, TurnError};
use crate::fleet::events::Happening;
use crate::fleet::records::{draft, system};

impl Reconciler {
    /// Commits what differs; whether anything did.
    pub(super) async fn apply(
        &self,
        stored: &Stored,
        intent: &Intent,
        plan: &Plan,
    ) -> Result<bool, TurnError> {
        let mut by_deployment: BTreeMap<&str, Vec<&Decision>> = BTreeMap::new();
        for decision in plan.changes() {
            by_deployment.entry(&decision.deployment_id).or_default().push(decision);
        }
        let mut generations = Generations::of(&stored.nodes);
        let mut refused = None;
        for (deployment_id, decisions) in &by_deployment {
            let batch = Batch { stored, need: need_of(intent, deployment_id), generations: &mut generations };
            let Batched { changes, record, happenings } = batch.build(deployment_id, decisions);
            match self.fleet.shared.ledger.change(changes, record).await {
                Ok(_) => {
                    decisions.iter().for_each(|decision| tell(decision));
                    happenings.into_iter().for_each(|happening| self.fleet.shared.tell(happening));
                }
                // The state moved on since it was read. That is no reason to keep others waiting.
                Err(error @ LedgerError::Refused(_)) => refused = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        refused.map_or(Ok(!by_deployment.is_empty()), |error| Err(error.into()))
    }
}

/// The verdicts on every node are kept with the replica; a log line has the reason.
fn tell(decision: &Decision) {
    let Decision { deployment, reason, .. } = decision;
    tracing::info!(%deployment, node = decision.node_id(), %reason, "placement changed");
}

fn need_of(intent: &Intent, deployment_id: &str) -> MemoryNeed {
    let deployment = intent.deployments.iter().find(|deployment| deployment.id == deployment_id);
    deployment.and_then(|deployment| deployment.need).unwrap_or_default()
}

/// The generation of every node, as far as this turn has raised them.
pub(super) struct Generations(HashMap<String, u64>);

impl Generations {
    pub(super) fn of(nodes: &[Node]) -> Self {
        Self(nodes.iter().map(|node| (node.id.clone(), node.generation)).collect())
    }

    fn next(&self, node_id: &str) -> u64 {
        self.0.get(node_id).copied().unwrap_or(0).saturating_add(1)
    }

    /// Raises a node's generation by one, as a change.
    fn raise(&mut self, node_id: &str) -> Change {
        let generation = self.next(node_id);
        self.0.insert(node_id.to_owned(), generation);
        Change::SetNodeGeneration { node_id: node_id.to_owned(), generation }
    }
}

/// The changes of one deployment.
struct Batch<'a> {
    stored: &'a Stored,
    need: MemoryNeed,
    generations: &'a mut Generations,
}

/// What they come to.
struct Batched {
    changes: Vec<Change>,
    record: Draft,
    /// For people, once it is committed.
    happenings: Vec<Happening>,
}

impl Batch<'_> {
    fn build(self, deployment_id: &str, decisions: &[&Decision]) -> Batched {
        let mut changes = Vec::new();
        let mut happenings = Vec::new();
        let mut told = BTreeMap::new();
        let mut touched = BTreeSet::new();
        for decision in decisions {
            let replica_id = match &decision.replica {
                ReplicaRef::Existing(id) => id.clone(),
                ReplicaRef::New(_) => ulid::Ulid::new().to_string().to_lowercase(),
            };
            told.insert(replica_id.clone(), told_of(&decision.action));
            happenings.extend(happening(&replica_id, decision));
            match &decision.action {
                Action::Remove { node_id } => {
                    touched.extend(node_id.clone());
                    changes.push(Change::RemoveReplica { id: replica_id });
                }
                // Its node need not know: it goes on serving what it has.
                Action::Drain { .. } => {
                    changes.extend(self.drained(&replica_id, decision).map(Change::PutReplica));
                }
                Action::Keep { .. } | Action::Hold { .. } | Action::Place { .. } | Action::LeaveUnplaced => {
                    touched.extend(decision.node_id().map(str::to_owned));
                    changes.extend(self.replica(replica_id, decision).map(Change::PutReplica));
                }
            }
        }
        changes.extend(touched.iter().map(|node_id| self.generations.raise(node_id)));
        let mut record = draft(Kind::PlacementChanged, Outcome::Success, system());
        let name = decisions.first().map(|decision| decision.deployment.clone());
        record.subject = Some(Subject { kind: SubjectKind::Deployment, id: deployment_id.to_owned(), name });
        record.change = Some(told);
        Batched { changes, record, happenings }
    }

    fn drained(&self, id: &str, decision: &Decision) -> Option<Replica> {
        let row = self.stored.replicas.iter().find(|replica| replica.id == id)?;
        let reasons = Explanation::drained(row, &decision.reason).to_json();
        Some(Replica { reasons, ..row.clone() })
    }

    fn replica(&self, id: String, decision: &Decision) -> Option<Replica> {
        let deployment = self.stored.deployments.iter().find(|d| d.id == decision.deployment_id)?;
        let explanation = Explanation::new(ReplicaSpec::of(deployment), self.need, decision);
        let node_id = decision.node_id().map(str::to_owned);
        Some(Replica {
            id,
            deployment_id: decision.deployment_id.clone(),
            generation: node_id.as_deref().map_or(0, |node_id| self.generations.next(node_id)),
            node_id,
            reasons: explanation.to_json(),
            memory_bytes: self.need.total_bytes(),
        })
    }
}

fn happening(replica_id: &str, decision: &Decision) -> Option<Happening> {
    let (kind, node_id) = match &decision.action {
        Action::Keep { .. } | Action::Hold { .. } => return None,
        Action::Drain { node_id } => (EventKind::Draining, Some(node_id.clone())),
        Action::Place { node_id } => (EventKind::Placed, Some(node_id.clone())),
        Action::LeaveUnplaced => (EventKind::Unplaced, None),
        Action::Remove { node_id } => (EventKind::Removed, node_id.clone()),
    };
    Some(Happening {
        replica_id: replica_id.to_owned(),
        deployment_id: Some(decision.deployment_id.clone()),
        node_id,
        kind,
        detail: decision.reason.clone(),
        at: jiff::Timestamp::now(),
    })
}

/// What the record says of a replica: its node, or what became of it.
fn told_of(action: &Action) -> serde_json::Value {
    match action {
        Action::Keep { node_id } | Action::Hold { node_id } | Action::Place { node_id } => {
            node_id.as_str().into()
        }
        Action::Drain { .. } => "draining".into(),
        Action::LeaveUnplaced => "unplaced".into(),
        Action::Remove { .. } => "removed".into(),
    }
}

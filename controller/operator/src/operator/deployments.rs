//! Does what was decided about a ModelDeployment.

use std::sync::Arc;

use cloister_api::{Deployment, Explanation, Phase};
use kube::ResourceExt as _;

use super::autoscaling::Scaling;
use super::look::{Look, in_time, origin};
use super::memory::author;
use super::writer::WriteError;
use crate::conditions::clip;
use crate::crd::{Model, ModelDeployment, ModelDeploymentStatus};
use crate::decide::deployment::{Action, Seen, decide};
use crate::decide::fleet_index::FleetIndex;
use crate::decide::{Life, Verdict};
use crate::fleet_api::{ChangedThing, FleetError, Origin};

const STEPS_MAX: usize = 6;

pub(super) async fn settle(
    look: &Look<'_>,
    object: Arc<ModelDeployment>,
    index: &FleetIndex,
) -> Result<(), WriteError> {
    let name = object.name_any();
    let model = look.watched.model(&object.spec.model);
    let mut work = Work {
        look,
        found: index.deployment(&name).cloned(),
        origin: origin("ModelDeployment", object.as_ref()),
        scaling: Scaling::decide(look, &object, index),
        object: (*object).clone(),
        model,
        nowhere: nowhere(look, &name, index).await,
        name,
    };
    for _ in 0..STEPS_MAX {
        match work.decided(index) {
            Verdict::Rest => return Ok(()),
            Verdict::Report(status) => return work.report(*status).await,
            Verdict::Act(Action::AddFinalizer) => look.writer().add_finalizer(&mut work.object).await?,
            Verdict::Act(Action::Release) => return look.writer().release(&work.object).await,
            Verdict::Act(action) => work.act(action).await,
        }
    }
    Ok(())
}

struct Work<'a> {
    look: &'a Look<'a>,
    object: ModelDeployment,
    name: String,
    model: Option<Arc<Model>>,
    found: Option<Deployment>,
    nowhere: Option<String>,
    scaling: Option<Scaling>,
    origin: Origin,
}

impl Work<'_> {
    fn decided(&self, index: &FleetIndex) -> crate::decide::deployment::Decision {
        let memory = self.look.memory;
        let revision = self.found.as_ref().map_or(0, |found| found.revision);
        let known = memory.author(ChangedThing::Deployment, &self.name, revision);
        let trouble = memory.trouble(&self.origin.uid, self.origin.generation);
        let model_name = self.model.as_deref().map(crate::decide::model::fleet_name);
        decide(&Seen {
            object: &self.object,
            model: self.model.as_deref(),
            fleet_model: model_name.and_then(|name| index.model(&name)),
            found: self.found.as_ref(),
            replicas: index.replicas(&self.name),
            nowhere: self.nowhere.as_deref(),
            author: author(known.as_ref()),
            trouble: trouble.as_ref(),
            scaling: self.scaling.as_ref().map(|scaling| &scaling.decision),
            origin: &self.origin.to_string(),
            now: self.look.now(),
        })
    }

    async fn act(&mut self, action: Action) {
        let (fleet, memory) = (self.look.fleet(), self.look.memory);
        let done: Result<(), FleetError> = match action {
            // Done by the caller, who writes to Kubernetes.
            Action::AddFinalizer | Action::Release => Ok(()),
            Action::AskWho { revision } => {
                let asked = in_time(fleet.last_change(ChangedThing::Deployment, &self.name)).await;
                asked.map(|who| memory.learn_author(ChangedThing::Deployment, &self.name, revision, who))
            }
            Action::Put { request, expected_revision } => {
                let digest = request.model.clone();
                let put = fleet.put_deployment(&self.origin, &self.name, request, expected_revision);
                match in_time(put).await {
                    Ok(put) => {
                        self.note(put, digest);
                        self.tell_step().await;
                        Ok(())
                    }
                    Err(error) => Err(error),
                }
            }
            Action::Remove => {
                let removed = in_time(fleet.remove_deployment(&self.origin, &self.name)).await;
                super::gone(removed).map(|()| self.found = None)
            }
        };
        match done {
            Ok(()) => memory.went_well(&self.origin.uid),
            Err(error) => memory.failed(&self.origin.uid, self.origin.generation, error),
        }
    }

    /// The fleet took it: from here on this revision is ours.
    fn note(&mut self, put: Deployment, model_digest: String) {
        if Life::of(&self.object) == Life::Living {
            let status = self.object.status.get_or_insert_default();
            status.revision = i64::try_from(put.revision).ok();
            status.applied_generation = self.object.metadata.generation;
            status.model_digest = Some(model_digest);
        }
        self.found = Some(put);
    }

    /// Once the fleet took it.
    async fn tell_step(&mut self) {
        let Some(step) = self.scaling.as_mut().and_then(|scaling| scaling.step.take()) else { return };
        let said = self.object.status.get_or_insert_default().autoscaling.get_or_insert_default();
        let now = self.look.now();
        said.last_scaled_at = Some(jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string());
        self.look.events.tell_step(&self.object, step).await;
    }

    async fn report(&self, status: ModelDeploymentStatus) -> Result<(), WriteError> {
        let seen =
            self.look.watched.deployments.find(|object| object.metadata.uid == self.object.metadata.uid);
        let before = seen.as_ref().and_then(|object| object.status.as_ref());
        if before == Some(&status) {
            return Ok(());
        }
        self.look.writer().write_status(&self.object, &status).await?;
        let before = before.map(|status| status.conditions.as_slice()).unwrap_or_default();
        self.look.events.tell(&self.object, before, &status.conditions).await;
        Ok(())
    }
}

/// Why the first replica without a node has none.
async fn nowhere(look: &Look<'_>, deployment: &str, index: &FleetIndex) -> Option<String> {
    let replica = index.replicas(deployment).iter().find(|replica| replica.phase == Phase::Unplaced)?;
    if let Some(known) = look.memory.nowhere(deployment) {
        return Some(known);
    }
    let why = sentence(in_time(look.fleet().explain(&replica.id)).await.ok()?)?;
    look.memory.learn_nowhere(deployment, &why);
    Some(why)
}

fn sentence(explanation: Explanation) -> Option<String> {
    let rejected = explanation.nodes.iter().filter(|node| !node.admissible);
    let nodes = rejected.take(3).map(|node| format!("{}: {}", node.node_name, node.reason));
    let parts: Vec<String> = explanation.reasons.iter().cloned().chain(nodes).collect();
    (!parts.is_empty()).then(|| clip(parts.join("; ")))
}

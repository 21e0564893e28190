//! What to say of a ModelDeployment.

mod running;
mod scaling;

use cloister_api::{DeployRequest, ProblemKind};
use kube::ResourceExt as _;

use self::running::Running;
use self::scaling::scaling;
use super::{Seen, Standing, finishes, intent, ready_digest, status};
use crate::conditions::{self as c, Said, count};
use crate::crd::{DEPLOYMENT_LABEL, ModelDeploymentStatus};
use crate::decide::{Life, who};

/// `request` is what the object asks for, where it asks for something.
pub(super) fn report(
    seen: &Seen<'_>,
    standing: Standing<'_>,
    request: Option<&DeployRequest>,
) -> ModelDeploymentStatus {
    let before = status(seen.object);
    let generation = seen.object.metadata.generation.unwrap_or_default();
    let mut said = Said::new(&before.conditions, generation, seen.now);
    let ours = seen.found.filter(|_| before.revision.is_some() || standing == Standing::InSync);
    let running = ours.map(|found| Running::new(found, seen.replicas, seen.nowhere));
    let model_trouble = verified(&mut said, seen);
    let admitted = admitted(&mut said, seen, standing, ours.is_some());
    let blocked = model_trouble.filter(|_| ours.is_none()).or(admitted);
    say_running(&mut said, seen, running.as_ref(), blocked);
    in_sync(&mut said, seen, standing, request);
    let adopted =
        (standing == Standing::InSync && Life::of(seen.object) == Life::Living).then_some(ours).flatten();
    let (wanted_replicas, autoscaling) = scaling(seen, standing);
    ModelDeploymentStatus {
        wanted_replicas,
        autoscaling,
        observed_generation: generation,
        replicas: running.as_ref().map_or(0, Running::existing),
        ready_replicas: running.as_ref().map_or(0, Running::ready),
        revision: adopted.map_or(before.revision, |found| i64::try_from(found.revision).ok()),
        applied_generation: adopted.map_or(before.applied_generation, |_| Some(generation)),
        model_digest: adopted
            .map_or_else(|| before.model_digest.clone(), |found| Some(found.model_digest.clone())),
        selector: Some(format!("{DEPLOYMENT_LABEL}={}", seen.object.name_any())),
        placements: running.as_ref().map(Running::placements).unwrap_or_default(),
        conditions: said.finish(),
    }
}

/// Why it cannot be ready: the row of `Ready`, and the sentence.
type Blocked = (c::Row, String);

fn verified(said: &mut Said<'_>, seen: &Seen<'_>) -> Option<Blocked> {
    let name = &seen.object.spec.model;
    if let Some(digest) = ready_digest(seen.model) {
        said.say(c::MD_VERIFIED, format!("Model {name} is verified: {digest}"));
        return None;
    }
    let Some(model) = seen.model else {
        let sentence =
            format!("there is no Model {name} in this namespace: create it, or correct spec.model");
        said.say(c::MD_MODEL_NOT_FOUND, sentence.clone());
        return Some((c::MD_READY_MODEL_NOT_FOUND, sentence));
    };
    let conditions = model.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let why = conditions.iter().find(|said| said.kind == "Ready").map(|said| format!(": {}", said.message));
    let sentence = match model.metadata.deletion_timestamp {
        Some(_) => format!("Model {name} is being deleted"),
        None => format!("Model {name} is not ready{}", why.unwrap_or_default()),
    };
    said.say(c::MD_MODEL_NOT_READY, sentence.clone());
    Some((c::MD_READY_MODEL_NOT_READY, sentence))
}

fn admitted(said: &mut Said<'_>, seen: &Seen<'_>, standing: Standing<'_>, runs: bool) -> Option<Blocked> {
    let blocked = |sentence: &str| Some((c::MD_READY_NOT_ADMITTED, sentence.to_owned()));
    match standing {
        Standing::Waiting if !runs => {
            let sentence = "waits for its Model";
            said.say(c::MD_NOT_ADMITTED, sentence);
            blocked(sentence)
        }
        Standing::Refused(trouble) => {
            let problem = &trouble.error.0;
            let (row, sentence) = match trouble.error.kind() {
                ProblemKind::Invalid => {
                    let field = problem.field.as_deref().unwrap_or("spec");
                    (c::MD_INVALID, format!("{field}: {}", problem.detail))
                }
                ProblemKind::Unavailable | ProblemKind::Internal => {
                    (c::MD_UNAVAILABLE, problem.detail.clone())
                }
                _ => (c::MD_REFUSED, problem.detail.clone()),
            };
            said.say(row, sentence.clone());
            blocked(&sentence).filter(|_| !runs)
        }
        Standing::Gone | Standing::Exists => {
            let sentence = "nothing of this object runs: see InSync";
            said.say(c::MD_NOT_OURS, sentence);
            blocked(sentence)
        }
        Standing::InSync | Standing::Changed | Standing::Waiting => {
            let revision = seen.found.map_or(0, |found| found.revision);
            said.say(c::MD_ADMITTED, format!("the fleet accepted it; it is at revision {revision}"));
            None
        }
    }
}

fn say_running(
    said: &mut Said<'_>,
    seen: &Seen<'_>,
    running: Option<&Running<'_>>,
    blocked: Option<Blocked>,
) {
    let Some(running) = running else {
        said.say(c::MD_NOT_PLACED, "nothing is to be placed yet");
        said.say(c::MD_NOT_LOADED, "nothing is to be loaded yet");
        if let Some((row, sentence)) = blocked {
            said.say(row, sentence);
        }
        said.say(c::MD_AS_EXPECTED, "no replica exists");
        return;
    };
    let placed = running.placed();
    let loaded = running.loaded();
    let degraded = running.degraded();
    let leaving = (Life::of(seen.object) == Life::Leaving).then(|| draining(seen));
    let ready = leaving.or(blocked).unwrap_or_else(|| running.readiness(&placed, &loaded, &degraded));
    said.say(placed.0, placed.1);
    said.say(loaded.0, loaded.1);
    said.say(ready.0, ready.1);
    said.say(degraded.0, degraded.1);
}

fn draining(seen: &Seen<'_>) -> Blocked {
    let left = seen.replicas.iter().filter(|replica| finishes(replica.phase)).count();
    let trouble = seen.trouble.map(|trouble| format!("; {}", trouble.error)).unwrap_or_default();
    (
        c::MD_READY_DRAINING,
        format!("it is to be deleted; {} still finish what they have{trouble}", count(left, "replica")),
    )
}

fn in_sync(said: &mut Said<'_>, seen: &Seen<'_>, standing: Standing<'_>, request: Option<&DeployRequest>) {
    let name = seen.object.name_any();
    let what = match (seen.found, request) {
        (Some(found), Some(request)) => intent::differences(found, request, seen.fleet_model).join(", "),
        _ => String::new(),
    };
    match standing {
        Standing::Waiting if status(seen.object).revision.is_some() && seen.found.is_some() => {
            said.say(c::MD_IN_SYNC, "the fleet keeps what this object last said while its Model is not ready");
        }
        Standing::Waiting | Standing::Refused(_) => said.say(c::MD_NOT_APPLIED, "the fleet has not accepted it yet"),
        Standing::InSync => said.say(c::MD_IN_SYNC, "the fleet's deployment is what this object says"),
        Standing::Changed => said.say(c::MD_CHANGED, format!(
            "{what}: changed by {}. It is left as it is. To keep it, write the same into this object; to undo it, \
             change this object's spec, which applies all of it, or deploy the old values in the fleet",
            who(seen.author)
        )),
        Standing::Gone => said.say(c::MD_GONE, format!(
            "somebody removed deployment {name} from the fleet. It is not created again. To have it back, change this \
             object's spec; to agree, delete this object"
        )),
        Standing::Exists => said.say(c::MD_EXISTS, format!(
            "the fleet has a deployment {name} already, made by {}, and {what}. It is left as it is. Make this object \
             equal to it, which adopts it, or remove it there (cloister rm {name}), or take another name",
            who(seen.author)
        )),
    }
}

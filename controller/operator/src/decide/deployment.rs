//! A ModelDeployment: what to ask of the fleet.

mod intent;
mod report;
#[cfg(test)]
mod tests;

use cloister_api::{DeployRequest, Deployment, Phase, Replica};

use self::report::report;
use super::{Author, Life, Trouble, Verdict, autoscale};
use crate::crd::{Model, ModelDeployment, ModelDeploymentStatus};

/// What is to be done about a ModelDeployment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    AddFinalizer,
    /// Nothing is left of it: let Kubernetes delete the object.
    Release,
    /// Ask the audit log who made this revision.
    AskWho {
        revision: u64,
    },
    Put {
        request: DeployRequest,
        expected_revision: u64,
    },
    Remove,
}

/// Everything that the decision depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) object: &'a ModelDeployment,
    /// The Model that it names.
    pub(crate) model: Option<&'a Model>,
    /// That model in the fleet.
    pub(crate) fleet_model: Option<&'a cloister_api::Model>,
    /// The fleet's deployment of this name.
    pub(crate) found: Option<&'a Deployment>,
    pub(crate) replicas: &'a [Replica],
    /// Why the first replica without a node has none.
    pub(crate) nowhere: Option<&'a str>,
    pub(crate) author: Author<'a>,
    /// Of the last change that was asked for, while it is not to be asked for again.
    pub(crate) trouble: Option<&'a Trouble>,
    /// What autoscaling decided; `None` for an object that says the number itself.
    pub(crate) scaling: Option<&'a autoscale::Decision>,
    /// The actor's name of this object in the audit log.
    pub(crate) origin: &'a str,
    pub(crate) now: jiff::Timestamp,
}

/// How the fleet's deployment stands to the object.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Standing<'a> {
    /// Its model is not ready, so nothing was asked for.
    Waiting,
    InSync,
    /// The fleet did not accept it.
    Refused(&'a Trouble),
    /// Somebody else changed it.
    Changed,
    /// Somebody else removed it.
    Gone,
    /// Somebody else made one of this name.
    Exists,
}

pub(crate) type Decision = Verdict<Action, ModelDeploymentStatus>;

pub(crate) fn decide(seen: &Seen<'_>) -> Decision {
    match Life::of(seen.object) {
        Life::New => Verdict::Act(Action::AddFinalizer),
        Life::Living => living(seen),
        Life::Leaving => leaving(seen),
        Life::Left => Verdict::Rest,
    }
}

fn living(seen: &Seen<'_>) -> Decision {
    let Some(digest) = ready_digest(seen.model) else { return say(seen, Standing::Waiting, None) };
    let request = intent::request(&seen.object.spec, seen.scaling.map(|decided| decided.replicas), digest);
    let (Some(found), true) = (seen.found, is_ours(seen)) else { return not_ours(seen, request) };
    let stands = is_what_we_wrote(seen, found, digest) || is_what_it_says(seen, found, &request);
    // With autoscaling any number within the bounds is what the object says, whoever asked for it.
    if stands && (seen.scaling.is_none() || found.replicas == request.replicas) {
        return say(seen, Standing::InSync, Some(request));
    }
    match stands || is_ours_to_change(seen, found) {
        true => put(seen, request, found.revision),
        false => ask_or_say(seen, found, Standing::Changed, request),
    }
}

/// This object changed, or nobody else changed the fleet's deployment, since the two were equal.
fn is_ours_to_change(seen: &Seen<'_>, found: &Deployment) -> bool {
    let status = status(seen.object);
    status.applied_generation != seen.object.metadata.generation
        || status.revision.and_then(|revision| u64::try_from(revision).ok()) == Some(found.revision)
        || wrote_it(seen)
}

/// There is no deployment in the fleet, or one that did not come from this object.
fn not_ours(seen: &Seen<'_>, request: DeployRequest) -> Decision {
    match seen.found {
        Some(found) if is_what_it_says(seen, found, &request) => say(seen, Standing::InSync, Some(request)),
        Some(found) if wrote_it(seen) => put(seen, request, found.revision),
        Some(found) => ask_or_say(seen, found, Standing::Exists, request),
        None if status(seen.object).applied_generation == seen.object.metadata.generation => {
            say(seen, Standing::Gone, None)
        }
        None => put(seen, request, 0),
    }
}

fn put(seen: &Seen<'_>, request: DeployRequest, expected_revision: u64) -> Decision {
    match seen.trouble.filter(|trouble| Some(trouble.generation) == seen.object.metadata.generation) {
        Some(trouble) => say(seen, Standing::Refused(trouble), None),
        None => Verdict::Act(Action::Put { request, expected_revision }),
    }
}

fn ask_or_say(
    seen: &Seen<'_>,
    found: &Deployment,
    standing: Standing<'_>,
    request: DeployRequest,
) -> Decision {
    match seen.author {
        Author::Unasked => Verdict::Act(Action::AskWho { revision: found.revision }),
        Author::Asked(_) => {
            let request = intent::with_number_of(found, &request, &seen.object.spec);
            say(seen, standing, Some(request))
        }
    }
}

fn leaving(seen: &Seen<'_>) -> Decision {
    let Some(found) = seen.found else { return Verdict::Act(Action::Release) };
    if !is_ours(seen) {
        match seen.author {
            Author::Unasked => return Verdict::Act(Action::AskWho { revision: found.revision }),
            Author::Asked(_) if !wrote_it(seen) => return Verdict::Act(Action::Release),
            Author::Asked(_) => {}
        }
    }
    let step = match (found.replicas, seen.replicas.iter().any(|replica| finishes(replica.phase))) {
        (0, true) => None,
        (0, false) => Some(Action::Remove),
        _ => Some(Action::Put {
            request: DeployRequest { replicas: 0, ..intent::as_it_is(found) },
            expected_revision: found.revision,
        }),
    };
    match step {
        Some(action) if seen.trouble.is_none() => Verdict::Act(action),
        _ => Verdict::Report(Box::new(report(seen, Standing::InSync, None))),
    }
}

/// Whether a replica in this phase may still be answering. One on a node that is not connected cannot be waited for.
fn finishes(phase: Phase) -> bool {
    !matches!(phase, Phase::Unplaced | Phase::Stopped | Phase::Unreachable | Phase::Refused | Phase::Crashed)
}

fn say(seen: &Seen<'_>, standing: Standing<'_>, request: Option<DeployRequest>) -> Decision {
    Verdict::Report(Box::new(report(seen, standing, request.as_ref())))
}

fn is_what_it_says(seen: &Seen<'_>, found: &Deployment, request: &DeployRequest) -> bool {
    let request = intent::with_number_of(found, request, &seen.object.spec);
    intent::same(found, &request, seen.fleet_model)
}

fn is_ours(seen: &Seen<'_>) -> bool {
    status(seen.object).revision.is_some()
}

/// It is ours although the status does not say so: the operator ended between the change and the note of it.
fn wrote_it(seen: &Seen<'_>) -> bool {
    matches!(seen.author, Author::Asked(Some(change)) if change.by == seen.origin)
}

/// Nobody changed it since, and nothing about this object did: whatever the fleet made of the request stands.
fn is_what_we_wrote(seen: &Seen<'_>, found: &Deployment, digest: &str) -> bool {
    let status = status(seen.object);
    status.revision == i64::try_from(found.revision).ok()
        && status.applied_generation == seen.object.metadata.generation
        && status.model_digest.as_deref() == Some(digest)
}

/// The digest of a Model that may be deployed.
pub(crate) fn ready_digest(model: Option<&Model>) -> Option<&str> {
    let model = model.filter(|model| model.metadata.deletion_timestamp.is_none())?;
    let status = model.status.as_ref()?;
    let admitted = status
        .conditions
        .iter()
        .any(|said| said.kind == "Ready" && said.status == crate::crd::ConditionStatus::True);
    status.digest.as_deref().filter(|_| admitted)
}

fn status(object: &ModelDeployment) -> &ModelDeploymentStatus {
    static NONE: std::sync::LazyLock<ModelDeploymentStatus> = std::sync::LazyLock::new(Default::default);
    object.status.as_ref().unwrap_or(&NONE)
}

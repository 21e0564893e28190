//! A Model: what to ask of the fleet.

mod report;
#[cfg(test)]
mod tests;

use cloister_api::{
    HttpsSource, Import, ImportPhase, ImportReason, ImportSource, NewImport, OciSource, PathSource,
};
use kube::ResourceExt as _;

use self::report::report;
use super::{Life, Trouble, Verdict};
use crate::crd::{Model, ModelSource, ModelStatus};

/// What is to be done about a Model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    AddFinalizer,
    Release,
    Import(NewImport),
    Cancel { import_id: String },
    Remove { name: String },
}

/// Everything that the decision depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) object: &'a Model,
    /// The fleet's model of this name.
    pub(crate) found: Option<&'a cloister_api::Model>,
    /// The import that the status names, if the fleet still knows it.
    pub(crate) import: Option<&'a Import>,
    /// Deployments of the fleet that use the model that came from here.
    pub(crate) users: &'a [&'a str],
    /// Whether an import that came to nothing is to be tried again now.
    pub(crate) retry: bool,
    pub(crate) trouble: Option<&'a Trouble>,
    pub(crate) now: jiff::Timestamp,
}

/// How the fleet's model stands to the object.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Standing<'a> {
    /// It is the one.
    There(&'a cloister_api::Model),
    Importing(&'a Import),
    /// It came to nothing.
    Ended(&'a Import),
    /// The import could not even be asked for.
    Refused(&'a Trouble),
    NameTaken(&'a cloister_api::Model),
    Gone,
    Leaving,
}

pub(crate) type Decision = Verdict<Action, ModelStatus>;

pub(crate) fn decide(seen: &Seen<'_>) -> Decision {
    match Life::of(seen.object) {
        Life::New => Verdict::Act(Action::AddFinalizer),
        Life::Living => living(seen),
        Life::Leaving => leaving(seen),
        Life::Left => Verdict::Rest,
    }
}

/// The model's name in the fleet.
pub(crate) fn fleet_name(object: &Model) -> String {
    object.spec.name.clone().unwrap_or_else(|| object.name_any())
}

fn living(seen: &Seen<'_>) -> Decision {
    let known = status(seen.object).digest.as_deref().or(seen.object.spec.digest.as_deref());
    match (seen.found, known) {
        (Some(found), Some(digest)) if found.digest == digest => say(seen, Standing::There(found)),
        (Some(found), Some(_)) => say(seen, Standing::NameTaken(found)),
        // Which bytes the source holds is known once they were fetched.
        (Some(found), None) => match seen.import {
            Some(import) if done_with(import, found) => say(seen, Standing::There(found)),
            Some(import) if import.phase == ImportPhase::Done => say(seen, Standing::NameTaken(found)),
            _ => import(seen),
        },
        (None, _) if status(seen.object).digest.is_some() => say(seen, Standing::Gone),
        (None, _) => import(seen),
    }
}

fn done_with(import: &Import, found: &cloister_api::Model) -> bool {
    import.phase == ImportPhase::Done && import.model_digest.as_deref() == Some(found.digest.as_str())
}

fn import(seen: &Seen<'_>) -> Decision {
    if let Some(trouble) = seen.trouble {
        return say(seen, Standing::Refused(trouble));
    }
    match seen.import {
        Some(import) if !import.phase.is_last() => say(seen, Standing::Importing(import)),
        Some(import) if !seen.retry => say(seen, Standing::Ended(import)),
        _ => Verdict::Act(Action::Import(NewImport {
            name: fleet_name(seen.object),
            source: source(&seen.object.spec.source),
            expected_digest: seen.object.spec.digest.clone(),
        })),
    }
}

fn leaving(seen: &Seen<'_>) -> Decision {
    let running = seen.import.filter(|import| !import.phase.is_last());
    let ours =
        seen.found.filter(|found| status(seen.object).digest.as_deref() == Some(found.digest.as_str()));
    let action = match (running, ours) {
        (Some(import), _) => Action::Cancel { import_id: import.id.clone() },
        (None, None) => return Verdict::Act(Action::Release),
        (None, Some(_)) if !seen.users.is_empty() => return say(seen, Standing::Leaving),
        (None, Some(found)) => Action::Remove { name: found.name.clone() },
    };
    match seen.trouble {
        None => Verdict::Act(action),
        Some(_) => say(seen, Standing::Leaving),
    }
}

/// Whether trying again can end otherwise, although the source and the expected digest are the same.
pub(crate) fn may_end_otherwise(import: &Import) -> bool {
    let Some(problem) = &import.problem else { return true };
    let bytes_are_named = !matches!(import.source, ImportSource::Path(_));
    match problem.reason {
        ImportReason::ModelDigest
        | ImportReason::SignatureBundle
        | ImportReason::SignatureInvalid
        | ImportReason::FileListInvalid
        | ImportReason::FileMissing
        | ImportReason::FileUnlisted
        | ImportReason::FileAltered
        | ImportReason::WeightsFile
        | ImportReason::WeightsInvalid
        | ImportReason::SourceInvalid => !bytes_are_named,
        // Settled by another trust, which is looked at apart.
        ImportReason::SignerNotTrusted => false,
        _ => true,
    }
}

/// Whether another trust could settle it.
pub(crate) fn waits_for_trust(import: &Import) -> bool {
    import.problem.as_ref().is_some_and(|problem| problem.reason == ImportReason::SignerNotTrusted)
}

fn source(source: &ModelSource) -> ImportSource {
    match (&source.oci, &source.https, &source.path) {
        (Some(oci), _, _) => ImportSource::Oci(OciSource { reference: oci.reference.clone() }),
        (None, Some(https), _) => {
            ImportSource::Https(HttpsSource { url: https.url.clone(), sha256: https.sha256.clone() })
        }
        // The schema admits exactly one; an empty path is refused by the fleet with a sentence.
        (None, None, path) => ImportSource::Path(PathSource { path: path.clone().unwrap_or_default() }),
    }
}

fn say(seen: &Seen<'_>, standing: Standing<'_>) -> Decision {
    Verdict::Report(Box::new(report(seen, standing)))
}

fn status(object: &Model) -> &ModelStatus {
    static NONE: std::sync::LazyLock<ModelStatus> = std::sync::LazyLock::new(Default::default);
    object.status.as_ref().unwrap_or(&NONE)
}

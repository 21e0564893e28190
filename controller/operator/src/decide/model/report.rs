//! What to say of a Model.

use cloister_api::{Approval, Import, ImportPhase, ImportReason};

use super::{Seen, Standing, status};
use crate::conditions::{self as c, Row, Said, count, names};
use crate::crd::{ModelStatus, Progress, SignerInfo};

/// Steps in which progress is said: each is a write to the API server.
const PROGRESS_STEPS: u64 = 20;

pub(super) fn report(seen: &Seen<'_>, standing: Standing<'_>) -> ModelStatus {
    let before = status(seen.object);
    let generation = seen.object.metadata.generation.unwrap_or_default();
    let mut said = Said::new(&before.conditions, generation, seen.now);
    say(&mut said, seen, standing);
    let mut after = ModelStatus { observed_generation: generation, progress: None, ..before.clone() };
    match standing {
        Standing::There(found) => {
            after.digest = Some(found.digest.clone());
            after.signer =
                Some(SignerInfo { name: found.signer_name.clone(), key_id: found.signer_key_id.clone() });
            after.size_bytes = i64::try_from(found.size_bytes).ok();
            after.record_id = seen.import.and_then(|import| import.record_id.clone()).or(after.record_id);
        }
        Standing::Importing(import) => after.progress = Some(progress(import)),
        Standing::Ended(import) => after.record_id = import.record_id.clone().or(after.record_id),
        Standing::Refused(_) | Standing::NameTaken(_) | Standing::Gone | Standing::Leaving => {}
    }
    after.conditions = said.finish();
    after
}

/// Rows for `Fetched`, `Verified`, `Admitted` and `Ready`, with the sentence of the one that matters.
type Rows = (Row, Row, Row, Row, String);

fn say(said: &mut Said<'_>, seen: &Seen<'_>, standing: Standing<'_>) {
    let (fetched, verified, admitted, ready, sentence) = match standing {
        Standing::There(found) => there(found),
        Standing::Importing(import) => importing(import),
        Standing::Ended(import) => ended(import),
        Standing::Refused(trouble) => not_asked_for(trouble),
        Standing::NameTaken(found) => name_taken(&found.name, &found.digest),
        Standing::Gone => (c::MODEL_FETCHED, c::MODEL_VERIFIED, c::MODEL_GONE, c::MODEL_READY_GONE,
            "somebody removed it from the fleet. To fetch it again, delete and create this Model; to agree, delete it".to_owned()),
        Standing::Leaving => leaving(seen),
    };
    for row in [fetched, verified, admitted, ready] {
        let matters = row.status != crate::crd::ConditionStatus::True || row == c::MODEL_READY;
        let text = if matters && row.status != crate::crd::ConditionStatus::Unknown {
            &sentence
        } else {
            row.meaning
        };
        said.say(row, text);
    }
}

fn there(found: &cloister_api::Model) -> Rows {
    let digest = &found.digest;
    match (found.trusted, found.approval.approval) {
        (true, Approval::Retired) => {
            (c::MODEL_FETCHED, c::MODEL_VERIFIED, c::MODEL_RETIRED, c::MODEL_READY_RETIRED, retired(found))
        }
        (true, Approval::Waiting) => (
            c::MODEL_FETCHED,
            c::MODEL_VERIFIED,
            c::MODEL_WAITING,
            c::MODEL_READY_WAITING,
            format!(
                "somebody imported it before, who may not approve it: approve it there (cloister model approve {})",
                found.name
            ),
        ),
        (true, Approval::Approved) => (
            c::MODEL_FETCHED,
            c::MODEL_VERIFIED,
            c::MODEL_ADMITTED,
            c::MODEL_READY,
            format!("signed by {}, {digest}", found.signer_name),
        ),
        (false, _) => (
            c::MODEL_FETCHED,
            c::MODEL_VERIFIED,
            c::MODEL_TRUST_WITHDRAWN,
            c::MODEL_READY_UNTRUSTED,
            format!(
                "{} signed it and is not trusted for this name any more: its replicas are drained. Write a TrustPolicy that admits this signer, or deploy another model",
                found.signer_name
            ),
        ),
    }
}

fn retired(found: &cloister_api::Model) -> String {
    let approval = &found.approval;
    let by = approval.retired_by.as_deref().unwrap_or("somebody");
    let because = approval.retired_because.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    format!(
        "{by} retired it{because}: what is deployed goes on, and nothing is changed about it. Deploy another model, or \
         approve it again (cloister model approve {})",
        found.name
    )
}

fn importing(import: &Import) -> Rows {
    match import.phase {
        ImportPhase::Queued => (
            c::MODEL_FETCH_QUEUED,
            c::MODEL_UNVERIFIED,
            c::MODEL_NOT_ADMITTED,
            c::MODEL_READY_FETCHING,
            "waits until others are fetched".to_owned(),
        ),
        ImportPhase::Verifying | ImportPhase::Importing => (
            c::MODEL_FETCHED,
            c::MODEL_VERIFYING,
            c::MODEL_NOT_ADMITTED,
            c::MODEL_READY_VERIFYING,
            "signature and digests are being checked".to_owned(),
        ),
        _ => (
            c::MODEL_FETCHING,
            c::MODEL_UNVERIFIED,
            c::MODEL_NOT_ADMITTED,
            c::MODEL_READY_FETCHING,
            "its bytes are on their way; status.progress says how many".to_owned(),
        ),
    }
}

fn ended(import: &Import) -> Rows {
    let Some(problem) = &import.problem else {
        return (
            c::MODEL_FETCH_FAILED,
            c::MODEL_UNVERIFIED,
            c::MODEL_NOT_ADMITTED,
            c::MODEL_READY_FETCH_FAILED,
            "its import was ended before it was complete; it is tried again".to_owned(),
        );
    };
    let sentence = problem.detail.clone();
    match problem.reason {
        ImportReason::SignerNotTrusted => {
            (c::MODEL_FETCHED, c::MODEL_UNTRUSTED, c::MODEL_NOT_ADMITTED, c::MODEL_READY_UNTRUSTED, sentence)
        }
        ImportReason::NameTaken => not_fetched(sentence),
        ImportReason::SourceNotAllowed
        | ImportReason::SourceNotFound
        | ImportReason::SourceDenied
        | ImportReason::SourceInvalid
        | ImportReason::SourceDigest => (
            c::MODEL_FETCH_REFUSED,
            c::MODEL_UNVERIFIED,
            c::MODEL_NOT_ADMITTED,
            c::MODEL_READY_SOURCE_REFUSED,
            sentence,
        ),
        _ if import.phase == ImportPhase::Refused => {
            (c::MODEL_FETCHED, c::MODEL_REFUSED, c::MODEL_NOT_ADMITTED, c::MODEL_READY_REFUSED, sentence)
        }
        _ => (
            c::MODEL_FETCH_FAILED,
            c::MODEL_UNVERIFIED,
            c::MODEL_NOT_ADMITTED,
            c::MODEL_READY_FETCH_FAILED,
            format!("{sentence}; it is tried again"),
        ),
    }
}

fn not_asked_for(trouble: &super::Trouble) -> Rows {
    use cloister_api::ProblemKind::{AlreadyExists, Invalid, ModelRefused};
    let sentence = trouble.error.to_string();
    match trouble.error.kind() {
        AlreadyExists => not_fetched(sentence),
        Invalid | ModelRefused => (
            c::MODEL_FETCH_REFUSED,
            c::MODEL_UNVERIFIED,
            c::MODEL_NOT_ADMITTED,
            c::MODEL_READY_SOURCE_REFUSED,
            sentence,
        ),
        _ => (
            c::MODEL_FETCH_FAILED,
            c::MODEL_UNVERIFIED,
            c::MODEL_NOT_ADMITTED,
            c::MODEL_READY_FETCH_FAILED,
            format!("{sentence}; it is tried again"),
        ),
    }
}

fn name_taken(name: &str, digest: &str) -> Rows {
    not_fetched(format!(
        "the fleet has another model named {name}: {digest}. Give this one another spec.name, or remove the other \
         there (cloister model rm {name})"
    ))
}

/// The name is taken, and so nobody looked at the bytes.
fn not_fetched(sentence: String) -> Rows {
    (c::MODEL_NOT_FETCHED, c::MODEL_UNVERIFIED, c::MODEL_NAME_TAKEN, c::MODEL_READY_NAME_TAKEN, sentence)
}

fn leaving(seen: &Seen<'_>) -> Rows {
    let (row, sentence) = match (seen.trouble, seen.users) {
        (Some(trouble), _) => {
            (c::MODEL_READY_REMOVING, format!("the fleet did not remove it: {}", trouble.error))
        }
        (None, []) => (c::MODEL_READY_REMOVING, "the fleet removes it".to_owned()),
        (None, users) => (
            c::MODEL_READY_IN_USE,
            format!(
                "it is to be deleted, and waits for {} that use it: {}",
                count(users.len(), "deployment"),
                names(users.iter().copied())
            ),
        ),
    };
    (c::MODEL_FETCHED, c::MODEL_VERIFIED, c::MODEL_ADMITTED, row, sentence)
}

fn progress(import: &Import) -> Progress {
    let total = import.bytes_total;
    let step = total.map_or(64 * 1024 * 1024, |total| (total / PROGRESS_STEPS).max(1));
    let fetched = import.bytes_done / step * step;
    let size = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    Progress { fetched_bytes: size(fetched), total_bytes: total.map(size) }
}

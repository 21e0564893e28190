//! A TrustPolicy: what to ask of the fleet, and what to say.

#[cfg(test)]
mod tests;

use cloister_api::{PolicySigner, ProblemKind, TrustPolicyRequest, TrustRule};
use cloister_provenance::PublicKey;

use super::{Author, Life, Trouble, Verdict, who};
use crate::conditions::{self as c, Row, Said, count};
use crate::crd::{TrustPolicy, TrustPolicyStatus};

/// What is to be done about a TrustPolicy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    AddFinalizer,
    Release,
    AskWho { revision: u64 },
    Put { request: TrustPolicyRequest, expected_revision: u64 },
    Remove,
}

/// Everything that the decision depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) object: &'a TrustPolicy,
    /// The fleet's policy of this name.
    pub(crate) found: Option<&'a cloister_api::TrustPolicy>,
    pub(crate) author: Author<'a>,
    pub(crate) trouble: Option<&'a Trouble>,
    /// The actor's name of this object in the audit log.
    pub(crate) origin: &'a str,
    pub(crate) now: jiff::Timestamp,
}

pub(crate) type Decision = Verdict<Action, TrustPolicyStatus>;

pub(crate) fn decide(seen: &Seen<'_>) -> Decision {
    match Life::of(seen.object) {
        Life::New => Verdict::Act(Action::AddFinalizer),
        Life::Living => living(seen),
        Life::Leaving => leaving(seen),
        Life::Left => Verdict::Rest,
    }
}

fn living(seen: &Seen<'_>) -> Decision {
    let request = request(seen.object);
    if let Some(sentence) = invalid_key(seen.object) {
        return say(seen, c::TP_INVALID_KEY, c::TP_NOT_APPLIED, sentence);
    }
    let status = status(seen.object);
    let generation = seen.object.metadata.generation;
    let Some(found) = seen.found else {
        return match status.applied_generation == generation {
            true => say(seen, c::TP_NOT_OURS, c::TP_GONE, "somebody removed it from the fleet. To have it back, change this object's spec; to agree, delete this object".to_owned()),
            false => put(seen, request, 0),
        };
    };
    if same(found, &request) {
        return say(
            seen,
            c::TP_IN_FORCE,
            c::TP_IN_SYNC,
            format!("{} in force", count(found.rules.len(), "rule")),
        );
    }
    let last_was_ours = status.revision.is_some() && status.revision == i64::try_from(found.revision).ok();
    if last_was_ours
        || wrote_it(seen)
        || (status.revision.is_some() && status.applied_generation != generation)
    {
        return put(seen, request, found.revision);
    }
    if seen.author == Author::Unasked {
        return Verdict::Act(Action::AskWho { revision: found.revision });
    }
    let row = if status.revision.is_some() { c::TP_CHANGED } else { c::TP_EXISTS };
    say(
        seen,
        c::TP_NOT_OURS,
        row,
        format!(
            "the fleet's policy is another than this; it was written by {}. It is left as it is. Change this object's spec \
         to apply all of it again, make it equal to what the fleet has, or change it there (cloister trust set)",
            who(seen.author)
        ),
    )
}

fn put(seen: &Seen<'_>, request: TrustPolicyRequest, expected_revision: u64) -> Decision {
    let Some(trouble) = seen.trouble.filter(|t| Some(t.generation) == seen.object.metadata.generation) else {
        return Verdict::Act(Action::Put { request, expected_revision });
    };
    let detail = &trouble.error.0.detail;
    let (row, sentence) = match trouble.error.kind() {
        ProblemKind::Invalid => {
            (c::TP_INVALID, format!("{}: {detail}", trouble.error.0.field.as_deref().unwrap_or("spec")))
        }
        ProblemKind::Unavailable | ProblemKind::Internal => (c::TP_UNAVAILABLE, detail.clone()),
        _ => (c::TP_REFUSED, detail.clone()),
    };
    say(seen, row, c::TP_NOT_APPLIED, sentence)
}

fn leaving(seen: &Seen<'_>) -> Decision {
    let Some(found) = seen.found else { return Verdict::Act(Action::Release) };
    if status(seen.object).revision.is_none() {
        match seen.author {
            Author::Unasked => return Verdict::Act(Action::AskWho { revision: found.revision }),
            Author::Asked(_) if !wrote_it(seen) => return Verdict::Act(Action::Release),
            Author::Asked(_) => {}
        }
    }
    match seen.trouble {
        None => Verdict::Act(Action::Remove),
        Some(trouble) => say(seen, c::TP_REMOVING, c::TP_IN_SYNC, trouble.error.to_string()),
    }
}

fn wrote_it(seen: &Seen<'_>) -> bool {
    matches!(seen.author, Author::Asked(Some(change)) if change.by == seen.origin)
}

fn say(seen: &Seen<'_>, ready: Row, in_sync: Row, sentence: String) -> Decision {
    let before = status(seen.object);
    let generation = seen.object.metadata.generation.unwrap_or_default();
    let mut said = Said::new(&before.conditions, generation, seen.now);
    let elsewhere = in_sync != c::TP_IN_SYNC && in_sync != c::TP_NOT_APPLIED;
    said.say(ready, if elsewhere { ready.meaning.to_owned() } else { sentence.clone() });
    said.say(in_sync, if elsewhere { sentence } else { in_sync.meaning.to_owned() });
    let in_force = seen.found.filter(|_| ready == c::TP_IN_FORCE);
    Verdict::Report(Box::new(TrustPolicyStatus {
        observed_generation: generation,
        revision: in_force.map_or(before.revision, |found| i64::try_from(found.revision).ok()),
        applied_generation: in_force.map_or(before.applied_generation, |_| Some(generation)),
        rules: in_force.map_or(before.rules, |found| u32::try_from(found.rules.len()).unwrap_or(u32::MAX)),
        conditions: said.finish(),
    }))
}

/// The first key that cannot be read, as a sentence that names it.
fn invalid_key(object: &TrustPolicy) -> Option<String> {
    object.spec.rules.iter().enumerate().find_map(|(rule, of)| {
        of.signers.iter().enumerate().find_map(|(index, signer)| {
            let error = PublicKey::from_pem(&signer.public_key).err()?;
            Some(format!("spec.rules[{rule}].signers[{index}].publicKey, of {}: {error}", signer.name))
        })
    })
}

fn request(object: &TrustPolicy) -> TrustPolicyRequest {
    let rules = object.spec.rules.iter().map(|rule| TrustRule {
        models: rule.models.clone(),
        signers: rule
            .signers
            .iter()
            .map(|signer| PolicySigner {
                name: signer.name.clone(),
                public_key_pem: signer.public_key.clone(),
                key_id: None,
            })
            .collect(),
    });
    TrustPolicyRequest { rules: rules.collect() }
}

/// Keys are compared as keys: the fleet may write their PEM with other line ends.
fn same(found: &cloister_api::TrustPolicy, request: &TrustPolicyRequest) -> bool {
    let signer = |signer: &PolicySigner| {
        let key = PublicKey::from_pem(&signer.public_key_pem).map(|key| key.key_id());
        (signer.name.clone(), key.unwrap_or_default())
    };
    let plain = |rules: &[TrustRule]| -> Vec<_> {
        rules
            .iter()
            .map(|rule| (rule.models.clone(), rule.signers.iter().map(signer).collect::<Vec<_>>()))
            .collect()
    };
    plain(&found.rules) == plain(&request.rules)
}

fn status(object: &TrustPolicy) -> &TrustPolicyStatus {
    static NONE: std::sync::LazyLock<TrustPolicyStatus> = std::sync::LazyLock::new(Default::default);
    object.status.as_ref().unwrap_or(&NONE)
}

//! A record told in sentences, for people who do not read JSON. Everything that came from outside is
//! escaped: a name in a record must not steer the reader's terminal.

use crate::record::{Actor, ActorKind, Inference, Kind, Outcome, Record, Subject, SubjectKind};

/// The record in a few lines of plain text.
pub fn tell(record: &Record) -> String {
    let draft = &record.draft;
    let mut lines = vec![
        format!("Record {} ({}), {}", record.seq, plain(&record.id), plain(&record.time)),
        format!("  {}.", sentence(record)),
    ];
    if let Some(tenant) = &draft.tenant {
        lines.push(format!("  Tenant: {}", plain(tenant)));
    }
    if let Some(inference) = &draft.inference {
        lines.extend(tell_inference(inference));
    }
    if let Some(intent) = &draft.intent {
        lines.push(format!("  It closes the request recorded as {}.", plain(intent)));
    }
    for (field, value) in draft.change.iter().flatten() {
        lines.push(format!("  {}: {}", plain(field), plain(&value.to_string())));
    }
    if let Some(reason) = &draft.reason {
        lines.push(format!("  Reason: {}", plain(reason)));
    }
    lines.join("\n")
}

fn sentence(record: &Record) -> String {
    let draft = &record.draft;
    let subject = draft.subject.as_ref().map(|subject| format!(" {}", name_subject(subject)));
    let ending = match draft.outcome {
        Outcome::Success => "",
        Outcome::Failure => ", which failed",
        Outcome::Denied => ", which was denied",
    };
    let (actor, did) = (name_actor(&draft.actor), verb(draft.kind));
    format!("{actor} {did}{}{ending}", subject.unwrap_or_default())
}

fn verb(kind: Kind) -> &'static str {
    match kind {
        Kind::FleetCreated => "created the fleet",
        Kind::ControllerStarted => "started the controller",
        Kind::ControllerStopped => "stopped the controller",
        Kind::SignerTrusted => "declared a signer trusted:",
        Kind::SignerRevoked => "withdrew trust from a signer:",
        Kind::TrustPolicyCreated => "created a trust policy:",
        Kind::TrustPolicyChanged => "changed a trust policy:",
        Kind::TrustPolicyRemoved => "removed a trust policy:",
        Kind::ModelImported => "imported a model:",
        Kind::ModelRefused => "had a model refused:",
        Kind::ModelApproved => "approved a model for deployment:",
        Kind::ModelRetired => "retired a model:",
        Kind::ModelRemoved => "removed a model:",
        Kind::DeploymentCreated => "created a deployment:",
        Kind::DeploymentChanged => "changed a deployment:",
        Kind::DeploymentRemoved => "removed a deployment:",
        Kind::PlacementChanged => "changed a placement:",
        Kind::NodeTokenCreated => "created a join token",
        Kind::NodeEnrolled => "enrolled a node:",
        Kind::NodeEnrolmentRefused => "had an enrolment refused",
        Kind::NodeCertificateRenewed => "renewed a node's certificate:",
        Kind::NodeCordoned => "cordoned a node:",
        Kind::NodeDrainStarted => "began to drain a node:",
        Kind::NodeOpened => "opened a node again:",
        Kind::NodeRevoked => "revoked a node:",
        Kind::TenantCreated => "created a tenant:",
        Kind::TenantRemoved => "removed a tenant:",
        Kind::KeyCreated => "created an API key:",
        Kind::KeyRevoked => "revoked an API key:",
        Kind::AccountCreated => "created an account:",
        Kind::AccountRolesChanged => "changed the roles of an account:",
        Kind::AccountPasswordChanged => "chose a new password for an account:",
        Kind::AccountLinkCreated => "made a one-time login link for an account:",
        Kind::AccountSecondFactorSet => "set up a second factor for an account:",
        Kind::AccountSecondFactorRemoved => "removed the second factor of an account:",
        Kind::AccountSecondFactorReset => "reset the second factor of an account:",
        Kind::AccountDisabled => "disabled an account:",
        Kind::SessionStarted => "signed in, session:",
        Kind::SessionEnded => "ended a session:",
        Kind::SessionRefused => "tried to sign in and was refused",
        Kind::AccessDenied => "was denied access",
        Kind::AuditExported => "exported audit records",
        Kind::InferenceRequested => "asked a model; the request was recorded before it was dispatched",
        Kind::InferenceCompleted => "got the whole answer of a model",
        Kind::InferenceInterrupted => "lost the answer of a model before its end",
        Kind::InferenceDenied => "asked a model and was refused",
    }
}

fn tell_inference(inference: &Inference) -> Vec<String> {
    let tokens = |count: Option<u32>| count.map_or("unknown".to_owned(), |count| count.to_string());
    let mut lines = vec![
        format!(
            "  Model {} ({}), deployment {}, {} over {}.",
            plain(&inference.model_name),
            plain(&inference.model_digest),
            plain(&inference.deployment),
            plain(&inference.operation),
            plain(&inference.protocol)
        ),
        format!(
            "  Prompt: {} tokens, commitment {}",
            tokens(inference.prompt_tokens),
            plain(&inference.prompt_commitment)
        ),
    ];
    if let Some(commitment) = &inference.output_commitment {
        lines.push(format!(
            "  Answer: {} tokens, commitment {}",
            tokens(inference.output_tokens),
            plain(commitment)
        ));
    }
    if let (Some(node), Some(replica)) = (&inference.node_id, &inference.replica_id) {
        lines.push(format!("  It ran on node {}, replica {}.", plain(node), plain(replica)));
    }
    if let Some(finish) = &inference.finish {
        lines.push(format!("  It ended with: {}", plain(finish)));
    }
    let params = &inference.params;
    lines.push(format!(
        "  Sampling: temperature {}, seed {}, at most {} tokens",
        params.temperature,
        plain(&params.seed),
        params.max_tokens
    ));
    lines
}

fn name_actor(actor: &Actor) -> String {
    let who = match actor.kind {
        ActorKind::ApiKey => "API key",
        ActorKind::Account => "Account",
        ActorKind::Node => "Node",
        ActorKind::System => return "The controller itself".to_owned(),
        ActorKind::Anonymous => return "Someone without a key".to_owned(),
    };
    let address = actor.address.as_deref().map(|address| format!(" from {}", plain(address)));
    format!("{who} {}{}", name(&actor.id, actor.name.as_deref()), address.unwrap_or_default())
}

fn name_subject(subject: &Subject) -> String {
    let what = match subject.kind {
        SubjectKind::Fleet => "fleet",
        SubjectKind::Signer => "signer",
        SubjectKind::TrustPolicy => "trust policy",
        SubjectKind::Model => "model",
        SubjectKind::Deployment => "deployment",
        SubjectKind::Replica => "replica",
        SubjectKind::Node => "node",
        SubjectKind::Tenant => "tenant",
        SubjectKind::Key => "key",
        SubjectKind::Account => "account",
        SubjectKind::Session => "session",
        SubjectKind::Log => "log",
    };
    format!("{what} {}", name(&subject.id, subject.name.as_deref()))
}

fn name(id: &str, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("\"{}\" ({})", plain(name), plain(id)),
        None => plain(id),
    }
}

/// Without control characters and without characters that reorder text.
fn plain(text: &str) -> String {
    let keep = |character: char| {
        !(character.is_control()
            || matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'))
    };
    text.chars().map(|character| if keep(character) { character } else { '\u{FFFD}' }).collect()
}

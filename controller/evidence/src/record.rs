//! What one audit record says. The bytes that are hashed into the log are the canonical JSON
//! (RFC 8785) of [`Record`]; they are stored and exported verbatim and never re-serialised.
//!
//! A record holds no prompt, no answer, no free text written by a caller: only enumerations, counts,
//! names that an administrator chose, digests of public artefacts, random identifiers and salted
//! commitments.

use serde::{Deserialize, Serialize};

/// Version of the record format.
pub const RECORD_VERSION: u32 = 1;

/// One entry of the audit log, complete with its place in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Format version, [`RECORD_VERSION`].
    pub v: u32,
    /// Log origin, e.g. `cloister/fleet-01J…`.
    pub log: String,
    /// Index of the leaf, from 0, without gaps.
    pub seq: u64,
    /// Random, time-ordered identifier (ULID).
    pub id: String,
    /// RFC 3339, UTC, nanoseconds.
    pub time: String,
    /// Random per controller process, and microseconds since its start: they order records when the
    /// wall clock steps.
    pub boot: String,
    pub mono_us: u64,
    #[serde(flatten)]
    pub draft: Draft,
}

/// What the writer of a record says; the ledger adds the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    pub kind: Kind,
    pub outcome: Outcome,
    pub actor: Actor,
    /// What was changed or used.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subject: Option<Subject>,
    /// Whose affair it is; none: the fleet's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tenant: Option<String>,
    /// Of a completion: the id of its request's record.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub intent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub inference: Option<Inference>,
    /// Of a change: what it set. Names, numbers and digests, sorted by key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub change: Option<std::collections::BTreeMap<String, serde_json::Value>>,
    /// A class of reason, for refusals and failures; never free text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    #[serde(rename = "fleet.created")]
    FleetCreated,
    #[serde(rename = "controller.started")]
    ControllerStarted,
    #[serde(rename = "controller.stopped")]
    ControllerStopped,
    #[serde(rename = "signer.trusted")]
    SignerTrusted,
    #[serde(rename = "signer.revoked")]
    SignerRevoked,
    #[serde(rename = "trust_policy.created")]
    TrustPolicyCreated,
    #[serde(rename = "trust_policy.changed")]
    TrustPolicyChanged,
    #[serde(rename = "trust_policy.removed")]
    TrustPolicyRemoved,
    #[serde(rename = "model.imported")]
    ModelImported,
    #[serde(rename = "model.refused")]
    ModelRefused,
    #[serde(rename = "model.approved")]
    ModelApproved,
    #[serde(rename = "model.retired")]
    ModelRetired,
    #[serde(rename = "model.removed")]
    ModelRemoved,
    #[serde(rename = "deployment.created")]
    DeploymentCreated,
    #[serde(rename = "deployment.changed")]
    DeploymentChanged,
    #[serde(rename = "deployment.removed")]
    DeploymentRemoved,
    #[serde(rename = "placement.changed")]
    PlacementChanged,
    #[serde(rename = "node.token_created")]
    NodeTokenCreated,
    #[serde(rename = "node.enrolled")]
    NodeEnrolled,
    #[serde(rename = "node.enrolment_refused")]
    NodeEnrolmentRefused,
    #[serde(rename = "node.certificate_renewed")]
    NodeCertificateRenewed,
    #[serde(rename = "node.cordoned")]
    NodeCordoned,
    #[serde(rename = "node.drain_started")]
    NodeDrainStarted,
    #[serde(rename = "node.opened")]
    NodeOpened,
    #[serde(rename = "node.revoked")]
    NodeRevoked,
    #[serde(rename = "tenant.created")]
    TenantCreated,
    #[serde(rename = "tenant.removed")]
    TenantRemoved,
    #[serde(rename = "key.created")]
    KeyCreated,
    #[serde(rename = "key.revoked")]
    KeyRevoked,
    #[serde(rename = "account.created")]
    AccountCreated,
    #[serde(rename = "account.roles_changed")]
    AccountRolesChanged,
    #[serde(rename = "account.password_changed")]
    AccountPasswordChanged,
    #[serde(rename = "account.link_created")]
    AccountLinkCreated,
    #[serde(rename = "account.second_factor_set")]
    AccountSecondFactorSet,
    #[serde(rename = "account.second_factor_removed")]
    AccountSecondFactorRemoved,
    #[serde(rename = "account.second_factor_reset")]
    AccountSecondFactorReset,
    #[serde(rename = "account.disabled")]
    AccountDisabled,
    #[serde(rename = "session.started")]
    SessionStarted,
    #[serde(rename = "session.ended")]
    SessionEnded,
    #[serde(rename = "session.refused")]
    SessionRefused,
    #[serde(rename = "access.denied")]
    AccessDenied,
    #[serde(rename = "audit.exported")]
    AuditExported,
    #[serde(rename = "inference.requested")]
    InferenceRequested,
    #[serde(rename = "inference.completed")]
    InferenceCompleted,
    #[serde(rename = "inference.interrupted")]
    InferenceInterrupted,
    #[serde(rename = "inference.denied")]
    InferenceDenied,
}

impl std::fmt::Display for Kind {
    /// The name in the record, e.g. `inference.requested`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(f)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Success,
    Failure,
    Denied,
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    pub kind: ActorKind,
    /// Key id, account id, node id, or `system`.
    pub id: String,
    /// The name an administrator gave it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub address: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    ApiKey,
    /// A person who is signed in.
    Account,
    Node,
    System,
    Anonymous,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    pub kind: SubjectKind,
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    Fleet,
    Signer,
    TrustPolicy,
    Model,
    Deployment,
    Replica,
    Node,
    Tenant,
    Key,
    Account,
    Session,
    Log,
}

/// The facts of an inference. A *requested* record has what is known before dispatch; the record
/// that closes it repeats that and adds the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Inference {
    /// `chat` or `generate`.
    pub operation: String,
    /// `http` or `grpc`.
    pub protocol: String,
    pub deployment: String,
    pub model_name: String,
    /// `sha256:<hex>` of the signed payload.
    pub model_digest: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub node_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub replica_id: Option<String>,
    /// Everything that, with model and prompt, determines the tokens.
    pub params: Params,
    /// Salted commitment to the prompt (see [`crate::commitment`]).
    pub prompt_commitment: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub output_commitment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prompt_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub output_tokens: Option<u32>,
    /// `stop`, `length`, `cancelled`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub finish: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub numerics_contract: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub time_to_first_token_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub total_time_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trace_id: Option<String>,
}

/// Sampling parameters as they were used, defaults filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Params {
    #[serde(with = "decimal")]
    pub temperature: f32,
    pub top_k: u32,
    #[serde(with = "decimal")]
    pub top_p: f32,
    #[serde(with = "decimal")]
    pub min_p: f32,
    #[serde(with = "decimal")]
    pub presence_penalty: f32,
    #[serde(with = "decimal")]
    pub frequency_penalty: f32,
    #[serde(with = "decimal")]
    pub repetition_penalty: f32,
    /// Decimal, because JSON numbers lose precision past 2^53.
    pub seed: String,
    /// 0, which nobody can ask for: what the prompt left of the context.
    pub max_tokens: u32,
    pub stop_strings: u32,
    pub ignore_eos: bool,
}

/// Writes an `f32` as the shortest decimal that means it (0.7, not 0.699999988079071), so that the
/// record shows what was asked for. Reading rounds back to the same `f32`.
mod decimal {
    use serde::{Deserialize as _, Deserializer, Serializer, ser::Error as _};

    pub(super) fn serialize<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
        if !value.is_finite() {
            return Err(S::Error::custom("a number in a record must be finite"));
        }
        serializer.serialize_f64(value.to_string().parse().map_err(S::Error::custom)?)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
        // Through the decimal text: rounding a double again would double-round.
        let double = f64::deserialize(deserializer)?;
        double.to_string().parse().map_err(serde::de::Error::custom)
    }
}

//! Every error of this API: a problem document (RFC 9457), `application/problem+json`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The media type of a [`Problem`].
pub const MEDIA_TYPE: &str = "application/problem+json";

const TYPE_PREFIX: &str = "urn:cloister:problem:";

/// What happened, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Which kind of problem, for programs: `urn:cloister:problem:<kind>`.
    #[serde(rename = "type")]
    #[schema(example = "urn:cloister:problem:not-found")]
    pub type_uri: String,
    /// The kind in words, the same for every problem of its kind.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// This occurrence: what happened, why, and what to do.
    pub detail: String,
    /// The field or parameter of the request that is wrong.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<String>,
    /// Of `wrong-offset`: the offset to send from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expected_offset_bytes: Option<u64>,
    /// Of `no-space`: how much is needed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub needed_bytes: Option<u64>,
    /// Of `no-space`: how much there is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub available_bytes: Option<u64>,
    /// Of `too-many-requests`: when it is worth trying again, in seconds, where that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retry_after_s: Option<u64>,
    /// Of `in-use`: by which deployments.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub deployments: Vec<String>,
    /// Of `model-refused`: the checks that were passed before the one that failed, as sentences.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub checks: Vec<String>,
    /// The audit record of the refusal, where one was written.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub record_id: Option<String>,
}

impl Problem {
    /// A problem of a kind, with the sentence that tells this occurrence.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            type_uri: format!("{TYPE_PREFIX}{}", kind.name()),
            title: kind.title().to_owned(),
            status: kind.status(),
            detail: detail.into(),
            field: None,
            expected_offset_bytes: None,
            needed_bytes: None,
            available_bytes: None,
            retry_after_s: None,
            deployments: Vec::new(),
            checks: Vec::new(),
            record_id: None,
        }
    }

    /// Names the field of the request that is wrong.
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// The kind, or `None` if this client is too old to know it.
    pub fn kind(&self) -> Option<ProblemKind> {
        let name = self.type_uri.strip_prefix(TYPE_PREFIX)?;
        ProblemKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

macro_rules! problem_kinds {
    ($($(#[$doc:meta])* $variant:ident = ($name:literal, $status:literal, $title:literal),)*) => {
        /// Every kind of problem there is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemKind { $($(#[$doc])* $variant,)* }

        impl ProblemKind {
            /// All kinds, for documentation and tests.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The last part of the problem's type.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The HTTP status it is sent with.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// The kind in words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

problem_kinds! {
    /// A field, parameter or header has a wrong value; `field` names it.
    Invalid = ("invalid", 400, "The request is not valid"),
    /// No key or session, or one that is unknown, expired or revoked.
    Unauthenticated = ("unauthenticated", 401, "A valid API key or session is needed"),
    /// Password or link was right, and the account has a second factor: the same call with a `code` signs in.
    CodeNeeded = ("code-needed", 401, "A code of the second factor is needed"),
    /// The role does not allow this.
    Forbidden = ("forbidden", 403, "Not allowed"),
    /// The fleet asks for a second factor, and the account has none yet.
    SecondFactorNeeded = ("second-factor-needed", 403, "A second factor must be set up first"),
    /// There is no such thing, or no such path.
    NotFound = ("not-found", 404, "Not found"),
    /// The path exists; the method does not.
    MethodNotAllowed = ("method-not-allowed", 405, "Method not allowed"),
    /// The name is taken.
    AlreadyExists = ("already-exists", 409, "Already exists"),
    /// It cannot be removed while deployments use it.
    InUse = ("in-use", 409, "In use"),
    /// The state of the thing does not allow this now.
    Conflict = ("conflict", 409, "Not possible in the present state"),
    /// The bytes do not continue where the upload stands.
    WrongOffset = ("wrong-offset", 409, "Wrong offset"),
    /// It changed since the revision in `If-Match`.
    RevisionMismatch = ("revision-mismatch", 412, "It has changed since you read it"),
    /// A body, file or list is larger than its limit.
    TooLarge = ("too-large", 413, "Too large"),
    /// The body is not of the media type that the path takes.
    UnsupportedMediaType = ("unsupported-media-type", 415, "Unsupported media type"),
    /// The model failed a check; `detail` says which and why.
    ModelRefused = ("model-refused", 422, "The model was refused"),
    /// Too many requests are in progress.
    TooManyRequests = ("too-many-requests", 429, "Too many requests"),
    /// A fault of the controller; its own log says more.
    Internal = ("internal", 500, "The controller failed"),
    /// The state or its audit record cannot be read or written now; nothing was changed.
    Unavailable = ("unavailable", 503, "Not available now"),
    /// The disk, or the quota for uploads, is too small.
    NoSpace = ("no-space", 507, "Not enough space"),
}

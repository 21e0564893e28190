//! Every way in which a request can fail to be answered. One place decides what it is called; the
//! HTTP and gRPC fronts decide how it looks there.

/// Why a request was refused or ended early.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum Failure {
    #[error("no API key was sent; send the header `Authorization: Bearer <key>`")]
    KeyMissing,
    #[error("the API key is unknown or was revoked; ask an administrator for a new one")]
    KeyUnknown,
    #[error("the API key expired; ask an administrator for a new one")]
    KeyExpired,
    #[error(
        "this API key may not use the model `{model}`; ask an administrator to add it to the key's scope"
    )]
    ModelForbidden { model: String },
    #[error("there is no model `{model}` here; GET /v1/models lists those there are")]
    ModelUnknown { model: String },
    #[error("`{param}` {message}")]
    Invalid { param: String, message: String },
    #[error("`{param}` {message}")]
    Unsupported { param: String, message: String },
    #[error("the request is not valid: {message}")]
    Malformed { message: String },
    #[error("the request is larger than {limit_bytes} bytes; send less text")]
    BodyTooLarge { limit_bytes: usize },
    #[error("the request body did not arrive in time; send it faster or check the connection")]
    BodyTimeout,
    #[error("{message}")]
    ContextExceeded { message: String },
    #[error("the replica cannot take this input: {message}")]
    InputRefused { message: String },
    #[error("every replica's queue is full; try again in {retry_after_s} s")]
    QueueFull { retry_after_s: u64 },
    #[error("no replica of `{deployment}` can serve now; try again in {retry_after_s} s")]
    NoReplica { deployment: String, retry_after_s: u64 },
    #[error(
        "the audit record cannot be written, so nothing is answered; an administrator must look at the log"
    )]
    RecordUnavailable,
    #[error("the deadline of {timeout_ms} ms passed; ask for fewer tokens or allow more time")]
    Deadline { timeout_ms: u64 },
    #[error(
        "the replica stopped answering; what was sent before is on record, the request can be made again"
    )]
    ReplicaLost,
    #[error("the controller is shutting down; make the request again")]
    ShuttingDown,
    #[error("the gateway failed; the controller's own log says why")]
    Internal,
}

/// What kind of failure it is, for the status codes of both protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Unauthenticated,
    Forbidden,
    NotFound,
    Invalid,
    TooLarge,
    TooSlow,
    Precondition,
    Exhausted,
    Unavailable,
    Deadline,
    Aborted,
    Internal,
}

impl Failure {
    /// A field is out of its range.
    pub(crate) fn invalid(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { param: param.into(), message: message.into() }
    }

    /// The machine-readable name: OpenAI's `code`, the record's `reason` and the metric's `outcome`.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::KeyMissing => "missing_api_key",
            Self::KeyUnknown => "invalid_api_key",
            Self::KeyExpired => "expired_api_key",
            Self::ModelForbidden { .. } => "model_not_in_key_scope",
            Self::ModelUnknown { .. } => "model_not_found",
            Self::Invalid { .. } => "invalid_value",
            Self::Unsupported { .. } => "unsupported_parameter",
            Self::Malformed { .. } => "invalid_request",
            Self::BodyTooLarge { .. } => "request_too_large",
            Self::BodyTimeout => "request_timeout",
            Self::ContextExceeded { .. } => "context_length_exceeded",
            Self::InputRefused { .. } => "input_refused",
            Self::QueueFull { .. } => "queue_full",
            Self::NoReplica { .. } => "no_replica",
            Self::RecordUnavailable => "record_unavailable",
            Self::Deadline { .. } => "deadline_exceeded",
            Self::ReplicaLost => "replica_lost",
            Self::ShuttingDown => "shutting_down",
            Self::Internal => "internal_error",
        }
    }

    pub(crate) fn class(&self) -> Class {
        match self {
            Self::KeyMissing | Self::KeyUnknown | Self::KeyExpired => Class::Unauthenticated,
            Self::ModelForbidden { .. } => Class::Forbidden,
            Self::ModelUnknown { .. } => Class::NotFound,
            Self::Invalid { .. }
            | Self::Unsupported { .. }
            | Self::Malformed { .. }
            | Self::InputRefused { .. } => Class::Invalid,
            Self::BodyTooLarge { .. } => Class::TooLarge,
            Self::BodyTimeout => Class::TooSlow,
            Self::ContextExceeded { .. } => Class::Precondition,
            Self::QueueFull { .. } => Class::Exhausted,
            Self::NoReplica { .. } | Self::RecordUnavailable | Self::ShuttingDown => Class::Unavailable,
            Self::Deadline { .. } => Class::Deadline,
            Self::ReplicaLost => Class::Aborted,
            Self::Internal => Class::Internal,
        }
    }

    /// The request field at fault, where there is one.
    pub(crate) fn param(&self) -> Option<&str> {
        match self {
            Self::Invalid { param, .. } | Self::Unsupported { param, .. } => Some(param),
            Self::ModelForbidden { .. } | Self::ModelUnknown { .. } => Some("model"),
            _ => None,
        }
    }

    /// When to try again, where trying again helps.
    pub(crate) fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::QueueFull { retry_after_s } | Self::NoReplica { retry_after_s, .. } => Some(*retry_after_s),
            Self::RecordUnavailable | Self::ShuttingDown => Some(crate::limits::NO_REPLICA_RETRY_AFTER_S),
            _ => None,
        }
    }
}

//! Problems as gRPC statuses, with the codes' meaning as `google.rpc.Code` defines it.

use cloister_api::ProblemKind;
use tonic::{Code, Status};

use crate::api::ApiError;

impl From<ApiError> for Status {
    fn from(error: ApiError) -> Self {
        Self::new(code(error.kind()), error.0.detail)
    }
}

fn code(kind: ProblemKind) -> Code {
    match kind {
        ProblemKind::Invalid
        | ProblemKind::TooLarge
        | ProblemKind::UnsupportedMediaType
        | ProblemKind::MethodNotAllowed => Code::InvalidArgument,
        ProblemKind::Unauthenticated | ProblemKind::CodeNeeded => Code::Unauthenticated,
        ProblemKind::Forbidden | ProblemKind::SecondFactorNeeded => Code::PermissionDenied,
        ProblemKind::NotFound => Code::NotFound,
        ProblemKind::AlreadyExists => Code::AlreadyExists,
        ProblemKind::InUse | ProblemKind::Conflict | ProblemKind::ModelRefused => Code::FailedPrecondition,
        ProblemKind::RevisionMismatch => Code::Aborted,
        ProblemKind::WrongOffset => Code::OutOfRange,
        ProblemKind::TooManyRequests | ProblemKind::NoSpace => Code::ResourceExhausted,
        ProblemKind::Internal => Code::Internal,
        ProblemKind::Unavailable => Code::Unavailable,
    }
}

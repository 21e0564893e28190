//! Failures as gRPC statuses, as `inference.proto` lists them.

use tonic::metadata::MetadataValue;
use tonic::{Code, Status};

use crate::failure::{Class, Failure};

/// The status, with `retry-after` where trying again helps.
pub(super) fn of(failure: &Failure) -> Status {
    let mut status = Status::new(code(failure.class()), failure.to_string());
    let metadata = status.metadata_mut();
    if let Some(seconds) = failure.retry_after_s() {
        metadata.insert("retry-after", MetadataValue::from(seconds));
    }
    metadata.insert("x-cloister-reason", MetadataValue::from_static(failure.code()));
    status
}

fn code(class: Class) -> Code {
    match class {
        Class::Unauthenticated => Code::Unauthenticated,
        Class::Forbidden => Code::PermissionDenied,
        Class::NotFound => Code::NotFound,
        Class::Invalid | Class::TooLarge => Code::InvalidArgument,
        Class::Precondition => Code::FailedPrecondition,
        Class::Exhausted => Code::ResourceExhausted,
        Class::Unavailable => Code::Unavailable,
        Class::Deadline | Class::TooSlow => Code::DeadlineExceeded,
        Class::Aborted => Code::Aborted,
        Class::Internal => Code::Internal,
    }
}

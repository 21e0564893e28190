//! Every failure of an operation is a problem document; how it travels is the adapters' matter.

use cloister_api::{Problem, ProblemKind};
use cloister_ledger::LedgerError;
use cloister_store::{Refusal, StoreError};

use crate::models::{FolderError, Refused, UploadError};

/// An operation failed; the problem says what happened, why, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.detail)]
pub struct ApiError(pub(crate) Box<Problem>);

impl ApiError {
    pub(crate) fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem::new(kind, detail)))
    }

    pub(crate) fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem::new(ProblemKind::Invalid, detail).with_field(field)))
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::NotFound, detail)
    }

    /// A fault of the controller. The cause goes to its own log, not to the caller.
    pub(crate) fn internal(what: &'static str, cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "{what}");
        Self::new(ProblemKind::Internal, format!("{what}; the controller's log says why"))
    }

    pub(crate) fn kind(&self) -> ProblemKind {
        self.0.kind().unwrap_or(ProblemKind::Internal)
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Problem)) -> Self {
        change(&mut self.0);
        self
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store could not be read");
        Self::new(
            ProblemKind::Unavailable,
            "the fleet's state cannot be read now; check the controller's database and try again",
        )
    }
}

impl From<LedgerError> for ApiError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Refused(refusal) => refusal.into(),
            other => {
                tracing::error!(error = %other, "the ledger could not write");
                Self::new(
                    ProblemKind::Unavailable,
                    format!("nothing was changed, because the audit record could not be written: {other}"),
                )
            }
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let kind = match &refusal {
            Refusal::AlreadyExists { .. } => ProblemKind::AlreadyExists,
            Refusal::NotFound { .. } => ProblemKind::NotFound,
            Refusal::InUse { .. } => ProblemKind::InUse,
            Refusal::Stale { .. } => ProblemKind::RevisionMismatch,
            Refusal::Invalid { .. } => ProblemKind::Invalid,
            Refusal::AlreadyUsed { .. }
            | Refusal::Expired { .. }
            | Refusal::Revoked { .. }
            | Refusal::LastAdminKey { .. }
            | Refusal::ModelState { .. }
            | Refusal::NotOpen { .. } => ProblemKind::Conflict,
        };
        Self::new(kind, refusal.to_string())
    }
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        let detail = error.to_string();
        match error {
            UploadError::NotFound { .. } | UploadError::NoSuchFile { .. } => Self::not_found(detail),
            UploadError::Announcement { field, .. } => Self::invalid(field, detail),
            UploadError::TooManyOpen | UploadError::TooManyWriters => {
                Self::new(ProblemKind::TooManyRequests, detail)
            }
            UploadError::WrongOffset { expected_bytes, .. } => Self::new(ProblemKind::WrongOffset, detail)
                .with(|problem| problem.expected_offset_bytes = Some(expected_bytes)),
            UploadError::TooLong { .. } => Self::new(ProblemKind::TooLarge, detail),
            UploadError::Incomplete { .. } | UploadError::Busy | UploadError::Importing => {
                Self::new(ProblemKind::Conflict, detail)
            }
            UploadError::BodyLost => Self::invalid("body", detail),
            UploadError::NoSpace { needed_bytes, available_bytes }
            | UploadError::OverQuota { needed_bytes, available_bytes } => {
                Self::new(ProblemKind::NoSpace, detail).with(|problem| {
                    problem.needed_bytes = Some(needed_bytes);
                    problem.available_bytes = Some(available_bytes);
                })
            }
            UploadError::Storage { .. } => Self::internal("the upload area cannot be used", &detail),
        }
    }
}

impl From<FolderError> for ApiError {
    fn from(error: FolderError) -> Self {
        Self::internal("the folder of models cannot be used", &error)
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        let detail = format!("{}; nothing was kept", refused.detail);
        Self::new(ProblemKind::ModelRefused, detail).with(|problem| problem.checks = refused.checks)
    }
}

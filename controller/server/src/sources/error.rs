//! Why a source could not be fetched from.

use cloister_api::ImportReason;

/// What went wrong, for whoever asked.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct SourceError {
    pub(crate) reason: ImportReason,
    /// What happened, why, and what to do. Never a secret: no query of a URL, no credentials.
    pub(crate) detail: String,
    /// Whether it may go better in a moment.
    pub(crate) transient: bool,
}

impl SourceError {
    pub(crate) fn new(reason: ImportReason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), transient: false }
    }

    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ImportReason::SourceInvalid, detail)
    }

    pub(crate) fn not_allowed(detail: impl Into<String>) -> Self {
        Self::new(ImportReason::SourceNotAllowed, detail)
    }

    /// Worth another try.
    pub(crate) fn transient(detail: impl Into<String>) -> Self {
        Self { transient: true, ..Self::new(ImportReason::SourceUnavailable, detail) }
    }

    /// A fault on this side.
    pub(crate) fn internal(what: &str, cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "{what}");
        Self::new(ImportReason::ControllerFailed, format!("{what}; the controller's log says why"))
    }
}

/// Text from outside, safe for a terminal, and not at any length.
pub(super) fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(120).collect::<String>())
}

//! What can go wrong between the controller and an identity provider.

/// No text of the provider is in it: that may hold tokens.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderError {
    /// It says no: the person, the code or the refresh token is not good (any more).
    #[error("the identity provider refused: {0}")]
    Refused(String),
    /// What it answered does not prove anything.
    #[error("the identity provider's answer did not verify: {0}")]
    NotVerified(String),
    #[error("the identity provider cannot be used now: {0}")]
    Unavailable(String),
}

impl ProviderError {
    pub(super) fn unavailable(why: impl Into<String>) -> Self {
        Self::Unavailable(why.into())
    }

    pub(super) fn not_verified(why: impl Into<String>) -> Self {
        Self::NotVerified(why.into())
    }

    /// For addresses and records.
    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::NotVerified(_) => "not_verified",
            Self::Unavailable(_) => "unavailable",
        }
    }
}

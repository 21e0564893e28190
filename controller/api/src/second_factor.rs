//! A second factor of one's own: codes of an authenticator app (TOTP, RFC 6238), and recovery codes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How it stands with one's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SecondFactor {
    /// Absent while there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub set_at: Option<String>,
    /// How often one can still get in without the app.
    pub recovery_codes_left: u32,
    /// Whether this fleet asks it of every local account.
    pub is_required: bool,
}

/// What an authenticator app is told, shown only here. It counts once a first code of it was right.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OfferedSecondFactor {
    /// Base32 (RFC 4648), to be typed where no camera is.
    pub secret: String,
    /// `otpauth://totp/…`, what a QR code of it holds.
    pub uri: String,
    /// Until when a first code confirms it.
    pub expires_at: String,
}

impl std::fmt::Debug for OfferedSecondFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OfferedSecondFactor").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// The first code of what was offered. All other sessions of the account end.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmSecondFactorRequest {
    /// 6 digits.
    #[schema(max_length = 64)]
    pub code: String,
    /// The present password; absent for an account that has none, and after a login link.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub current_password: Option<String>,
}

impl std::fmt::Debug for ConfirmSecondFactorRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConfirmSecondFactorRequest")
    }
}

/// A second factor is set.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecoveryCodes {
    /// Each lets in once in place of a code of the app. Shown only here.
    pub recovery_codes: Vec<String>,
    pub record_id: String,
}

impl std::fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecoveryCodes").field("record_id", &self.record_id).finish_non_exhaustive()
    }
}

/// Doing without it again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveSecondFactorRequest {
    /// 6 digits of the app, or a recovery code.
    #[schema(max_length = 64)]
    pub code: String,
    /// The present password; absent for an account that has none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub current_password: Option<String>,
}

impl std::fmt::Debug for RemoveSecondFactorRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RemoveSecondFactorRequest")
    }
}

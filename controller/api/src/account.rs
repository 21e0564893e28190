//! People, and what they may do.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a person is in the fleet. `docs/access-matrix.md` has what each may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FleetRole {
    /// Everything.
    FleetAdmin,
    /// Runs nodes and deployments.
    Operator,
    /// Decides which models and whose signatures are good.
    ModelApprover,
    /// Reads everything that is on record, changes nothing.
    Auditor,
    /// Builds on the models.
    Developer,
    /// Asks models.
    User,
    /// A supplier's engineer: sees how the fleet is, never what is asked of it.
    VendorSupport,
}

impl FleetRole {
    pub const ALL: [Self; 7] = [
        Self::FleetAdmin,
        Self::Operator,
        Self::ModelApprover,
        Self::Auditor,
        Self::Developer,
        Self::User,
        Self::VendorSupport,
    ];

    /// The word used in JSON and in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FleetAdmin => "fleet-admin",
            Self::Operator => "operator",
            Self::ModelApprover => "model-approver",
            Self::Auditor => "auditor",
            Self::Developer => "developer",
            Self::User => "user",
            Self::VendorSupport => "vendor-support",
        }
    }

    /// `None` for a word that is none of them.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

impl std::fmt::Display for FleetRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    pub id: String,
    pub name: String,
    pub roles: Vec<FleetRole>,
    /// Where the person belongs; absent: the fleet's own people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tenant: Option<String>,
    pub has_password: bool,
    /// The identity provider that vouches for the person and whose groups give the roles; absent for a local account.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub issuer: Option<String>,
    /// Since when codes of a second factor are asked for; absent without one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub second_factor_at: Option<String>,
    pub created_at: String,
    /// Absent unless too many sign-ins failed lately.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub locked_until: Option<String>,
    /// Absent while it may sign in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub disabled_at: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountList {
    pub accounts: Vec<Account>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccountRequest {
    /// 1 to 63 characters of `[a-z0-9-.]`, beginning and ending with a letter or digit.
    #[schema(pattern = "^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")]
    pub name: String,
    /// At least one.
    pub roles: Vec<FleetRole>,
    /// Whose it is to be. Absent: of the tenant of whoever asks, or the fleet's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(pattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    pub tenant: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountRolesRequest {
    /// At least one.
    pub roles: Vec<FleetRole>,
}

/// An account that was made or changed, and the record of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangedAccount {
    pub account: Account,
    pub record_id: String,
}

/// A one-time way in, shown only here. An earlier one of the account is void.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoginLink {
    /// Goes behind `/console/login#token=`.
    pub token: String,
    pub expires_at: String,
    pub record_id: String,
}

impl std::fmt::Debug for LoginLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginLink").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// A new password for oneself. All other sessions of the account end.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPasswordRequest {
    /// 12 to 256 characters.
    pub new_password: String,
    /// The present one; absent for an account that has none yet.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub current_password: Option<String>,
}

impl std::fmt::Debug for NewPasswordRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewPasswordRequest")
    }
}

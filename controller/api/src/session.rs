//! Being signed in to the console.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::FleetRole;

/// Whoever holds the cookie that came with the request.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// Not secret; the cookie is.
    pub id: String,
    pub account: SessionAccount,
    pub roles: Vec<FleetRole>,
    /// What the roles allow, e.g. `node.read`: the same words as in records of denied calls.
    pub actions: Vec<String>,
    /// To be sent as `x-cloister-csrf` with every call that changes something.
    pub csrf_token: String,
    /// When it ends if it is not used.
    pub idle_expires_at: String,
    /// When it ends however busy it is.
    pub absolute_expires_at: String,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionAccount {
    pub id: String,
    pub name: String,
    /// Whether its owner has chosen one; who came by a login link is asked to.
    pub has_password: bool,
    /// Whether choosing another takes the present one. Not for somebody who has just come by a login link.
    pub needs_current_password: bool,
    /// Whether codes of a second factor are asked for when signing in.
    pub has_second_factor: bool,
    /// The fleet asks for a second factor, and the account has none: until it has, nothing else is allowed.
    pub needs_second_factor: bool,
    /// The identity provider that vouches for the person; absent for a local account.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub issuer: Option<String>,
    /// Where the person belongs; absent: the fleet's own people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tenant: Option<String>,
}

/// How one can sign in here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionMethods {
    /// By name and password, or by a login link.
    pub local: bool,
    /// Identity providers, in the order of the configuration.
    pub issuers: Vec<SignInIssuer>,
}

/// An identity provider that one can sign in with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignInIssuer {
    /// Goes into `/api/v1/session/oidc/{issuer}`.
    pub id: String,
    /// What people call it.
    pub name: String,
}

/// A session has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedOut {
    pub record_id: String,
    /// Where the browser goes to be signed out at the identity provider, too. Absent where there is none, or where it
    /// offers no such thing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provider_logout_url: Option<String>,
}

/// Signing in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
pub enum NewSession {
    /// With a one-time login link's token.
    Link {
        token: String,
        /// 6 digits of the authenticator app, or a recovery code; for an account that has a second factor.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[schema(max_length = 64)]
        code: Option<String>,
    },
    Password {
        name: String,
        password: String,
        /// 6 digits of the authenticator app, or a recovery code; for an account that has a second factor.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[schema(max_length = 64)]
        code: Option<String>,
    },
}

impl std::fmt::Debug for NewSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Link { .. } => "Link",
            Self::Password { .. } => "Password",
        })
    }
}

/// One that is open, as those see it who look after access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenSession {
    pub id: String,
    pub account_id: String,
    pub account_name: String,
    /// How it began: `link`, `password` or `oidc`.
    pub method: String,
    pub address: String,
    /// What the browser calls itself.
    pub client: String,
    pub created_at: String,
    /// To the minute.
    pub last_seen_at: String,
    pub absolute_expires_at: String,
    /// Whether it is the one that asks.
    pub own: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionList {
    pub sessions: Vec<OpenSession>,
}

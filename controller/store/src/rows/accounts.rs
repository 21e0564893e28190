//! People, and how they are signed in.

use jiff::Timestamp;

/// Somebody who may sign in to the console.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    pub id: String,
    /// Unique, also among disabled ones.
    pub name: String,
    /// Names of roles; what they allow is not the store's matter.
    pub roles: Vec<String>,
    /// `None`: one of the fleet's own people.
    pub tenant: Option<String>,
    /// Of somebody whom an identity provider vouches for; `None` for a local account.
    pub identity: Option<Identity>,
    /// argon2id in PHC form; `None` until its owner has chosen a password.
    pub password_hash: Option<String>,
    /// Since the last success.
    pub failed_logins: u32,
    pub locked_until: Option<Timestamp>,
    /// Since when codes of a second factor are asked for. Read only: it is set and removed by changes of its own.
    pub second_factor_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub disabled_at: Option<Timestamp>,
}

impl std::fmt::Debug for Account {
    /// Without the password's hash, which could be guessed at.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}

/// Who somebody is to an identity provider (OpenID Connect Core 1.0, section 2). Unique together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The provider's URL.
    pub issuer: String,
    /// The provider's own id of the person.
    pub subject: String,
}

/// What an authenticator app makes codes from (TOTP, RFC 6238), for a local account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    pub account_id: String,
    /// Whoever has the database alone cannot open it.
    pub sealed_secret: Vec<u8>,
    pub offered_at: Timestamp,
    /// `None` until a first code was right: until then it is asked of nobody.
    pub set_at: Option<Timestamp>,
    /// The newest time step whose code was accepted.
    pub last_step: Option<u64>,
}

/// A one-time way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginLink {
    /// SHA-256 of the secret.
    pub secret_hash: [u8; 32],
    pub account_id: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

/// Somebody is, or was, signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Not secret.
    pub id: String,
    /// SHA-256 of the cookie's value.
    pub secret_hash: [u8; 32],
    pub account_id: String,
    /// How it began: `link`, `password` or `oidc`.
    pub method: String,
    /// Where from.
    pub address: String,
    /// What the browser calls itself.
    pub client: String,
    pub created_at: Timestamp,
    /// Coarse: written now and then, not at every call.
    pub last_seen_at: Timestamp,
    /// However busy it is.
    pub expires_at: Timestamp,
    /// Signed out, ended by somebody, or idle for too long.
    pub ended_at: Option<Timestamp>,
}

/// That an identity provider stands behind a session, and until when that is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouching {
    pub session_id: String,
    /// The provider's tokens; whoever has the database alone cannot open them.
    pub sealed_tokens: Vec<u8>,
    pub vouched_at: Timestamp,
    pub recheck_at: Timestamp,
}

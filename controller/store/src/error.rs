//! What can go wrong, as sentences an operator can act on.

use std::path::PathBuf;

use crate::Approval;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(
        "the database URL is not understood: write sqlite:///absolute/path.db \
         (optionally with ?max_page_count=N) or postgres://user@host/database"
    )]
    BadUrl,
    #[error("the PostgreSQL URL cannot be parsed; write it as postgres://user:password@host:5432/database")]
    BadPostgresUrl,
    #[error("another controller already uses {path}; stop it, or give this one its own --data directory")]
    LockedByAnother { path: PathBuf },
    #[error("cannot prepare {path}: {source}; check that its folder exists and belongs to this user")]
    File { path: PathBuf, source: std::io::Error },
    #[error(
        "PostgreSQL has synchronous_commit off, so an acknowledged record could be lost; \
         set it to on for this database"
    )]
    NotDurable,
    #[error("the database schema could not be brought up to date: {0}")]
    Migration(#[source] sqlx::migrate::MigrateError),
    #[error(
        "the database was brought up to date by a newer version: its schema asks for step {needed}, and this \
         program knows the steps up to {known}; start the newer version, or restore the backup from before it"
    )]
    SchemaTooNew { needed: i64, known: i64 },
    #[error("the database cannot be used now: {0}; check that it is reachable and its disk is not full")]
    Unavailable(#[source] sqlx::Error),
    #[error("the database did not answer within {seconds} s; check its load and its disk")]
    TimedOut { seconds: u64 },
    #[error("a stored {what} is not readable: {why}; restore the database from a backup")]
    Corrupt { what: &'static str, why: String },
}

impl StoreError {
    pub(crate) fn corrupt(what: &'static str, why: impl std::fmt::Display) -> Self {
        Self::Corrupt { what, why: why.to_string() }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { index, source } => {
                Self::Corrupt { what: "column", why: format!("{index}: {source}") }
            }
            other => Self::Unavailable(other),
        }
    }
}

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entity {
    Signer,
    TrustPolicy,
    Model,
    Deployment,
    Replica,
    Node,
    JoinToken,
    Tenant,
    Key,
    Account,
    LoginLink,
    Session,
    SecondFactor,
    RecoveryCode,
    Setting,
    Record,
}

impl std::fmt::Display for Entity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Signer => "signer",
            Self::TrustPolicy => "trust policy",
            Self::Model => "model",
            Self::Deployment => "deployment",
            Self::Replica => "replica",
            Self::Node => "node",
            Self::JoinToken => "join token",
            Self::Tenant => "tenant",
            Self::Key => "key",
            Self::Account => "account",
            Self::LoginLink => "login link",
            Self::Session => "session",
            Self::SecondFactor => "second factor",
            Self::RecoveryCode => "recovery code",
            Self::Setting => "setting",
            Self::Record => "record",
        })
    }
}

/// Why a change was refused. Nothing of it, nor its record, was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{entity} {id} already exists")]
    AlreadyExists { entity: Entity, id: String },
    #[error("there is no {entity} {id}")]
    NotFound { entity: Entity, id: String },
    #[error("{entity} {id} is in use by {by}; remove that first")]
    InUse { entity: Entity, id: String, by: String },
    #[error("{entity} {id} was used before; make a new one")]
    AlreadyUsed { entity: Entity, id: String },
    #[error("{entity} {id} has expired; make a new one")]
    Expired { entity: Entity, id: String },
    #[error("{entity} {id} is revoked")]
    Revoked { entity: Entity, id: String },
    #[error(
        "{entity} {id} changed in the meantime: it is at {current}, the change would set {proposed}; \
         read it again and repeat"
    )]
    Stale { entity: Entity, id: String, current: u64, proposed: u64 },
    #[error(
        "this is the last admin key, and without one nobody can run the fleet; create another admin key first"
    )]
    LastAdminKey { id: String },
    #[error("{entity} {id}: {why}")]
    Invalid { entity: Entity, id: String, why: String },
    #[error("model {digest} is {}", .state.as_str())]
    ModelState { digest: String, state: Approval },
    #[error("request {id} is not open: it was never requested here, or a closing record exists already")]
    NotOpen { id: String },
}

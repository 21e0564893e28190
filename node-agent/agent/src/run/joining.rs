//! Which identity this node has, and when it needs a new one.

use std::path::PathBuf;

use cloister_proto::agent::v1::Locality;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::AgentError;
use super::directory::DataDirectory;
use crate::cli::{AgentArgs, node_name, node_name_from_host};
use crate::enrol::{Application, Credential, EnrolError, ServiceAccount};
use crate::identity::{Identity, IdentityError};
use crate::token::JoinToken;

/// What this node applies with; `None` if it was given no credential.
pub(super) fn application(
    options: &AgentArgs,
    locality: &Locality,
) -> Result<Option<Application>, AgentError> {
    let name = options.name.clone().unwrap_or_else(host_name);
    let credential = match service_account(options) {
        Some(account) => Some(Credential::ServiceAccount(account)),
        None => join_token(options)?.map(Credential::Join),
    };
    if let Some(Credential::Join(_)) = &credential {
        node_name(&name).map_err(AgentError::Name)?;
    }
    Ok(credential.map(|credential| Application { credential, name, locality: locality.clone() }))
}

/// The identity on disk or, with a credential that it did not come from, a new one. `None`: told to stop while
/// waiting for the controller.
pub(super) async fn identity(
    application: Option<&Application>,
    directory: &DataDirectory,
    stop: &CancellationToken,
) -> Result<Option<Identity>, AgentError> {
    let stored = match (Identity::load(&directory.identity()), application) {
        // A pod needs nobody's help to join again.
        (Err(error @ IdentityError::Damaged { .. }), Some(application)) if by_itself(application) => {
            tracing::warn!("{error}");
            None
        }
        (stored, _) => stored?,
    };
    let application = match (stored, application) {
        (Some(identity), None) => return Ok(Some(identity)),
        // A service starts with the same command line every time.
        (Some(identity), Some(application)) if is_of(&identity, application) => return Ok(Some(identity)),
        (None, None) => return Err(AgentError::NotJoined),
        (_, Some(application)) => application,
    };
    let name = &application.name;
    tracing::info!(name, "joining");
    let identity = match application.enrol(stop).await {
        Ok(identity) => identity,
        Err(EnrolError::Stopped) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    identity.store(&directory.identity())?;
    tracing::info!(node = identity.facts.node_id, name, "joined");
    Ok(Some(identity))
}

/// Takes away what the fleet no longer accepts, so that the next look finds no identity.
pub(super) fn forget(directory: &DataDirectory) -> Result<(), AgentError> {
    Ok(Identity::remove(&directory.identity())?)
}

/// Whether it can be repeated without an admin.
pub(super) fn by_itself(application: &Application) -> bool {
    matches!(application.credential, Credential::ServiceAccount(_))
}

fn is_of(identity: &Identity, application: &Application) -> bool {
    let usable = !(by_itself(application) && identity.has_expired());
    usable && identity.facts.joined_with == application.origin()
}

fn service_account(options: &AgentArgs) -> Option<ServiceAccount> {
    let (Some(token_file), Some(authority_file)) = (&options.kubernetes_token, &options.controller_ca) else {
        return None;
    };
    Some(ServiceAccount {
        token_file: token_file.clone(),
        authority_file: authority_file.clone(),
        urls: options.controllers.clone(),
    })
}

fn join_token(options: &AgentArgs) -> Result<Option<JoinToken>, AgentError> {
    let read = |path: &PathBuf| {
        std::fs::read_to_string(path)
            .map(SecretString::from)
            .map_err(|source| AgentError::TokenFile { path: path.clone(), source })
    };
    let text = match (&options.join, &options.join_file) {
        (Some(text), _) => text.clone(),
        (None, Some(path)) => read(path)?,
        (None, None) => return Ok(None),
    };
    Ok(Some(JoinToken::parse(&text)?))
}

fn host_name() -> String {
    node_name_from_host(&rustix::system::uname().nodename().to_string_lossy())
}

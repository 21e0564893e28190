//! Which identity this node has, and when it needs a new one.

use cloister_proto::agent::v1::Locality;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::AgentError;
use super::directory::DataDirectory;
use crate::cli::{AgentArgs, node_name_from_host};
use crate::enrol::{self, EnrolError, token_fingerprint};
use crate::identity::Identity;
use crate::token::JoinToken;

/// The identity on disk or, with a token that it did not come from, a new one. `None`: told to stop while
/// waiting for the controller.
pub(super) async fn identity(
    options: &AgentArgs,
    directory: &DataDirectory,
    locality: &Locality,
    stop: &CancellationToken,
) -> Result<Option<Identity>, AgentError> {
    let token = token(options)?;
    let stored = Identity::load(&directory.identity())?;
    let token = match (stored, token) {
        (Some(identity), None) => return Ok(Some(identity)),
        // A service starts with the same command line every time.
        (Some(identity), Some(token)) if identity.facts.joined_with == token_fingerprint(&token) => {
            return Ok(Some(identity));
        }
        (None, None) => return Err(AgentError::NotJoined),
        (_, Some(token)) => token,
    };
    let name = options.name.clone().unwrap_or_else(host_name);
    tracing::info!(controller = token.url, name, "joining");
    let identity = match enrol::enrol(&token, &name, locality, stop).await {
        Ok(identity) => identity,
        Err(EnrolError::Stopped) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    identity.store(&directory.identity())?;
    tracing::info!(node = identity.facts.node_id, name, "joined");
    Ok(Some(identity))
}

fn token(options: &AgentArgs) -> Result<Option<JoinToken>, AgentError> {
    let text = match (&options.join, &options.join_file) {
        (Some(text), _) => text.clone(),
        (None, Some(path)) => std::fs::read_to_string(path)
            .map(SecretString::from)
            .map_err(|source| AgentError::TokenFile { path: path.clone(), source })?,
        (None, None) => return Ok(None),
    };
    Ok(Some(JoinToken::parse(&text)?))
}

fn host_name() -> String {
    node_name_from_host(&rustix::system::uname().nodename().to_string_lossy())
}

//! Becoming a node: a join token for a certificate, once.

use cloister_proto::agent::v1::enrolment_service_client::EnrolmentServiceClient;
use cloister_proto::agent::v1::{EnrolRequest, EnrolResponse, Locality};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

use crate::backoff::Backoff;
use crate::identity::{AnswerError, Identity, KeyAndRequest, NodeFacts};
use crate::limits::CALL_TIMEOUT;
use crate::link::{self, LinkError};
use crate::token::JoinToken;

/// Why a node could not join.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The controller does not take the token.
    #[error("the controller refused the join token: {reason}. `cloister nodes join-token` makes a new one")]
    Token {
        /// What it said.
        reason: String,
    },
    /// The controller does not take the name.
    #[error("the controller refused the node name `{name}`: {reason}. Choose another one with --name")]
    Name {
        /// The name asked for.
        name: String,
        /// What it said.
        reason: String,
    },
    /// The controller refused for another reason.
    #[error("the controller refused to enrol this node ({code:?}): {reason}")]
    Refused {
        /// The gRPC status code.
        code: Code,
        /// What it said.
        reason: String,
    },
    /// No key, or no certificate that belongs to it.
    #[error("cannot make a key for this node: {0}")]
    Key(#[from] rcgen::Error),
    /// The answer is no identity.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The connection, for a reason that waiting does not mend.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The agent was told to stop while it waited for its controller.
    #[error("stopped before the controller answered")]
    Stopped,
}

/// Hex SHA-256 of a token's secret: tells tokens apart without keeping one.
pub(crate) fn token_fingerprint(token: &JoinToken) -> String {
    hex::encode(Sha256::digest(token.secret.expose_secret().as_bytes()))
}

/// Joins the fleet that `token` is of. Waits for a controller that is not there yet.
///
/// # Errors
///
/// [`EnrolError`] for everything that waiting does not mend.
pub(crate) async fn enrol(
    token: &JoinToken,
    name: &str,
    locality: &Locality,
    stop: &CancellationToken,
) -> Result<Identity, EnrolError> {
    let mut backoff = Backoff::reconnect();
    loop {
        let error = match attempt(token, name, locality).await {
            Err(EnrolError::Link(error)) if error.is_transient() => error,
            other => return other,
        };
        let wait = backoff.next_wait();
        tracing::warn!(retry_in_ms = wait.as_millis(), "cannot join yet: {error}");
        tokio::select! {
            () = stop.cancelled() => return Err(EnrolError::Stopped),
            () = tokio::time::sleep(wait) => {}
        }
    }
}

async fn attempt(token: &JoinToken, name: &str, locality: &Locality) -> Result<Identity, EnrolError> {
    let channel = link::connect_anonymously(&token.url, &token.ca_pem).await?;
    let key = KeyAndRequest::generate()?;
    let mut request = tonic::Request::new(EnrolRequest {
        token_secret: token.secret.expose_secret().to_owned(),
        csr_der: key.csr_der,
        node_name: name.to_owned(),
        locality: Some(locality.clone()),
    });
    request.set_timeout(CALL_TIMEOUT);
    let answer = EnrolmentServiceClient::new(channel)
        .enrol(request)
        .await
        .map_err(|status| explain(&token.url, name, &status))?
        .into_inner();
    let EnrolResponse { node_id, certificate } = answer;
    let facts = NodeFacts {
        node_id,
        node_name: name.to_owned(),
        url: token.url.clone(),
        joined_with: token_fingerprint(token),
        certified_at_unix_s: jiff::Timestamp::now().as_second(),
    };
    let chain = certificate.map(|certificate| certificate.chain_der).unwrap_or_default();
    Ok(Identity::from_answer(facts, token.ca_pem.clone(), &chain, key.key_pem)?)
}

fn explain(url: &str, name: &str, status: &Status) -> EnrolError {
    let reason = status.message().to_owned();
    match status.code() {
        Code::Unauthenticated => EnrolError::Token { reason },
        Code::AlreadyExists => EnrolError::Name { name: name.to_owned(), reason },
        Code::Unavailable | Code::DeadlineExceeded | Code::Unknown | Code::Cancelled | Code::Aborted => {
            EnrolError::Link(LinkError::from_status(url, status))
        }
        code => EnrolError::Refused { code, reason },
    }
}

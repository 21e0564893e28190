//! Becoming a node: a credential for a certificate.

mod credential;

use std::path::PathBuf;
use std::time::Duration;

use cloister_proto::agent::v1::enrolment_service_client::EnrolmentServiceClient;
use cloister_proto::agent::v1::{EnrolRequest, EnrolResponse, Locality};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

use crate::address::{self, Target};
use crate::backoff::Backoff;
use crate::identity::{AnswerError, Identity, KeyAndRequest, NodeFacts};
use crate::limits::CALL_TIMEOUT;
use crate::link::{self, Judge, LinkError};
pub(crate) use credential::{Credential, ServiceAccount};

/// Why a node could not join.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The controller does not take the token.
    #[error("the controller refused the join token: {reason}. `cloister nodes join-token` makes a new one")]
    Token {
        /// What it said.
        reason: String,
    },
    /// The controller does not take the pod's token.
    #[error("the controller did not take this pod's ServiceAccount token: {reason}")]
    ServiceAccount {
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
    /// A file that holds a credential.
    #[error("cannot read {path}: {source}. Check what is mounted there")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The fleet's authority is not there yet.
    #[error("there is no certificate in {path} yet; the fleet's first controller puts its authority there")]
    NoAuthority {
        /// Where it is expected.
        path: PathBuf,
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

/// A credential, and what is said of the node with it.
#[derive(Debug)]
pub(crate) struct Application {
    pub(crate) credential: Credential,
    pub(crate) name: String,
    pub(crate) locality: Locality,
}

/// A way to a new certificate that needs no admin.
pub(crate) struct Renewer(pub(crate) Application);

impl Renewer {
    /// # Errors
    ///
    /// The fleet does not take this node any more, or the agent stops.
    pub(crate) async fn enrol(&self, stop: &CancellationToken) -> Result<Identity, LinkError> {
        self.0.enrol(stop).await.map_err(|error| match error {
            EnrolError::Link(error) => error,
            error => LinkError::Rejected { reason: error.to_string(), judge: Judge::Fleet },
        })
    }
}

impl Application {
    /// Where the identity that it leads to comes from.
    pub(crate) fn origin(&self) -> String {
        self.credential.origin(&self.name, &self.locality)
    }

    /// Joins the fleet. Waits for a controller that is not there yet, and asks the next one if one cannot answer.
    ///
    /// # Errors
    ///
    /// [`EnrolError`] for everything that waiting does not mend.
    pub(crate) async fn enrol(&self, stop: &CancellationToken) -> Result<Identity, EnrolError> {
        let mut backoff = match &self.credential {
            Credential::Join(_) => Backoff::reconnect(),
            // Its file, its pod's address or its authority may become right by themselves.
            Credential::ServiceAccount(_) => {
                Backoff::new(Duration::from_millis(500), Duration::from_secs(30))
            }
        };
        for turn in 0.. {
            let error = match self.attempt(turn).await {
                Err(error) if self.may_try_again(&error) => error,
                other => return other,
            };
            let wait = backoff.next_wait();
            tracing::warn!(retry_in_ms = wait.as_millis(), "cannot join yet: {error}");
            tokio::select! {
                () = stop.cancelled() => return Err(EnrolError::Stopped),
                () = tokio::time::sleep(wait) => {}
            }
        }
        Err(EnrolError::Stopped)
    }

    fn may_try_again(&self, error: &EnrolError) -> bool {
        match (&self.credential, error) {
            (_, EnrolError::Link(error)) if error.is_transient() => true,
            (Credential::Join(_), _) => false,
            // The authority's file may still be the one of a fleet that was here before.
            (_, EnrolError::Link(LinkError::WrongAuthority { .. })) => true,
            (_, EnrolError::ServiceAccount { .. } | EnrolError::NoAuthority { .. }) => true,
            _ => false,
        }
    }

    /// `turn` chooses among the controllers.
    async fn attempt(&self, turn: usize) -> Result<Identity, EnrolError> {
        let presented = self.credential.present().await?;
        let target = self.target(turn).await?;
        let channel = link::connect_anonymously(&target, &presented.authority_pem).await?;
        let key = KeyAndRequest::generate()?;
        let mut request = tonic::Request::new(EnrolRequest {
            token_secret: presented.token_secret.clone(),
            csr_der: key.csr_der,
            node_name: self.name.clone(),
            locality: Some(self.locality.clone()),
            service_account_token: presented.service_account_token.clone(),
        });
        request.set_timeout(CALL_TIMEOUT);
        let answer = EnrolmentServiceClient::new(channel)
            .enrol(request)
            .await
            .map_err(|status| self.explain(&target, &status))?;
        let EnrolResponse { node_id, certificate } = answer.into_inner();
        let facts = NodeFacts {
            node_id,
            node_name: self.name.clone(),
            url: target.url.to_string(),
            joined_with: self.origin(),
            certified_at_unix_s: jiff::Timestamp::now().as_second(),
        };
        let chain = certificate.map(|certificate| certificate.chain_der).unwrap_or_default();
        Ok(Identity::from_answer(facts, presented.authority_pem.clone(), &chain, key.key_pem)?)
    }

    async fn target(&self, turn: usize) -> Result<Target, EnrolError> {
        let urls = self.credential.urls();
        let url = urls.get(turn % urls.len().max(1)).map(String::as_str).unwrap_or_default();
        let mut targets = address::resolve(url).await?;
        Ok(targets.swap_remove(turn / urls.len().max(1) % targets.len()))
    }

    fn explain(&self, target: &Target, status: &Status) -> EnrolError {
        let reason = status.message().to_owned();
        match (status.code(), &self.credential) {
            (Code::Unauthenticated, Credential::Join(_)) => EnrolError::Token { reason },
            (Code::Unauthenticated, Credential::ServiceAccount(_)) => EnrolError::ServiceAccount { reason },
            (Code::AlreadyExists, _) => EnrolError::Name { name: self.name.clone(), reason },
            (
                Code::Unavailable | Code::DeadlineExceeded | Code::Unknown | Code::Cancelled | Code::Aborted,
                _,
            ) => EnrolError::Link(LinkError::from_status(&target.to_string(), status)),
            (code, _) => EnrolError::Refused { code, reason },
        }
    }
}

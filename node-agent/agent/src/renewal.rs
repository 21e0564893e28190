//! A new certificate before the old one ends.

use std::pin::Pin;
use std::time::Duration;

use cloister_proto::agent::v1::RenewRequest;
use cloister_proto::agent::v1::agent_service_client::AgentServiceClient;
use tokio::time::{Instant, Sleep};
use tonic::transport::Channel;

use super::Session;
use crate::identity::{AnswerError, Identity, IdentityError, KeyAndRequest, NodeFacts};
use crate::limits::CALL_TIMEOUT;

/// Between two attempts at a renewal; a certificate is renewed when a third of its life is left.
const RETRY: Duration = Duration::from_secs(5);
/// A sleep that is longer would overflow a timer's clock.
const LONGEST_SLEEP: Duration = Duration::from_secs(30 * 24 * 3_600);

/// When the certificate is to be renewed.
pub(crate) struct Renewal(Pin<Box<Sleep>>);

/// A renewal that failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RenewalError {
    #[error("the controller did not renew the certificate: {}", .0.message())]
    Refused(tonic::Status),
    #[error(transparent)]
    Answer(#[from] AnswerError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error("the agent stops")]
    Stopped,
}

impl RenewalError {
    /// The node was revoked: another attempt gets the same answer.
    pub(crate) fn is_fatal(&self) -> bool {
        matches!(self, Self::Refused(status) if status.code() == tonic::Code::PermissionDenied)
    }

    pub(crate) fn into_status(self) -> tonic::Status {
        match self {
            Self::Refused(status) => status,
            error => tonic::Status::internal(error.to_string()),
        }
    }
}

impl Renewal {
    pub(crate) fn of(identity: &Identity) -> Self {
        let now_unix_ms = jiff::Timestamp::now().as_millisecond();
        let due_in = Duration::from_millis(identity.renewal_due_in_ms(now_unix_ms));
        Self(Box::pin(tokio::time::sleep(due_in.min(LONGEST_SLEEP))))
    }

    /// The controller asked for it.
    pub(crate) fn now(&mut self) {
        self.0.as_mut().reset(Instant::now());
    }

    pub(crate) fn postpone(&mut self, error: &RenewalError) {
        tracing::warn!(retry_in_s = RETRY.as_secs(), "{error}");
        self.0.as_mut().reset(Instant::now() + RETRY);
    }

    pub(crate) async fn due(&mut self) {
        self.0.as_mut().await;
    }
}

impl Session {
    /// Fetches a certificate for a new key, and has both on disk before they are used.
    pub(super) async fn renew(&self, channel: Channel, identity: &Identity) -> Result<(), RenewalError> {
        let key = KeyAndRequest::generate().map_err(IdentityError::from)?;
        let mut request = tonic::Request::new(RenewRequest { csr_der: key.csr_der });
        request.set_timeout(CALL_TIMEOUT);
        let answer = AgentServiceClient::new(channel).renew(request).await.map_err(RenewalError::Refused)?;
        let chain =
            answer.into_inner().certificate.map(|certificate| certificate.chain_der).unwrap_or_default();
        let facts =
            NodeFacts { certified_at_unix_s: jiff::Timestamp::now().as_second(), ..identity.facts.clone() };
        let renewed = Identity::from_answer(facts, identity.authority_pem.clone(), &chain, key.key_pem)?;
        let (stored, directory) = (renewed.clone(), self.identity_directory.clone());
        tokio::task::spawn_blocking(move || stored.store(&directory))
            .await
            .map_err(|_| RenewalError::Stopped)??;
        tracing::info!(not_after_unix_s = renewed.validity.not_after_unix_s, "certificate renewed");
        *self.identity.lock().await = renewed;
        Ok(())
    }
}

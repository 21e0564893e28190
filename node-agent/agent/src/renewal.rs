//! A new certificate before the old one ends: once for the node, whatever the number of its links.

use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use cloister_proto::agent::v1::RenewRequest;
use cloister_proto::agent::v1::agent_service_client::AgentServiceClient;
use tokio::sync::Notify;
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::controllers::Controllers;
use crate::enrol::Renewer;
use crate::identity::{AnswerError, CurrentIdentity, Identity, IdentityError, KeyAndRequest, NodeFacts};
use crate::limits::CALL_TIMEOUT;
use crate::link::{Judge, LinkError};

/// Between two attempts at a renewal; a certificate is renewed when a third of its life is left.
const RETRY: Duration = Duration::from_secs(5);
/// A sleep that is longer would overflow a timer's clock.
const LONGEST_SLEEP: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Keeps the node's certificate fresh.
pub(crate) struct Renewals {
    pub(crate) identity: CurrentIdentity,
    pub(crate) directory: PathBuf,
    pub(crate) controllers: Controllers,
    /// Notified when a controller asks for a renewal.
    pub(crate) asked: std::sync::Arc<Notify>,
    /// How this node gets a certificate although its last one has expired; `None` if it cannot.
    pub(crate) anew: Option<Renewer>,
}

/// A renewal that failed.
#[derive(Debug, thiserror::Error)]
enum RenewalError {
    #[error("the certificate is due for renewal, and no controller is there")]
    Away,
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
    fn verdict(&self) -> Option<LinkError> {
        match self {
            Self::Refused(status) if status.code() == tonic::Code::PermissionDenied => {
                Some(LinkError::Rejected { reason: status.message().to_owned(), judge: Judge::Fleet })
            }
            _ => None,
        }
    }
}

impl Renewals {
    /// Renews in time and on demand, until told to stop.
    ///
    /// # Errors
    ///
    /// The fleet does not renew, or the certificate ran out and there is no way to a new one.
    pub(crate) async fn run(&self, stop: &CancellationToken) -> Result<(), LinkError> {
        let mut due = due(&self.identity.get());
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.asked.notified() => {}
                () = due.as_mut() => {}
            }
            let renewed = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                renewed = self.renew() => renewed,
            };
            due = match renewed {
                Ok(()) => self::due(&self.identity.get()),
                Err(error) => match error.verdict() {
                    Some(verdict) => return Err(verdict),
                    None => self.after(&error, stop).await?,
                },
            };
        }
    }

    /// When to try again after `error`; an expired certificate is replaced, if there is a way.
    async fn after(
        &self,
        error: &RenewalError,
        stop: &CancellationToken,
    ) -> Result<Pin<Box<Sleep>>, LinkError> {
        let identity = self.identity.get();
        if identity.has_expired() {
            let Some(anew) = &self.anew else { return Err(expired(&identity)) };
            tracing::warn!("{error}, and it has expired; this node enrols again, its replicas keep running");
            let enrolled = anew.enrol(stop).await;
            // Told to stop, it has not been turned away.
            if !stop.is_cancelled() {
                self.put_in_force(enrolled?).await?;
            }
            return Ok(due(&self.identity.get()));
        }
        tracing::warn!(retry_in_s = RETRY.as_secs(), "{error}");
        Ok(Box::pin(tokio::time::sleep(RETRY)))
    }

    /// An identity of the same node replaces the one in force; another node's needs a fresh start.
    async fn put_in_force(&self, identity: Identity) -> Result<(), LinkError> {
        let same = self.identity.get().facts.node_id == identity.facts.node_id;
        if let Err(error) = self.store(&identity).await {
            tracing::error!("{error}");
        }
        if same {
            self.identity.replace(identity);
            return Ok(());
        }
        let reason = "the fleet enrolled this node under a new id".to_owned();
        Err(LinkError::Rejected { reason, judge: Judge::Fleet })
    }

    /// Asks the controllers in turn; the first one that renews is enough.
    async fn renew(&self) -> Result<(), RenewalError> {
        let mut last = RenewalError::Away;
        for channel in self.controllers.channels() {
            match self.renew_by(channel).await {
                Ok(()) => return Ok(()),
                Err(error) if error.verdict().is_some() => return Err(error),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Fetches a certificate for a new key, and has both on disk before they are used.
    async fn renew_by(&self, channel: Channel) -> Result<(), RenewalError> {
        let identity = self.identity.get();
        let key = KeyAndRequest::generate().map_err(IdentityError::from)?;
        let mut request = tonic::Request::new(RenewRequest { csr_der: key.csr_der });
        request.set_timeout(CALL_TIMEOUT);
        let answer = AgentServiceClient::new(channel).renew(request).await.map_err(RenewalError::Refused)?;
        let chain =
            answer.into_inner().certificate.map(|certificate| certificate.chain_der).unwrap_or_default();
        let facts =
            NodeFacts { certified_at_unix_s: jiff::Timestamp::now().as_second(), ..identity.facts.clone() };
        let renewed = Identity::from_answer(facts, identity.authority_pem.clone(), &chain, key.key_pem)?;
        self.store(&renewed).await?;
        tracing::info!(not_after_unix_s = renewed.validity.not_after_unix_s, "certificate renewed");
        self.identity.replace(renewed);
        Ok(())
    }

    async fn store(&self, identity: &Identity) -> Result<(), RenewalError> {
        let (stored, directory) = (identity.clone(), self.directory.clone());
        tokio::task::spawn_blocking(move || stored.store(&directory))
            .await
            .map_err(|_| RenewalError::Stopped)??;
        Ok(())
    }
}

fn due(identity: &Identity) -> Pin<Box<Sleep>> {
    let now_unix_ms = jiff::Timestamp::now().as_millisecond();
    let due_in = Duration::from_millis(identity.renewal_due_in_ms(now_unix_ms));
    Box::pin(tokio::time::sleep(due_in.min(LONGEST_SLEEP)))
}

fn expired(identity: &Identity) -> LinkError {
    let at = jiff::Timestamp::from_second(identity.validity.not_after_unix_s)
        .map_or_else(|_| "?".into(), |at| at.to_string());
    LinkError::Rejected {
        reason: format!("it expired at {at} and could not be renewed"),
        judge: Judge::Handshake,
    }
}

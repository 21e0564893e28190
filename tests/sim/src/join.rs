//! Becoming nodes: a join token for each, made by the admin key, for a certificate.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloister_api::{JoinToken, JoinTokenRequest, paths};
use cloister_proto::agent::v1::EnrolRequest;
use cloister_proto::agent::v1::enrolment_service_client::EnrolmentServiceClient;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tonic::{Code, Status};

use crate::backoff::Backoff;
use crate::error::SimError;
use crate::identity::{Door, Identity, KeyAndRequest};
use crate::limits::{CALL_TIMEOUT, ENROLMENT_ATTEMPTS};
use crate::profile::Profile;

const TOKEN_PREFIX: &str = "cjt1.";

/// Enrols nodes.
pub(crate) struct Registrar {
    http: reqwest::Client,
    /// Without a slash at its end.
    url: String,
    key: SecretString,
    door: Door,
}

/// The part of a join token that the controller exchanges; address and authority are known already.
#[derive(Deserialize)]
struct TokenJson {
    secret: String,
}

/// One attempt failed.
enum Failed {
    /// Another one may go well.
    Now(String),
    /// The answer to an enrolment was lost: the node may be enrolled, with a certificate that nobody holds.
    Unanswered(String),
    /// Another node has the name.
    NameTaken(String),
    ForGood(SimError),
}

impl Registrar {
    /// # Errors
    /// The TLS library cannot be set up.
    pub(crate) fn new(http_url: &str, key: SecretString, door: Door) -> Result<Self, SimError> {
        let http = reqwest::Client::builder().timeout(CALL_TIMEOUT).build().map_err(SimError::HttpClient)?;
        Ok(Self { http, url: http_url.trim_end_matches('/').to_owned(), key, door })
    }

    /// Enrols one node, with a token of its own for each attempt.
    ///
    /// # Errors
    /// The controller refuses, or does not answer for long.
    pub(crate) async fn enrol(&self, profile: &Profile) -> Result<Identity, SimError> {
        let (mut backoff, mut chance) = (Backoff::default(), profile.chance.clone());
        let (mut last, mut unanswered) = (String::new(), false);
        for _ in 0..ENROLMENT_ATTEMPTS {
            last = match self.attempt(profile).await {
                Ok(identity) => return Ok(identity),
                Err(Failed::ForGood(error)) => return Err(error),
                // Only a node that this very run may have enrolled.
                Err(Failed::NameTaken(why)) if unanswered => {
                    self.revoke(&profile.name).await;
                    why
                }
                Err(Failed::NameTaken(why)) => return Err(enrolment(&profile.name, why)),
                Err(Failed::Unanswered(why)) => {
                    unanswered = true;
                    why
                }
                Err(Failed::Now(why)) => why,
            };
            let wait: Duration = backoff.next_wait(&mut chance);
            tracing::info!(node = profile.name, retry_in_ms = wait.as_millis(), "cannot enrol yet: {last}");
            tokio::time::sleep(wait).await;
        }
        Err(enrolment(&profile.name, last))
    }

    async fn attempt(&self, profile: &Profile) -> Result<Identity, Failed> {
        let secret = self.join_token().await?;
        let refused = |why: String| Failed::ForGood(enrolment(&profile.name, why));
        let key = KeyAndRequest::generate().map_err(|error| refused(error.to_string()))?;
        let channel = self.door.connect(None).await.map_err(|error| Failed::Now(innermost(&error)))?;
        // A field that this program does not set may be added to the message at any time.
        #[allow(clippy::needless_update)]
        let mut request = tonic::Request::new(EnrolRequest {
            token_secret: secret.expose_secret().to_owned(),
            csr_der: key.csr_der.clone(),
            node_name: profile.name.clone(),
            locality: Some(profile.locality.clone()),
            ..EnrolRequest::default()
        });
        request.set_timeout(CALL_TIMEOUT);
        let answer = EnrolmentServiceClient::new(channel).enrol(request).await;
        let answer = answer.map_err(|status| judge(&profile.name, &status))?.into_inner();
        let certificate =
            answer.certificate.ok_or_else(|| refused("the answer holds no certificate".into()))?;
        Ok(key.certified(certificate, jiff::Timestamp::now().as_second()))
    }

    /// Frees the name. If it cannot, the next attempt says so.
    async fn revoke(&self, name: &str) {
        let url = format!("{}{}", self.url, paths::node_revocation(name));
        if let Err(error) = self.http.post(url).bearer_auth(self.key.expose_secret()).send().await {
            tracing::warn!(node = name, "cannot be revoked: {}", innermost(&error));
        }
    }

    async fn join_token(&self) -> Result<SecretString, Failed> {
        let url = format!("{}{}", self.url, paths::JOIN_TOKENS);
        let request = self.http.post(&url).bearer_auth(self.key.expose_secret());
        let answer = request.json(&JoinTokenRequest::default()).send().await;
        let answer = answer.map_err(|error| Failed::Now(innermost(&error)))?;
        let status = answer.status();
        let refused = |why: String| SimError::JoinToken { url: url.clone(), why };
        if status.is_server_error() {
            return Err(Failed::Now(refused(status.to_string()).to_string()));
        }
        if !status.is_success() {
            let why = answer.text().await.unwrap_or_default();
            return Err(Failed::ForGood(refused(format!("{status}: {why}"))));
        }
        let token: JoinToken = answer.json().await.map_err(|error| Failed::Now(innermost(&error)))?;
        secret_of(&token.token).ok_or_else(|| Failed::ForGood(refused("it is of an unknown kind".into())))
    }
}

fn secret_of(token: &str) -> Option<SecretString> {
    let json = URL_SAFE_NO_PAD.decode(token.strip_prefix(TOKEN_PREFIX)?.trim_end_matches('=')).ok()?;
    serde_json::from_slice::<TokenJson>(&json).ok().map(|token| token.secret.into())
}

fn judge(name: &str, status: &Status) -> Failed {
    let why = format!("{:?}: {}", status.code(), status.message());
    match status.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::Unknown | Code::Cancelled | Code::Aborted => {
            Failed::Unanswered(why)
        }
        Code::AlreadyExists => Failed::NameTaken(why),
        _ => Failed::ForGood(enrolment(name, why)),
    }
}

fn enrolment(name: &str, why: String) -> SimError {
    SimError::Enrolment { name: name.to_owned(), why }
}

/// What lies at the bottom of a failed call.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text = error.to_string();
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_found_in_a_token_and_in_nothing_else() {
        let encoded = URL_SAFE_NO_PAD.encode(r#"{"url":"https://a:1","ca":"x","secret":"s3cret"}"#);
        let secret = secret_of(&format!("{TOKEN_PREFIX}{encoded}")).unwrap();
        assert_eq!(secret.expose_secret(), "s3cret");
        for bad in ["", "cjt1.", "cjt1.!!", "clk_abc", &encoded] {
            assert!(secret_of(bad).is_none(), "{bad}");
        }
    }
}

//! One repository of one registry.

use cloister_api::ImportReason;
use http_auth::{ChallengeRef, parse_challenges};
use reqwest::header::{ACCEPT, WWW_AUTHENTICATE};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use super::credentials::{self, Credentials};
use super::{Pinned, manifest};
use crate::limits::{OCI_MANIFEST_MAX_BYTES, REGISTRY_TOKEN_MAX_BYTES};
use crate::sources::egress::{client, failed};
use crate::sources::error::{SourceError, shown};
use crate::sources::{ByteStream, SourceSettings, get};

pub(super) struct Registry {
    settings: SourceSettings,
    client: Client,
    /// `https://registry/v2/repository/`
    base: Url,
    registry: String,
    repository: String,
    /// What the last challenge was answered with.
    authorization: Mutex<Option<Authorization>>,
}

#[derive(Clone)]
enum Authorization {
    Bearer(SecretString),
    Basic(Credentials),
}

/// A token service's answer.
#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Registry {
    pub(super) fn new(settings: &SourceSettings, pinned: &Pinned) -> Result<Self, SourceError> {
        let (registry, repository) = (pinned.registry.clone(), pinned.repository.clone());
        let url = |scheme: &str| {
            Url::parse(&format!("{scheme}://{registry}/v2/{repository}/")).map_err(|error| {
                SourceError::invalid(format!("the registry {} is no host: {error}", shown(&registry)))
            })
        };
        let mut base = url("https")?;
        if settings.egress.may_be_plain(&base) {
            base = url("http")?;
        }
        settings.egress.check(&base)?;
        let client = client(&settings.egress, settings.options.registry_ca.as_deref())?;
        let authorization = Mutex::new(None);
        Ok(Self { settings: settings.clone(), client, base, registry, repository, authorization })
    }

    /// The manifest's bytes, which have the digest.
    pub(super) async fn manifest(&self, digest: &str) -> Result<Vec<u8>, SourceError> {
        let url = self.url(&format!("manifests/{digest}"))?;
        let response =
            self.send("manifest", || self.client.get(url.clone()).header(ACCEPT, manifest::ACCEPTED)).await?;
        let bytes = get::bounded(response, OCI_MANIFEST_MAX_BYTES, "the manifest").await?;
        match manifest::sha256_of(digest) == Some(Sha256::digest(&bytes).into()) {
            true => Ok(bytes),
            false => Err(SourceError::new(
                ImportReason::SourceDigest,
                "the registry answered with a manifest of another digest; it is damaged, or somebody altered it",
            )),
        }
    }

    /// A blob's bytes from an offset on. Whoever reads them checks their digest.
    pub(super) async fn blob(&self, digest: &str, offset_bytes: u64) -> Result<ByteStream, SourceError> {
        let url = self.url(&format!("blobs/{digest}"))?;
        let response =
            self.send("layer", || get::from_offset(self.client.get(url.clone()), offset_bytes)).await?;
        get::body_from(response, offset_bytes)
    }

    fn url(&self, rest: &str) -> Result<Url, SourceError> {
        // A digest has a colon, which would be a scheme's in a relative reference: hence the path before it.
        self.base
            .join(rest)
            .map_err(|error| SourceError::invalid(format!("the reference is no URL: {error}")))
    }

    /// Sends a request; answers a challenge once.
    async fn send(&self, what: &str, request: impl Fn() -> RequestBuilder) -> Result<Response, SourceError> {
        let known = self.authorization.lock().await.clone();
        let response = attempt(request(), known.as_ref()).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return get::succeeded(response, what);
        }
        let Some(answer) = self.answer(&response).await? else { return get::succeeded(response, what) };
        *self.authorization.lock().await = Some(answer.clone());
        get::succeeded(attempt(request(), Some(&answer)).await?, what)
    }

    /// What to send in answer to a challenge; `None` if there is nothing.
    async fn answer(&self, response: &Response) -> Result<Option<Authorization>, SourceError> {
        let credentials = self.credentials().await?;
        for header in response.headers().get_all(WWW_AUTHENTICATE) {
            let Some(challenges) = header.to_str().ok().and_then(|text| parse_challenges(text).ok()) else {
                continue;
            };
            for challenge in challenges {
                if challenge.scheme.eq_ignore_ascii_case("bearer") {
                    return self.token(&challenge, credentials.as_ref()).await.map(Some);
                }
                if challenge.scheme.eq_ignore_ascii_case("basic") {
                    return Ok(credentials.map(Authorization::Basic));
                }
            }
        }
        Ok(None)
    }

    async fn credentials(&self) -> Result<Option<Credentials>, SourceError> {
        match &self.settings.options.registry_auth {
            Some(path) => credentials::read(path, &self.registry).await,
            None => Ok(None),
        }
    }

    /// Asks the token service that the registry names, which must be a host that may be asked.
    async fn token(
        &self,
        challenge: &ChallengeRef<'_>,
        credentials: Option<&Credentials>,
    ) -> Result<Authorization, SourceError> {
        let parameter = |name: &str| {
            let found = challenge.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_unescaped())
        };
        let realm = parameter("realm").unwrap_or_default();
        let mut url = Url::parse(&realm).map_err(|error| {
            SourceError::invalid(format!("the registry's token service has no URL: {error}"))
        })?;
        self.settings.egress.check(&url)?;
        if url.scheme() != self.base.scheme() && url.scheme() != "https" {
            return Err(SourceError::not_allowed(
                "the registry sends credentials on to an unencrypted service",
            ));
        }
        let scope = format!("repository:{}:pull", self.repository);
        if let Some(service) = parameter("service") {
            url.query_pairs_mut().append_pair("service", &service);
        }
        url.query_pairs_mut().append_pair("scope", &scope);
        let basic = credentials.cloned().map(Authorization::Basic);
        let response = get::succeeded(attempt(self.client.get(url), basic.as_ref()).await?, "token")?;
        let body =
            zeroize::Zeroizing::new(get::bounded(response, REGISTRY_TOKEN_MAX_BYTES, "the token").await?);
        let token: Token = serde_json::from_slice(&body)
            .map_err(|_| SourceError::invalid("the registry's token service did not answer with a token"))?;
        let token = token.token.or(token.access_token);
        token
            .map(|token| Authorization::Bearer(token.into()))
            .ok_or_else(|| SourceError::invalid("the registry's token service did not answer with a token"))
    }
}

async fn attempt(
    request: RequestBuilder,
    authorization: Option<&Authorization>,
) -> Result<Response, SourceError> {
    let request = match authorization {
        Some(Authorization::Bearer(token)) => request.bearer_auth(token.expose_secret()),
        Some(Authorization::Basic(credentials)) => {
            request.basic_auth(&credentials.user, Some(credentials.password.expose_secret()))
        }
        None => request,
    };
    request.send().await.map_err(|error| failed(&error))
}

//! One identity provider: where its endpoints are and which keys it signs with, read from itself and kept for a while
//! (OpenID Connect Discovery 1.0, section 4).

use std::sync::Arc;
use std::time::{Duration, Instant};

use cloister_api::{GroupRolesInForce, IdentityProviderInForce};
use jsonwebtoken::jwk::JwkSet;
use oauth2::{ClientId, ClientSecret, RedirectUrl};
use reqwest::{Certificate, Client, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use super::ProviderError;
use super::settings::{IssuerSettings, OidcError};

/// What was read is read again after this.
const KNOWN_FOR: Duration = Duration::from_secs(600);
/// Keys that a token names and nobody knows are looked for no more often.
const AGAIN_AFTER: Duration = Duration::from_secs(2);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_MAX_BYTES: usize = 1024 * 1024;

pub(crate) struct Provider {
    pub(super) settings: IssuerSettings,
    pub(super) client_id: ClientId,
    secret: Option<SecretString>,
    pub(super) redirect: RedirectUrl,
    public_url: String,
    http: Client,
    known: Mutex<Option<Known>>,
}

/// What a provider says about itself, as far as it is used.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    pub(super) authorization_endpoint: oauth2::AuthUrl,
    pub(super) token_endpoint: oauth2::TokenUrl,
    jwks_uri: Url,
    pub(super) end_session_endpoint: Option<Url>,
    #[serde(default)]
    pub(super) token_endpoint_auth_methods_supported: Vec<String>,
}

#[derive(Clone)]
pub(super) struct Known {
    pub(super) metadata: Arc<Metadata>,
    pub(super) keys: Arc<JwkSet>,
    read_at: Instant,
}

impl Provider {
    pub(super) fn new(settings: IssuerSettings, public_url: &str) -> Result<Self, OidcError> {
        let callback = format!("{public_url}{}", cloister_api::paths::session_oidc_callback(&settings.id));
        let invalid = |why: String| OidcError::Invalid { path: callback.clone().into(), why };
        let redirect = RedirectUrl::new(callback.clone()).map_err(|error| invalid(error.to_string()))?;
        let secret = settings.client_secret_file.as_deref().map(read_secret).transpose()?;
        let http = http_client(&settings)?;
        let client_id = ClientId::new(settings.client_id.clone());
        let public_url = public_url.to_owned();
        Ok(Self { settings, client_id, secret, redirect, public_url, http, known: Mutex::new(None) })
    }

    /// In addresses and names.
    pub(crate) fn id(&self) -> &str {
        &self.settings.id
    }

    /// What people call it.
    pub(crate) fn name(&self) -> &str {
        &self.settings.name
    }

    /// As its tokens name it.
    pub(crate) fn url(&self) -> &str {
        &self.settings.url
    }

    /// How often a person who is signed in is asked for.
    pub(crate) fn recheck(&self) -> Duration {
        self.settings.recheck
    }

    /// Whether browsers reach the console over TLS, whoever ends it.
    pub(crate) fn is_reached_over_tls(&self) -> bool {
        self.public_url.starts_with("https:")
    }

    /// As it is configured, for people.
    pub(crate) fn in_force(&self) -> IdentityProviderInForce {
        let groups = self.settings.roles.iter();
        let groups = groups
            .map(|rule| GroupRolesInForce {
                group: rule.group.clone(),
                roles: rule.roles.clone(),
                tenant: rule.tenant.clone(),
            })
            .collect();
        IdentityProviderInForce {
            id: self.id().to_owned(),
            name: self.name().to_owned(),
            url: self.url().to_owned(),
            client_id: self.settings.client_id.clone(),
            recheck_s: self.recheck().as_secs(),
            groups,
        }
    }

    pub(super) fn client_secret(&self) -> Option<ClientSecret> {
        self.secret.as_ref().map(|secret| ClientSecret::new(secret.expose_secret().to_owned()))
    }

    /// Where the browser goes to end its session at the provider, too (OpenID Connect RP-Initiated Logout 1.0).
    pub(crate) async fn logout_url(&self, id_token: &SecretString) -> Option<String> {
        let mut url = self.known().await.ok()?.metadata.end_session_endpoint.clone()?;
        url.query_pairs_mut()
            .append_pair("id_token_hint", id_token.expose_secret())
            .append_pair("client_id", &self.client_id)
            .append_pair("post_logout_redirect_uri", &format!("{}/console/login", self.public_url));
        Some(url.into())
    }

    /// One reads at a time; the others get what it read.
    pub(super) async fn known(&self) -> Result<Known, ProviderError> {
        let mut known = self.known.lock().await;
        match known.as_ref().filter(|known| known.read_at.elapsed() < KNOWN_FOR) {
            Some(known) => Ok(known.clone()),
            None => Ok(known.insert(self.read().await?).clone()),
        }
    }

    /// After a token named a key that `seen` does not have: the provider may have changed its keys.
    pub(super) async fn known_anew(&self, seen: &Known) -> Result<Known, ProviderError> {
        let mut known = self.known.lock().await;
        match known.as_ref() {
            Some(newer) if newer.read_at > seen.read_at => Ok(newer.clone()),
            Some(same) if same.read_at.elapsed() < AGAIN_AFTER => Ok(same.clone()),
            _ => Ok(known.insert(self.read().await?).clone()),
        }
    }

    async fn read(&self) -> Result<Known, ProviderError> {
        let url = format!("{}/.well-known/openid-configuration", self.settings.url.trim_end_matches('/'));
        let url = Url::parse(&url).map_err(|error| ProviderError::unavailable(error.to_string()))?;
        let metadata: Metadata = self.get(url).await?;
        if metadata.issuer != self.settings.url {
            let why =
                format!("it calls itself {:?}, and the configuration has {:?}", metadata.issuer, self.url());
            return Err(ProviderError::unavailable(why));
        }
        let keys = self.get(metadata.jwks_uri.clone()).await?;
        Ok(Known { metadata: Arc::new(metadata), keys: Arc::new(keys), read_at: Instant::now() })
    }

    async fn get<T: DeserializeOwned>(&self, url: Url) -> Result<T, ProviderError> {
        let path = url.path().to_owned();
        let request = self.http.get(url).build().map_err(|error| unreachable(&error))?;
        let (status, body) = self.execute(request).await?;
        if !status.is_success() {
            return Err(ProviderError::unavailable(format!("{path} answers {status}")));
        }
        serde_json::from_slice(&body)
            .map_err(|error| ProviderError::unavailable(format!("{path} cannot be read: {error}")))
    }

    pub(super) async fn send(
        &self,
        request: oauth2::HttpRequest,
    ) -> Result<oauth2::HttpResponse, ProviderError> {
        let request = reqwest::Request::try_from(request).map_err(|error| unreachable(&error))?;
        let (status, body) = self.execute(request).await?;
        // Some trouble of the provider's, whatever the page says.
        if status.is_server_error() {
            return Err(ProviderError::unavailable(format!("the token endpoint answers {status}")));
        }
        let mut response = oauth2::HttpResponse::new(body);
        *response.status_mut() = status;
        let json = http::HeaderValue::from_static("application/json");
        response.headers_mut().insert(http::header::CONTENT_TYPE, json);
        Ok(response)
    }

    async fn execute(&self, request: reqwest::Request) -> Result<(http::StatusCode, Vec<u8>), ProviderError> {
        let mut response = self.http.execute(request).await.map_err(|error| unreachable(&error))?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
            if body.len().saturating_add(chunk.len()) > ANSWER_MAX_BYTES {
                return Err(ProviderError::unavailable("its answer is longer than 1 MiB"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((response.status(), body))
    }
}

/// Without the URL, which may hold a code.
fn unreachable(error: &reqwest::Error) -> ProviderError {
    let mut cause = std::error::Error::source(error);
    let mut why = "the request failed".to_owned();
    while let Some(next) = cause {
        why = next.to_string();
        cause = next.source();
    }
    ProviderError::Unavailable(why)
}

fn http_client(settings: &IssuerSettings) -> Result<Client, OidcError> {
    let builder = Client::builder()
        // An endpoint is where the provider says that it is.
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .user_agent(concat!("cloister-controller/", env!("CARGO_PKG_VERSION")));
    let Some(path) = &settings.ca_file else { return build(builder, "the system's certificates".into()) };
    let pem = std::fs::read(path)
        .map_err(|error| OidcError::Unreadable { path: path.clone(), why: error.to_string() })?;
    let certificates = Certificate::from_pem_bundle(&pem)
        .map_err(|error| OidcError::Invalid { path: path.clone(), why: error.to_string() })?;
    build(builder.tls_certs_merge(certificates), path.clone())
}

fn build(builder: reqwest::ClientBuilder, path: std::path::PathBuf) -> Result<Client, OidcError> {
    builder.build().map_err(|error| OidcError::Invalid { path, why: error.to_string() })
}

fn read_secret(path: &std::path::Path) -> Result<SecretString, OidcError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| OidcError::Unreadable { path: path.to_owned(), why: error.to_string() })?;
    match text.trim() {
        "" => Err(OidcError::Invalid { path: path.to_owned(), why: "it is empty".to_owned() }),
        secret => Ok(SecretString::from(secret)),
    }
}

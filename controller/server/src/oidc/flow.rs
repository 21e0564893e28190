//! The authorization code flow with one provider (OpenID Connect Core 1.0, sections 3.1 and 12).

use std::fmt::Debug;
use std::pin::Pin;

use cloister_api::FleetRole;
use cloister_store::Identity;
use oauth2::basic::{
    BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse, BasicTokenType,
};
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, Client, CsrfToken, EndpointNotSet, EndpointSet,
    ExtraTokenFields, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RefreshToken,
    RequestTokenError, Scope, StandardRevocableToken, StandardTokenIntrospectionResponse,
    StandardTokenResponse, TokenResponse as _,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::id_token::{Claims, Expected, Unfit, verify};
use super::provider::{Known, Provider};
use super::{Attempt, ProviderError, person};

const SCOPES: [&str; 3] = ["openid", "profile", "email"];

/// What a provider says of somebody.
#[derive(Debug)]
pub(crate) struct Vouched {
    pub(crate) identity: Identity,
    pub(crate) name: String,
    /// Those that the person's groups have here; none is possible.
    pub(crate) roles: Vec<FleetRole>,
    /// Where the groups put the person; `None`: among the fleet's own people.
    pub(crate) tenant: Option<String>,
    pub(crate) tokens: Tokens,
}

/// What the provider is asked with later.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) refresh: Option<SecretString>,
    pub(crate) id: SecretString,
}

/// What OpenID Connect adds to the answer of a token endpoint.
#[derive(Serialize, Deserialize)]
struct IdToken {
    id_token: Option<String>,
}

impl Debug for IdToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdToken")
    }
}

impl ExtraTokenFields for IdToken {}

type Answer = StandardTokenResponse<IdToken, BasicTokenType>;
type Flow = Client<
    BasicErrorResponse,
    Answer,
    StandardTokenIntrospectionResponse<IdToken, BasicTokenType>,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// The library knows the flow; it knows no HTTP.
impl<'a> AsyncHttpClient<'a> for Provider {
    type Error = ProviderError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, ProviderError>> + Send + 'a>>;

    fn call(&'a self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

impl Provider {
    /// Where the browser is sent to sign in.
    pub(crate) async fn authorization_url(&self, attempt: &Attempt) -> Result<String, ProviderError> {
        let known = self.known().await?;
        let flow = self.flow(&known);
        let verifier = PkceCodeVerifier::new(attempt.pkce_verifier());
        let scopes = SCOPES.into_iter().chain(self.settings.scopes.iter().map(String::as_str));
        let request = flow
            .authorize_url(|| CsrfToken::new(attempt.state()))
            .add_scopes(scopes.map(|scope| Scope::new(scope.to_owned())))
            .add_extra_param("nonce", attempt.nonce())
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        Ok(request.url().0.into())
    }

    /// Takes the code that the browser brought for what the provider says of the person.
    pub(crate) async fn redeem(&self, attempt: &Attempt, code: String) -> Result<Vouched, ProviderError> {
        let known = self.known().await?;
        let flow = self.flow(&known);
        let request = flow
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(attempt.pkce_verifier()));
        let answer = request.request_async(self).await.map_err(told)?;
        let token = answer.extra_fields().id_token.clone();
        let token = token.ok_or_else(|| ProviderError::not_verified("there is no ID token in it"))?;
        let claims = self.verified(known, &token, Some(&attempt.nonce())).await?;
        Ok(self.vouched(claims, token.into(), refresh_token(&answer)))
    }

    /// Asks whether the person is still good, and for the groups of now.
    pub(crate) async fn renew(&self, tokens: &Tokens, subject: &str) -> Result<Vouched, ProviderError> {
        let Some(refresh) = &tokens.refresh else {
            return Err(ProviderError::Refused("there is no refresh token".to_owned()));
        };
        let known = self.known().await?;
        let flow = self.flow(&known);
        let refresh = RefreshToken::new(refresh.expose_secret().to_owned());
        let answer = flow.exchange_refresh_token(&refresh).request_async(self).await.map_err(told)?;
        // A provider may leave it out (section 12.2), but then says nothing about groups: that is not enough.
        let token = answer.extra_fields().id_token.clone();
        let token = token.ok_or_else(|| ProviderError::not_verified("a refresh brings no ID token"))?;
        let claims = self.verified(known, &token, None).await?;
        if claims.subject != subject {
            return Err(ProviderError::not_verified("a refresh brings the token of another person"));
        }
        // Without a new one the one before stays good (RFC 6749, section 6).
        let next = refresh_token(&answer).unwrap_or_else(|| refresh.into_secret().into());
        Ok(self.vouched(claims, token.into(), Some(next)))
    }

    async fn verified(
        &self,
        known: Known,
        token: &str,
        nonce: Option<&str>,
    ) -> Result<Claims, ProviderError> {
        let expected = Expected { issuer: self.url(), client_id: &self.client_id, nonce };
        match verify(token, &known.keys, expected) {
            Err(Unfit::UnknownKey) => {
                let anew = self.known_anew(&known).await?;
                Ok(verify(token, &anew.keys, expected)?)
            }
            judged => Ok(judged?),
        }
    }

    fn vouched(&self, claims: Claims, id: SecretString, refresh: Option<SecretString>) -> Vouched {
        let (roles, tenant) = person::place(&self.settings, &claims.all);
        Vouched {
            name: person::name(&self.settings, &claims.subject, &claims.all),
            roles,
            tenant,
            identity: Identity { issuer: self.url().to_owned(), subject: claims.subject },
            tokens: Tokens { refresh, id },
        }
    }

    fn flow(&self, known: &Known) -> Flow {
        let metadata = &known.metadata;
        // Section 9: basic, unless the provider lists its methods without it.
        let methods = &metadata.token_endpoint_auth_methods_supported;
        let basic = methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic");
        let flow = Client::new(self.client_id.clone())
            .set_auth_type(if basic { AuthType::BasicAuth } else { AuthType::RequestBody })
            .set_auth_uri(metadata.authorization_endpoint.clone())
            .set_token_uri(metadata.token_endpoint.clone())
            .set_redirect_uri(self.redirect.clone());
        match self.client_secret() {
            Some(secret) => flow.set_client_secret(secret),
            None => flow,
        }
    }
}

fn refresh_token(answer: &Answer) -> Option<SecretString> {
    answer.refresh_token().map(|token| SecretString::from(token.secret().to_owned()))
}

/// The library's error without what the provider wrote, but for the code that the standard has for it.
fn told(error: RequestTokenError<ProviderError, BasicErrorResponse>) -> ProviderError {
    match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::ServerResponse(response) => match response.error() {
            BasicErrorResponseType::Extension(other) if is_passing(other) => {
                ProviderError::unavailable("the token endpoint says that it cannot answer now")
            }
            BasicErrorResponseType::Extension(_) => {
                ProviderError::Refused("for a reason of its own".to_owned())
            }
            known => ProviderError::Refused(known.to_string()),
        },
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            ProviderError::not_verified("the token endpoint's answer cannot be read")
        }
    }
}

fn is_passing(code: &str) -> bool {
    matches!(code, "temporarily_unavailable" | "server_error")
}

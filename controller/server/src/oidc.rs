//! Signing in with an identity provider: OpenID Connect Core 1.0, authorization code flow (section 3.1) with PKCE
//! (RFC 7636). What a provider says of a person is decided on in `api::operations::session`.

mod attempt;
mod error;
mod flow;
mod id_token;
mod person;
mod provider;
mod sealed;
mod settings;

use std::sync::Arc;

pub(crate) use attempt::Attempt;
pub(crate) use error::ProviderError;
pub(crate) use flow::{Tokens, Vouched};
pub(crate) use provider::Provider;
pub(crate) use sealed::{open, seal};
pub use settings::{OidcError, OidcFile};

/// The identity providers that people may sign in with; none unless a file names them.
#[derive(Clone, Default)]
pub struct Oidc {
    providers: Vec<Arc<Provider>>,
}

impl Oidc {
    /// # Errors
    /// A certificate or secret that the file names cannot be used.
    pub fn new(file: OidcFile) -> Result<Self, OidcError> {
        let public_url = file.public_url();
        let providers =
            file.issuers.into_iter().map(|issuer| Provider::new(issuer, &public_url).map(Arc::new));
        Ok(Self { providers: providers.collect::<Result<_, _>>()? })
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Provider> {
        self.providers.iter().map(AsRef::as_ref)
    }

    /// By its id in addresses.
    pub(crate) fn find(&self, id: &str) -> Option<&Arc<Provider>> {
        self.providers.iter().find(|provider| provider.id() == id)
    }

    /// By its URL, as accounts name it.
    pub(crate) fn of_issuer(&self, url: &str) -> Option<&Arc<Provider>> {
        self.providers.iter().find(|provider| provider.url() == url)
    }
}

//! The way out: which hosts may be spoken to, and the one kind of HTTP client that speaks to them.
//! The check stands before every request and before every redirect.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use cloister_api::ImportReason;
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Certificate, Client, Url};

use super::error::{SourceError, shown};
use crate::limits::{SOURCE_CONNECT_TIMEOUT, SOURCE_PAUSE_MAX, SOURCE_REDIRECTS_MAX};

/// A host, with a port or for all of its ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    /// Lower case, without brackets.
    host: String,
    port: Option<u16>,
}

/// It names no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no host; write a name or an address, optionally with a port: registry.example:5000")]
pub struct AllowedHostError(String);

impl FromStr for AllowedHost {
    type Err = AllowedHostError;

    fn from_str(text: &str) -> Result<Self, AllowedHostError> {
        let wrong = || AllowedHostError(text.chars().take(120).collect());
        // The parser that later takes sources apart decides what a host is.
        let url = Url::parse(&format!("https://{text}/")).map_err(|_| wrong())?;
        let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let no_user = url.username().is_empty() && url.password().is_none();
        let host = url.host_str().filter(|_| plain && no_user && !text.ends_with('/')).ok_or_else(wrong)?;
        // The scheme's own port would be swallowed by the parser.
        let port = if text.ends_with(":443") { Some(443) } else { url.port() };
        Ok(Self { host: bare(host), port })
    }
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

impl AllowedHost {
    fn covers(&self, host: &str, port: Option<u16>) -> bool {
        self.host == bare(host) && (self.port.is_none() || self.port == port)
    }
}

fn bare(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase()
}

/// Where requests may go.
#[derive(Debug, Default)]
pub(super) struct Egress {
    allowed: Vec<AllowedHost>,
    plaintext: Vec<AllowedHost>,
}

impl Egress {
    pub(super) fn new(allowed: Vec<AllowedHost>, plaintext: Vec<AllowedHost>) -> Self {
        Self { allowed, plaintext }
    }

    /// Whether `url` may be asked.
    pub(super) fn check(&self, url: &Url) -> Result<(), SourceError> {
        let (Some(host), port) = (url.host_str(), url.port_or_known_default()) else {
            return Err(SourceError::not_allowed("the source names no host"));
        };
        if !self.allowed.iter().any(|allowed| allowed.covers(host, port)) {
            return Err(SourceError::not_allowed(format!(
                "the controller may not fetch from {}: nothing leaves unless it is told; start it with --source-allow {}",
                shown(host),
                bare(host)
            )));
        }
        match url.scheme() {
            "https" => Ok(()),
            "http" if self.may_be_plain(url) => Ok(()),
            scheme => Err(SourceError::not_allowed(format!(
                "the controller does not speak {} to {}: use https, or name a registry with --registry-insecure",
                shown(scheme),
                shown(host)
            ))),
        }
    }

    /// Whether a registry is spoken to without TLS.
    pub(super) fn may_be_plain(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let loopback = host == "localhost"
            || bare(host).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        loopback || self.plaintext.iter().any(|plain| plain.covers(host, url.port_or_known_default()))
    }

    fn check_redirect(&self, attempt: &Attempt<'_>) -> Result<(), SourceError> {
        if attempt.previous().len() > SOURCE_REDIRECTS_MAX {
            return Err(SourceError::invalid(format!(
                "the source sends on more than {SOURCE_REDIRECTS_MAX} times"
            )));
        }
        if attempt.previous().iter().any(|from| from.scheme() != attempt.url().scheme()) {
            return Err(SourceError::not_allowed("the source sends on from https to another scheme"));
        }
        self.check(attempt.url()).map_err(|error| SourceError {
            detail: format!("the source sends on elsewhere: {}", error.detail),
            ..error
        })
    }
}

/// A client that goes only where it may. `ca` names certificates besides the system's.
pub(super) fn client(egress: &Arc<Egress>, ca: Option<&Path>) -> Result<Client, SourceError> {
    let guard = Arc::clone(egress);
    let policy = Policy::custom(move |attempt| match guard.check_redirect(&attempt) {
        Ok(()) => attempt.follow(),
        Err(error) => attempt.error(error),
    });
    let builder = Client::builder()
        .redirect(policy)
        .connect_timeout(SOURCE_CONNECT_TIMEOUT)
        .read_timeout(SOURCE_PAUSE_MAX)
        .user_agent(concat!("cloister-controller/", env!("CARGO_PKG_VERSION")));
    let builder = match ca {
        Some(path) => builder.tls_certs_merge(certificates(path)?),
        None => builder,
    };
    builder.build().map_err(|error| {
        SourceError::new(
            ImportReason::ControllerFailed,
            format!(
                "no TLS client can be made: {}; give certificates with --source-ca or --registry-ca",
                told(&error)
            ),
        )
    })
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, SourceError> {
    let failed = |why: &dyn fmt::Display| {
        SourceError::new(
            ImportReason::ControllerFailed,
            format!("the certificates in {} cannot be used: {why}", path.display()),
        )
    };
    let pem = std::fs::read(path).map_err(|error| failed(&error))?;
    Certificate::from_pem_bundle(&pem).map_err(|error| failed(&told(&error)))
}

/// An error of the client with its causes, without the URL: that may hold a secret.
pub(super) fn told(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&next.to_string());
        cause = next.source();
    }
    if text.is_empty() { "the request failed".to_owned() } else { text }
}

/// What an error of the client means.
pub(super) fn failed(error: &reqwest::Error) -> SourceError {
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        if let Some(refused) = next.downcast_ref::<SourceError>() {
            return refused.clone();
        }
        cause = next.source();
    }
    SourceError::transient(format!("the source could not be reached or broke off: {}", told(error)))
}

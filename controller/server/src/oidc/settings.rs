//! The file that names identity providers, and whose groups have which roles.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cloister_api::FleetRole;
use reqwest::Url;
use serde::Deserialize;

use crate::options::{duration, is_dns_label};

const ISSUERS_MAX: usize = 16;
const FILE_MAX_BYTES: u64 = 256 * 1024;

/// Why the identity providers cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    #[error("{path} cannot be read: {why}")]
    Unreadable { path: PathBuf, why: String },
    #[error("{path} names identity providers and is not good: {why}")]
    Invalid { path: PathBuf, why: String },
}

/// `--oidc FILE`, in TOML.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcFile {
    /// Where browsers reach the console: scheme, host and port.
    public_url: Url,
    #[serde(rename = "issuer")]
    pub(super) issuers: Vec<IssuerSettings>,
}

/// One identity provider.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IssuerSettings {
    /// In addresses and in names of accounts; `[a-z0-9-]`.
    pub(super) id: String,
    /// On the button.
    pub(super) name: String,
    /// As the provider's tokens have it in `iss`.
    pub(super) url: String,
    pub(super) client_id: String,
    pub(super) client_secret_file: Option<PathBuf>,
    /// Certificates (PEM) that the provider is trusted by, besides the system's.
    pub(super) ca_file: Option<PathBuf>,
    /// Besides `openid profile email`.
    #[serde(default)]
    pub(super) scopes: Vec<String>,
    #[serde(default = "groups")]
    pub(super) groups_claim: String,
    /// How often the provider is asked whether a person who is signed in is still good.
    #[serde(default = "five_minutes", deserialize_with = "time")]
    pub(super) recheck: Duration,
    #[serde(default)]
    pub(super) roles: Vec<GroupRoles>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupRoles {
    pub(super) group: String,
    /// Where people of the group belong; none: to the fleet itself.
    pub(super) tenant: Option<String>,
    pub(super) roles: Vec<FleetRole>,
}

impl OidcFile {
    /// # Errors
    /// The file cannot be read, or says something that cannot be meant.
    pub fn read(path: &Path) -> Result<Self, OidcError> {
        let unreadable = |why: String| OidcError::Unreadable { path: path.to_owned(), why };
        let size_bytes = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
        if size_bytes > FILE_MAX_BYTES {
            return Err(unreadable(format!("it is longer than {FILE_MAX_BYTES} bytes")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        let invalid = |why: String| OidcError::Invalid { path: path.to_owned(), why };
        let file: Self = toml::from_str(&text).map_err(|error| invalid(error.to_string()))?;
        file.check().map_err(invalid)?;
        Ok(file)
    }

    /// Without a slash at its end.
    pub(super) fn public_url(&self) -> String {
        self.public_url.as_str().trim_end_matches('/').to_owned()
    }

    fn check(&self) -> Result<(), String> {
        is_private(&self.public_url).map_err(|why| format!("public_url {why}"))?;
        if !matches!(self.public_url.path(), "" | "/") || self.public_url.query().is_some() {
            return Err("public_url is a scheme, a host and a port: https://cloister.example".to_owned());
        }
        if self.issuers.is_empty() || self.issuers.len() > ISSUERS_MAX {
            return Err(format!("1 to {ISSUERS_MAX} [[issuer]] are needed"));
        }
        for (at, issuer) in self.issuers.iter().enumerate() {
            issuer.check().map_err(|why| format!("issuer {:?}: {why}", issuer.id))?;
            let same = |other: &&IssuerSettings| other.id == issuer.id || other.url == issuer.url;
            if self.issuers.iter().take(at).any(|other| same(&other)) {
                return Err(format!("issuer {:?}: another one has the same id or url", issuer.id));
            }
        }
        Ok(())
    }
}

impl IssuerSettings {
    fn check(&self) -> Result<(), String> {
        if !is_dns_label(&self.id) {
            return Err("id must be 1 to 63 characters of [a-z0-9-]".to_owned());
        }
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > 60 || name.chars().any(char::is_control) {
            return Err("name must be 1 to 60 characters".to_owned());
        }
        let url = Url::parse(&self.url).map_err(|error| format!("url: {error}"))?;
        is_private(&url).map_err(|why| format!("url {why}"))?;
        let (least, most) = (Duration::from_secs(1), Duration::from_secs(86_400));
        if self.recheck < least || self.recheck > most {
            return Err("recheck must be between 1s and 24h".to_owned());
        }
        if let Some(rule) = self.roles.iter().find(|rule| !rule.tenant.as_deref().is_none_or(is_dns_label)) {
            return Err(format!(
                "the tenant of group {:?} must be 1 to 63 characters of [a-z0-9-]",
                rule.group
            ));
        }
        match self.roles.iter().all(|rule| !rule.roles.is_empty()) && !self.roles.is_empty() {
            true => Ok(()),
            false => Err("[[issuer.roles]] must name at least one group, and a role for each".to_owned()),
        }
    }
}

/// Encrypted, or on this machine.
fn is_private(url: &Url) -> Result<(), String> {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let loopback =
        host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => Ok(()),
        "http" if loopback => Ok(()),
        _ => Err(format!("{url} must begin with https://")),
    }
}

fn groups() -> String {
    "groups".to_owned()
}

fn five_minutes() -> Duration {
    Duration::from_secs(300)
}

fn time<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    duration(&String::deserialize(from)?).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests;

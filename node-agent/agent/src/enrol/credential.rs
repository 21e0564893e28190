//! What a node can show to be let in.

use std::path::{Path, PathBuf};

use cloister_proto::agent::v1::Locality;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use zeroize::Zeroizing;

use super::EnrolError;
use crate::limits::{AUTHORITY_MAX_BYTES, SERVICE_ACCOUNT_TOKEN_MAX_BYTES};
use crate::token::JoinToken;

/// A one-time token from an admin, or the token of the pod that the agent runs in.
#[derive(Debug)]
pub(crate) enum Credential {
    Join(JoinToken),
    ServiceAccount(ServiceAccount),
}

/// Everything by name only: kubelet renews what the files hold.
#[derive(Debug, Clone)]
pub(crate) struct ServiceAccount {
    /// A projected token for the audience "cloister-agents".
    pub(crate) token_file: PathBuf,
    /// The fleet's certificate authority, PEM.
    pub(crate) authority_file: PathBuf,
    /// `https://host:port` each; at least one.
    pub(crate) urls: Vec<String>,
}

/// A credential as one attempt presents it.
pub(super) struct Presented {
    pub(super) token_secret: String,
    pub(super) service_account_token: String,
    pub(super) authority_pem: String,
}

impl Credential {
    /// Tells where an identity came from, without keeping a secret: the same credential and the same facts
    /// given again mean "you are in already".
    pub(crate) fn origin(&self, name: &str, locality: &Locality) -> String {
        match self {
            Self::Join(token) => hex::encode(Sha256::digest(token.secret.expose_secret().as_bytes())),
            Self::ServiceAccount(_) => service_account_origin(name, locality),
        }
    }

    pub(super) fn urls(&self) -> &[String] {
        match self {
            Self::Join(token) => std::slice::from_ref(&token.url),
            Self::ServiceAccount(account) => &account.urls,
        }
    }

    pub(super) async fn present(&self) -> Result<Presented, EnrolError> {
        match self {
            Self::Join(token) => Ok(Presented {
                token_secret: token.secret.expose_secret().to_owned(),
                service_account_token: String::new(),
                authority_pem: token.ca_pem.clone(),
            }),
            Self::ServiceAccount(account) => {
                let token = read(&account.token_file, SERVICE_ACCOUNT_TOKEN_MAX_BYTES).await?;
                let authority = read(&account.authority_file, AUTHORITY_MAX_BYTES).await;
                // The first controller of a fleet makes the authority; until then its place is empty.
                let authority =
                    authority.ok().filter(|pem| pem.expose_secret().contains("BEGIN CERTIFICATE"));
                let authority = authority
                    .ok_or_else(|| EnrolError::NoAuthority { path: account.authority_file.clone() })?;
                Ok(Presented {
                    token_secret: String::new(),
                    service_account_token: token.expose_secret().trim().to_owned(),
                    authority_pem: authority.expose_secret().to_owned(),
                })
            }
        }
    }
}

impl Drop for Presented {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.token_secret);
        zeroize::Zeroize::zeroize(&mut self.service_account_token);
    }
}

/// The controller keeps one node per k8s node, so what counts is whether there is news to tell it.
fn service_account_origin(name: &str, locality: &Locality) -> String {
    let labels: std::collections::BTreeMap<_, _> = locality.labels.iter().collect();
    let facts = serde_json::json!([name, locality.region, locality.jurisdiction, labels]);
    format!("kubernetes:{}", hex::encode(Sha256::digest(facts.to_string().as_bytes())))
}

async fn read(path: &Path, max_bytes: u64) -> Result<SecretString, EnrolError> {
    let fail = |source| EnrolError::File { path: path.to_owned(), source };
    let mut bytes = Zeroizing::new(Vec::new());
    let file = tokio::fs::File::open(path).await.map_err(fail)?;
    file.take(max_bytes + 1).read_to_end(&mut bytes).await.map_err(fail)?;
    let too_long = || std::io::Error::other(format!("it has more than {max_bytes} bytes"));
    if bytes.len() as u64 > max_bytes {
        return Err(fail(too_long()));
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| fail(std::io::Error::other(error)))?;
    Ok(SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_about_a_pods_node_make_it_enrol_again_and_the_order_of_labels_is_none() {
        let locality = |rack: &str| Locality {
            jurisdiction: "DE".into(),
            labels: (0..20)
                .map(|index| (format!("label-{index}"), String::new()))
                .chain([("rack".to_owned(), rack.to_owned())])
                .collect(),
            ..Locality::default()
        };
        let origin = service_account_origin("worker-1", &locality("b7"));
        assert_eq!(service_account_origin("worker-1", &locality("b7")), origin);
        assert_ne!(service_account_origin("worker-1", &locality("b8")), origin);
        assert_ne!(service_account_origin("worker-2", &locality("b7")), origin);
    }
}

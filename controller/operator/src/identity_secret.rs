//! The fleet's identity in Kubernetes: a Secret that the chart makes empty and the first controller fills. All others
//! take what is there. What this module holds is wiped from memory; the buffers of the HTTP client are not.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;
use zeroize::Zeroizing;

use crate::crd::FIELD_MANAGER;
use crate::limits::{IDENTITY_FILES_MAX, IDENTITY_MAX_BYTES, PUBLISH_ATTEMPTS_MAX, REQUEST_TIMEOUT};
use crate::request_error::{is, plain};

/// The key of the fleet CA's certificate in its ConfigMap; agents mount it as a file.
pub const CA_KEY: &str = "ca.pem";

/// One file of the identity. `Debug` shows its name and length.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityFile {
    /// Of the characters `[A-Za-z0-9._-]`, as keys of Secrets are.
    pub name: String,
    pub bytes: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for IdentityFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bytes)", self.name, self.bytes.len())
    }
}

/// Whose identity stands in the Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// The one that was given.
    Ours,
    /// Another controller was first: use this one, and forget the one that was given.
    Theirs(Vec<IdentityFile>),
}

/// Why the identity cannot be read or published.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("Secret {0} does not exist: the chart makes it; install the chart, or create it empty")]
    NoSecret(String),
    #[error("ConfigMap {0} does not exist: the chart makes it; install the chart, or create it empty")]
    NoConfigMap(String),
    #[error(
        "the controller may not read or write {0}: check its Role (get, update and patch on exactly this name)"
    )]
    Forbidden(String),
    #[error(
        "an identity has at most {IDENTITY_FILES_MAX} files of {IDENTITY_MAX_BYTES} bytes together; {0} is not such a one"
    )]
    TooLarge(String),
    #[error("Secret {0} changed each time it was to be written; try again")]
    Contended(String),
    #[error(
        "ConfigMap {0} has a {CA_KEY} that somebody else wrote and that is another: remove that key, and agents will get the right one ({1})"
    )]
    OtherCa(String, String),
    #[error("the API server could not be asked about {name}: {why}; try again")]
    Unavailable { name: String, why: String },
}

/// The Secret, by name.
#[derive(Clone)]
pub struct IdentitySecret {
    secrets: Api<Secret>,
    config_maps: Api<ConfigMap>,
    name: String,
}

impl IdentitySecret {
    pub fn new(client: Client, namespace: &str, name: impl Into<String>) -> Self {
        Self {
            secrets: Api::namespaced(client.clone(), namespace),
            config_maps: Api::namespaced(client, namespace),
            name: name.into(),
        }
    }

    /// The files in it, sorted by name; `None` while it is empty.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub async fn read(&self) -> Result<Option<Vec<IdentityFile>>, IdentityError> {
        files(&self.name, self.get().await?)
    }

    /// Puts `files` into the Secret if it is empty. Of several controllers that try at once one wins.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub async fn publish(&self, files: &[IdentityFile]) -> Result<Published, IdentityError> {
        let total = files.iter().map(|file| file.bytes.len()).sum::<usize>();
        if files.is_empty() || files.len() > IDENTITY_FILES_MAX || total > IDENTITY_MAX_BYTES {
            return Err(IdentityError::TooLarge("what was to be published".to_owned()));
        }
        for _ in 0..PUBLISH_ATTEMPTS_MAX {
            let secret = self.get().await?;
            let version = secret.metadata.resource_version.clone();
            if let Some(theirs) = self::files(&self.name, secret)? {
                return Ok(if theirs == sorted(files) { Published::Ours } else { Published::Theirs(theirs) });
            }
            if self.fill(files, version).await? {
                return Ok(Published::Ours);
            }
        }
        Err(IdentityError::Contended(self.name.clone()))
    }

    /// Whether it was still what was read.
    async fn fill(&self, files: &[IdentityFile], version: Option<String>) -> Result<bool, IdentityError> {
        let data: BTreeMap<&str, ByteString> =
            files.iter().map(|file| (file.name.as_str(), ByteString(file.bytes.to_vec()))).collect();
        let patch = json!({ "metadata": { "resourceVersion": version }, "data": data });
        let parameters =
            PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        let written = in_time(self.secrets.patch(&self.name, &parameters, &Patch::Merge(&patch))).await;
        data.into_values().for_each(|bytes| drop(Zeroizing::new(bytes.0)));
        match written {
            Ok(secret) => drop(self::files(&self.name, secret)?),
            Err(Some(error)) if is(&error, 409) => return Ok(false),
            Err(error) => return Err(self.secret_error(error)),
        }
        Ok(true)
    }

    /// Writes the fleet CA's certificate into a ConfigMap, for agents to mount.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub async fn publish_ca(&self, config_map: &str, ca_pem: &str) -> Result<(), IdentityError> {
        let patch = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": config_map }, "data": { CA_KEY: ca_pem },
        });
        // Applied to nothing it would be created, without the labels by which the chart knows it.
        let found = in_time(self.config_maps.get_metadata_opt(config_map)).await;
        if matches!(found, Ok(None)) {
            return Err(IdentityError::NoConfigMap(config_map.to_owned()));
        }
        let parameters = PatchParams::apply(FIELD_MANAGER);
        match in_time(self.config_maps.patch(config_map, &parameters, &Patch::Apply(&patch))).await {
            Ok(_) => Ok(()),
            Err(Some(error)) if is(&error, 409) => {
                Err(IdentityError::OtherCa(config_map.to_owned(), plain(&error)))
            }
            Err(error) => Err(unavailable(format!("ConfigMap {config_map}"), error)),
        }
    }

    async fn get(&self) -> Result<Secret, IdentityError> {
        in_time(self.secrets.get(&self.name)).await.map_err(|error| self.secret_error(error))
    }

    fn secret_error(&self, error: Option<kube::Error>) -> IdentityError {
        match error {
            Some(error) if is(&error, 404) => IdentityError::NoSecret(self.name.clone()),
            error => unavailable(format!("Secret {}", self.name), error),
        }
    }
}

fn unavailable(name: String, error: Option<kube::Error>) -> IdentityError {
    match error {
        Some(error) if is(&error, 403) => IdentityError::Forbidden(name),
        Some(error) => IdentityError::Unavailable { name, why: plain(&error) },
        None => IdentityError::Unavailable { name, why: "it did not answer in time".to_owned() },
    }
}

/// `Err(None)`: no answer in time.
async fn in_time<T>(request: impl Future<Output = Result<T, kube::Error>>) -> Result<T, Option<kube::Error>> {
    match tokio::time::timeout(REQUEST_TIMEOUT, request).await {
        Ok(answer) => answer.map_err(Some),
        Err(_) => Err(None),
    }
}

fn files(name: &str, secret: Secret) -> Result<Option<Vec<IdentityFile>>, IdentityError> {
    let files: Vec<IdentityFile> = secret
        .data
        .unwrap_or_default()
        .into_iter()
        .map(|(name, bytes)| IdentityFile { name, bytes: Zeroizing::new(bytes.0) })
        .collect();
    let total = files.iter().map(|file| file.bytes.len()).sum::<usize>();
    if files.len() > IDENTITY_FILES_MAX || total > IDENTITY_MAX_BYTES {
        return Err(IdentityError::TooLarge(format!("Secret {name}")));
    }
    Ok((!files.is_empty()).then_some(files))
}

fn sorted(files: &[IdentityFile]) -> Vec<IdentityFile> {
    let mut files = files.to_vec();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

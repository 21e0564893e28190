//! Credentials of registries, from a file in the form of Docker's `config.json`.

use std::collections::HashMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloister_api::ImportReason;
use secrecy::SecretString;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::limits::REGISTRY_AUTH_MAX_BYTES;
use crate::sources::error::SourceError;

/// A name and a password, or a token in its place.
#[derive(Debug, Clone)]
pub(super) struct Credentials {
    pub(super) user: String,
    pub(super) password: SecretString,
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    auths: HashMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    /// Base64 of `name:password`.
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

/// What the file has for a registry (`host` or `host:port`); `None` if it has nothing.
pub(super) async fn read(path: &Path, registry: &str) -> Result<Option<Credentials>, SourceError> {
    let failed = |why: &dyn std::fmt::Display| {
        // The parser's message might repeat a piece of the file.
        SourceError::new(
            ImportReason::ControllerFailed,
            format!("the credentials in {} (--registry-auth) cannot be used: {why}", path.display()),
        )
    };
    let metadata = tokio::fs::metadata(path).await.map_err(|error| failed(&error))?;
    if metadata.len() > REGISTRY_AUTH_MAX_BYTES {
        return Err(failed(&format!("the file is larger than {REGISTRY_AUTH_MAX_BYTES} bytes")));
    }
    let bytes = Zeroizing::new(tokio::fs::read(path).await.map_err(|error| failed(&error))?);
    let config: Config = serde_json::from_slice(&bytes)
        .map_err(|error| failed(&format!("line {} is not as in Docker's config.json", error.line())))?;
    let entry = config.auths.into_iter().find(|(key, _)| is_for(key, registry));
    entry.map(|(_, entry)| credentials(entry).ok_or_else(|| failed(&NO_PASSWORD))).transpose()
}

const NO_PASSWORD: &str =
    "the registry's entry has neither auth nor username and password; credential helpers are not run";

/// Keys are hosts, or URLs with a path that means nothing.
fn is_for(key: &str, registry: &str) -> bool {
    let host = key.split_once("://").map_or(key, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or(host);
    host.eq_ignore_ascii_case(registry)
}

fn credentials(entry: Entry) -> Option<Credentials> {
    if let (Some(user), Some(password)) = (entry.username, entry.password) {
        return Some(Credentials { user, password: SecretString::from(password) });
    }
    let decoded = Zeroizing::new(STANDARD.decode(Zeroizing::new(entry.auth?).trim_end_matches('\0')).ok()?);
    let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(Credentials { user: user.to_owned(), password: SecretString::from(password.trim_end_matches('\0')) })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[tokio::test]
    async fn dockers_file_is_read_in_all_its_forms_and_secrets_stay_out_of_errors() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = r#"{"auths": {
            "r.example:5000": {"auth": "YW5uYTpzZWtyaXQ6eA=="},
            "https://index.docker.io/v1/": {"username": "bob", "password": "sekrit"},
            "helper.example": {}, "token.example": {"identitytoken": "sekrit"}}, "credsStore": "desktop"}"#;
        std::fs::write(file.path(), text).unwrap();
        for (registry, user, password) in
            [("r.example:5000", "anna", "sekrit:x"), ("index.docker.io", "bob", "sekrit")]
        {
            let found = read(file.path(), registry).await.unwrap().unwrap();
            assert_eq!((found.user.as_str(), found.password.expose_secret()), (user, password));
            assert!(!format!("{found:?}").contains("sekrit"));
        }
        assert!(read(file.path(), "r.example").await.unwrap().is_none(), "another port is another registry");
        for registry in ["helper.example", "token.example"] {
            assert!(read(file.path(), registry).await.unwrap_err().detail.contains("helpers are not run"));
        }
        std::fs::write(file.path(), r#"{"auths": {"r": {"auth": sekrit}}}"#).unwrap();
        let refused = read(file.path(), "r").await.unwrap_err().detail;
        assert!(refused.contains("line 1") && !refused.contains("sekrit"), "{refused}");
    }
}

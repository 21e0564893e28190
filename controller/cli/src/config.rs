//! Which controller, with which key: flags before environment before the configuration file's context.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::error::{CliError, Doing};

/// The configuration file: named contexts, as kubectl has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) current: Option<String>,
    #[serde(default)]
    pub(crate) contexts: BTreeMap<String, Context>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Context {
    /// e.g. `http://127.0.0.1:7080`
    pub(crate) url: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) key: Option<String>,
    /// A file with the key, instead of the key itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) key_file: Option<PathBuf>,
    /// Certificates (PEM) of the authorities that are trusted besides the system's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) ca_file: Option<PathBuf>,
    /// The log's verifier key, pinned when the context was made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) audit_vkey: Option<String>,
}

/// What the global flags and the environment say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    pub(crate) url: Option<String>,
    pub(crate) key: Option<SecretString>,
    /// Read when no key is given as text.
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) context: Option<String>,
    pub(crate) file: Option<PathBuf>,
}

/// A controller to talk to.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) key: Option<SecretString>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) audit_vkey: Option<String>,
}

impl Selection {
    pub(crate) fn path(&self) -> Result<PathBuf, CliError> {
        match &self.file {
            Some(file) => Ok(file.clone()),
            None => Ok(base("XDG_CONFIG_HOME", ".config")?.join("cloister/config.toml")),
        }
    }

    /// Where to go: `--url`/`CLOISTER_URL` first, else the named or the current context.
    pub(crate) fn target(&self) -> Result<Target, CliError> {
        let given = self.given_key()?;
        let path = self.path()?;
        let config = Config::load(&path)?;
        let name = self.context.as_ref().or(config.current.as_ref());
        let context = name.and_then(|n| config.contexts.get(n));
        if let (Some(name), None) = (&self.context, context) {
            return Err(CliError::usage(format!("there is no context {name:?} in {}", path.display()))
                .next("cloister context list"));
        }
        let context = match (&self.url, context) {
            // The address was given by hand: a context's key belongs to the context's address alone.
            (Some(url), context) => context.filter(|c| c.address() == url.trim_end_matches('/')),
            (None, Some(context)) => Some(context),
            (None, None) => {
                return Err(CliError::usage("no controller is configured")
                    .next("cloister up (a fleet on this machine), or set CLOISTER_URL and CLOISTER_KEY"));
            }
        };
        let url = self.url.as_deref().or(context.map(|c| c.url.as_str())).unwrap_or_default();
        Ok(Target {
            url: url.trim_end_matches('/').to_string(),
            key: match given {
                Some(key) => Some(key),
                None => context.map(Context::read_key).transpose()?.flatten(),
            },
            ca_file: self.ca_file.clone().or_else(|| context.and_then(|c| c.ca_file.clone())),
            audit_vkey: context.and_then(|c| c.audit_vkey.clone()),
        })
    }
}

impl Selection {
    fn given_key(&self) -> Result<Option<SecretString>, CliError> {
        match (&self.key, &self.key_file) {
            (None, Some(file)) => read_key_file(file).map(Some),
            (key, _) => Ok(key.clone()),
        }
    }
}

fn read_key_file(file: &Path) -> Result<SecretString, CliError> {
    let text = std::fs::read_to_string(file)
        .doing(|| format!("the key file {} could not be read", file.display()))?;
    Ok(SecretString::from(text.trim().to_string()))
}

impl Context {
    fn address(&self) -> &str {
        self.url.trim_end_matches('/')
    }

    fn read_key(&self) -> Result<Option<SecretString>, CliError> {
        match (&self.key, &self.key_file) {
            (Some(key), _) => Ok(Some(SecretString::from(key.clone()))),
            (None, Some(file)) => read_key_file(file).map(Some),
            (None, None) => Ok(None),
        }
    }
}

impl Config {
    pub(crate) fn load(path: &Path) -> Result<Self, CliError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => {
                return Err(CliError::new(format!("{} could not be read: {error}", path.display())));
            }
        };
        toml::from_str(&text).map_err(|error| {
            CliError::new(format!("{} is not a valid configuration: {}", path.display(), error.message()))
                .next("correct the file, or remove it and set the context again")
        })
    }

    /// Writes the file so that only its owner can read it, and never half.
    pub(crate) fn save(&self, path: &Path) -> Result<(), CliError> {
        let text = toml::to_string_pretty(self).doing(|| "the configuration could not be written".into())?;
        write_private(path, text.as_bytes())
    }

    pub(crate) fn set(&mut self, name: &str, context: Context) {
        self.contexts.insert(name.to_string(), context);
        self.current = Some(name.to_string());
    }
}

/// Replaces a file with 0600 and all or nothing.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let what = || format!("{} could not be written", path.display());
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).doing(what)?;
    let part = path.with_extension("part");
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)
        .doing(what)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).doing(what)?;
    std::fs::rename(&part, path).doing(what)
}

/// A folder of the XDG base directory specification.
pub(crate) fn base(variable: &str, below_home: &str) -> Result<PathBuf, CliError> {
    if let Some(folder) = std::env::var_os(variable).filter(|v| !v.is_empty()) {
        return Ok(PathBuf::from(folder));
    }
    let home = std::env::var_os("HOME").filter(|v| !v.is_empty()).ok_or_else(|| {
        CliError::usage(format!("neither {variable} nor HOME is set")).next("give the path with a flag")
    })?;
    Ok(PathBuf::from(home).join(below_home))
}

/// The bearer header's value.
pub(crate) fn bearer(key: &SecretString) -> String {
    format!("Bearer {}", key.expose_secret())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(config: &Config) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        config.save(&path).unwrap();
        (folder, path)
    }

    fn context(url: &str, key: &str) -> Context {
        Context {
            url: url.into(),
            key: Some(key.into()),
            key_file: None,
            ca_file: Some("ward-ca.pem".into()),
            audit_vkey: Some("v".into()),
        }
    }

    fn two() -> Config {
        let mut config = Config::default();
        config.set("ward", context("http://ward:1/", "clk_ward"));
        config.set("local", context("http://local:1", "clk_local"));
        config
    }

    fn key(target: &Target) -> Option<String> {
        target.key.as_ref().map(|k| k.expose_secret().to_string())
    }

    #[test]
    fn the_current_context_is_used_when_nothing_else_is_said() {
        let (_keep, path) = file(&two());
        let target = Selection { file: Some(path), ..Default::default() }.target().unwrap();
        assert_eq!((target.url.as_str(), key(&target).as_deref()), ("http://local:1", Some("clk_local")));
    }

    #[test]
    fn a_named_context_and_a_given_key_win() {
        let (_keep, path) = file(&two());
        let selection = Selection {
            file: Some(path),
            context: Some("ward".into()),
            key: Some(SecretString::from("clk_mine".to_string())),
            url: None,
            ..Default::default()
        };
        let target = selection.target().unwrap();
        assert_eq!((target.url.as_str(), key(&target).as_deref()), ("http://ward:1", Some("clk_mine")));
    }

    #[test]
    fn a_contexts_key_is_never_sent_to_another_address() {
        let (_keep, path) = file(&two());
        let selection =
            Selection { file: Some(path), url: Some("http://evil:1".into()), ..Default::default() };
        let target = selection.target().unwrap();
        assert_eq!((target.url.as_str(), key(&target)), ("http://evil:1", None));
        assert_eq!((target.ca_file, target.audit_vkey), (None, None), "nor does it vouch for it");
    }

    #[test]
    fn the_authority_is_the_given_one_or_the_contexts() {
        let (_keep, path) = file(&two());
        let mut selection = Selection { file: Some(path), ..Default::default() };
        assert_eq!(selection.target().unwrap().ca_file, Some("ward-ca.pem".into()));
        selection.ca_file = Some("mine.pem".into());
        assert_eq!(selection.target().unwrap().ca_file, Some("mine.pem".into()));
    }

    #[test]
    fn an_unknown_context_is_named() {
        let (_keep, path) = file(&two());
        let selection = Selection { file: Some(path), context: Some("nowhere".into()), ..Default::default() };
        assert!(selection.target().unwrap_err().what.contains("\"nowhere\""));
    }

    #[test]
    fn the_file_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (_keep, path) = file(&two());
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn nonsense_in_the_file_is_an_error_with_a_place_to_look() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, "contexts = 3").unwrap();
        let error = Config::load(&path).unwrap_err();
        assert!(error.what.contains("config.toml"), "{error}");
    }
}

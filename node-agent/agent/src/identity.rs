//! Who this node is: a key that never leaves it, and the certificate that the fleet gave it.

mod certificate;
mod current;
mod request;

use std::io;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub(crate) use certificate::Validity;
pub(crate) use certificate::chain_to_pem;
pub(crate) use current::CurrentIdentity;
pub(crate) use request::KeyAndRequest;

use crate::files;

const KEY: &str = "node.key";
/// A renewed key waits here until its certificate is in place.
const NEXT_KEY: &str = "node.key.next";
const CERTIFICATE: &str = "node.pem";
const AUTHORITY: &str = "ca.pem";
const FACTS: &str = "node.json";

/// Everything that a connection to the controller needs.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// Name, address and origin of this identity.
    pub facts: NodeFacts,
    /// The fleet's certificate authority, PEM.
    pub authority_pem: String,
    /// This node's certificate chain, leaf first, PEM.
    pub certificate_pem: String,
    /// PKCS#8, PEM.
    pub key_pem: SecretString,
    /// When the leaf is valid.
    pub validity: Validity,
}

/// What is known about a node besides keys and certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NodeFacts {
    /// Given by the controller; also in the certificate.
    pub node_id: String,
    /// The display name.
    pub node_name: String,
    /// Where the controller listens for agents, "https://host:port".
    pub url: String,
    /// Hex SHA-256 of the join token's secret that this identity came from: the same token given again at the
    /// next start means "you are in already", another one means "join again".
    pub joined_with: String,
    /// When the certificate in force was given, by this node's clock. Its own "not before" lies earlier, to
    /// forgive clocks that differ, and would make a short life look half over at its start.
    pub certified_at_unix_s: i64,
}

/// The identity on disk cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A file of it.
    #[error("cannot {verb} {path}: {source}. Check the disk and the file's owner")]
    File {
        /// "read" or "write".
        verb: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its parts do not belong together, or one cannot be parsed.
    #[error(
        "the node's identity in {directory} is damaged ({part}). Remove that folder and join again with a new token"
    )]
    Damaged {
        /// Where it lies.
        directory: PathBuf,
        /// What is wrong.
        part: &'static str,
    },
    /// The operating system has no randomness, or the library refused.
    #[error("cannot make a key for this node: {0}")]
    Key(#[from] rcgen::Error),
}

impl Identity {
    /// Milliseconds from `now_unix_ms` until two thirds of the certificate's life are over; 0 if they are.
    pub(crate) fn renewal_due_in_ms(&self, now_unix_ms: i64) -> u64 {
        self.validity.renewal_due_in_ms(self.facts.certified_at_unix_s, now_unix_ms)
    }

    /// Whether its certificate has expired.
    pub(crate) fn has_expired(&self) -> bool {
        self.validity.expired(jiff::Timestamp::now().as_second())
    }

    /// Reads the identity in `directory`; `None` if the node never joined. Blocks.
    ///
    /// # Errors
    ///
    /// [`IdentityError`] if there is one that cannot be used.
    pub(crate) fn load(directory: &Path) -> Result<Option<Self>, IdentityError> {
        let Some(facts) = read(&directory.join(FACTS))? else { return Ok(None) };
        let damaged = |part| IdentityError::Damaged { directory: directory.to_owned(), part };
        let facts = serde_json::from_slice(&facts).map_err(|_| damaged("node.json is not readable"))?;
        let certificate_pem = read_text(directory, CERTIFICATE)?;
        let authority_pem = read_text(directory, AUTHORITY)?;
        let leaf = certificate::Leaf::parse(&certificate_pem).ok_or(damaged("node.pem is no certificate"))?;
        let key_pem = read_key(directory, &leaf)?.ok_or(damaged("node.key is not the certificate's key"))?;
        Ok(Some(Self { facts, authority_pem, certificate_pem, key_pem, validity: leaf.validity }))
    }

    /// Puts a new identity on disk, in an order that a crash cannot tear. Blocks.
    ///
    /// # Errors
    ///
    /// [`IdentityError::File`]; what was there before is then still in force.
    pub(crate) fn store(&self, directory: &Path) -> Result<(), IdentityError> {
        let write = |name: &str, content: &[u8]| write_file(&directory.join(name), content);
        files::create_private_directory(directory)
            .map_err(|source| file_error("create", directory, source))?;
        let facts = serde_json::to_vec_pretty(&self.facts).unwrap_or_default();
        write(NEXT_KEY, self.key_pem.expose_secret().as_bytes())?;
        write(AUTHORITY, self.authority_pem.as_bytes())?;
        write(CERTIFICATE, self.certificate_pem.as_bytes())?;
        // From here on the new certificate is in force: a reader finds its key under either name.
        write(FACTS, &facts)?;
        let (next, key) = (directory.join(NEXT_KEY), directory.join(KEY));
        std::fs::rename(next, &key).map_err(|source| file_error("write", &key, source))?;
        files::sync_directory(directory).map_err(|source| file_error("write", directory, source))
    }

    /// Takes the identity off the disk; its key with it. Blocks.
    ///
    /// # Errors
    ///
    /// [`IdentityError::File`].
    pub(crate) fn remove(directory: &Path) -> Result<(), IdentityError> {
        // Without its facts the rest counts as nothing, should the removal be cut short.
        for name in [FACTS, KEY, NEXT_KEY, CERTIFICATE, AUTHORITY] {
            match std::fs::remove_file(directory.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(file_error("remove", &directory.join(name), error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// An identity from the controller's answer.
    ///
    /// # Errors
    ///
    /// The answer holds no certificate for the key that was asked with.
    pub(crate) fn from_answer(
        facts: NodeFacts,
        authority_pem: String,
        chain_der: &[Vec<u8>],
        key_pem: SecretString,
    ) -> Result<Self, AnswerError> {
        let certificate_pem = chain_to_pem(chain_der);
        let leaf = certificate::Leaf::parse(&certificate_pem).ok_or(AnswerError::NoCertificate)?;
        if !leaf.belongs_to(&key_pem) {
            return Err(AnswerError::OtherKey);
        }
        Ok(Self { facts, authority_pem, certificate_pem, key_pem, validity: leaf.validity })
    }
}

/// The controller answered with something that is no identity for this node.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AnswerError {
    /// No certificate in it, or an unreadable one.
    #[error(
        "the controller's answer holds no readable certificate; controller and agent may be of different versions"
    )]
    NoCertificate,
    /// For another key.
    #[error(
        "the controller's answer holds a certificate for another key; check what stands between agent and controller"
    )]
    OtherKey,
}

/// The key of `leaf`: under its name, or still under its waiting name after a crash.
fn read_key(directory: &Path, leaf: &certificate::Leaf) -> Result<Option<SecretString>, IdentityError> {
    for name in [KEY, NEXT_KEY] {
        let Some(bytes) = read(&directory.join(name))?.map(Zeroizing::new) else { continue };
        let Ok(text) = std::str::from_utf8(&bytes) else { continue };
        let key = SecretString::from(text);
        if leaf.belongs_to(&key) {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, IdentityError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file_error("read", path, error)),
    }
}

fn read_text(directory: &Path, name: &str) -> Result<String, IdentityError> {
    let path = directory.join(name);
    std::fs::read_to_string(&path).map_err(|source| file_error("read", &path, source))
}

fn write_file(path: &Path, content: &[u8]) -> Result<(), IdentityError> {
    files::replace(path, content).map_err(|source| file_error("write", path, source))
}

fn file_error(verb: &'static str, path: &Path, source: io::Error) -> IdentityError {
    IdentityError::File { verb, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;

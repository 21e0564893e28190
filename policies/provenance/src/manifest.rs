//! Which files make up a model, according to its signer.

use serde::{Deserialize, Serialize};

use crate::digest::Sha256Digest;

/// One file of a model.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileEntry {
    /// Relative path with `/`; passes [`crate::check_file_name`].
    pub name: String,
    pub sha256: Sha256Digest,
}

/// The signed list of files, after a trusted signer's signature over it was found good. Only
/// [`crate::Bundle::verify_signature`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedManifest {
    /// `sha256:<hex>` of the signed payload bytes: the identity of the model.
    pub model_digest: String,
    /// Key id (see [`crate::PublicKey::key_id`]) of the signer.
    pub signer_key_id: String,
    /// The name under which the signer's public key is trusted.
    pub signer_name: String,
    /// What the signer called the model; may be empty. A label, not an identity.
    pub model_name: String,
    /// In the signed order; at least one, no name twice.
    pub files: Vec<FileEntry>,
}

impl VerifiedManifest {
    /// The entry of `name`, if it is listed.
    pub fn file(&self, name: &str) -> Option<&FileEntry> {
        self.files.iter().find(|entry| entry.name == name)
    }
}

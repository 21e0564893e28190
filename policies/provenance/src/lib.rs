//! Is this model what it claims to be?
//!
//! Reads, writes and checks OpenSSF Model Signing signature bundles: method *key* over P-256, one
//! SHA-256 digest per file. The crate is pure: no sockets, no clock, no async. Files are touched only
//! where a function's name says so.
//!
//! The way of a signature bundle:
//! [`Bundle::parse`] (shape) → [`Bundle::verify_signature`] (who signed exactly which bytes) →
//! [`VerifiedManifest`] (which files) → [`FileVerifier`] or [`verify_directory`] (are these the files).
//! [`verify_model`] walks all of it and says in sentences what it found.
//!
//! What identifies a model is SHA-256 of the signed payload bytes. The root digest inside the payload
//! does not cover file names and is therefore only checked, never used as an identity.

mod bundle;
mod digest;
mod directory;
mod dsse;
mod error;
mod file;
mod json;
mod key;
pub mod limits;
mod manifest;
mod name;
mod report;
mod sign;
mod statement;
pub mod trust;

pub use bundle::Bundle;
pub use digest::{DigestSyntaxError, Sha256Digest};
pub use directory::{Progress, digest_directory, digest_file, verify_directory, verify_single_file};
pub use error::{BundleError, FileError, KeyError, ManifestError, NameError, SignError, VerifyError};
pub use file::{FileVerifier, HashingReader};
pub use key::{GeneratedKey, PublicKey, SigningKey, TrustedSigner, keygen};
pub use manifest::{FileEntry, VerifiedManifest};
pub use name::check_file_name;
pub use report::{Check, CheckName, CheckStatus, ModelSource, VerificationReport, verify_model};
pub use sign::{SignatureBundle, sign, sign_directory};

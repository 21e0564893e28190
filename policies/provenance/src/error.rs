//! What can be wrong, one variant per reason. Strings that come from a signature bundle are shortened
//! and escaped before they are put into a message (see [`quoted`]).

use std::{fmt::Write as _, io};

use crate::limits::{
    MAX_BUNDLE_BYTES, MAX_DIRECTORY_DEPTH, MAX_FILE_NAME_BYTES, MAX_FILES, MAX_KEY_PEM_BYTES,
    MAX_MODEL_NAME_BYTES, MAX_QUOTED_CHARS,
};

/// A string from outside, safe for a terminal and a log line.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown = String::from("\"");
    for character in text.chars().take(MAX_QUOTED_CHARS) {
        // Writing to a String cannot fail.
        let _ = write!(shown, "{}", character.escape_debug());
    }
    if text.chars().nth(MAX_QUOTED_CHARS).is_some() {
        shown.push('…');
    }
    shown.push('"');
    shown
}

/// The bytes are not a signature bundle that this fleet accepts. Nothing was verified yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    #[error("the signature file is empty; sign the model first")]
    Empty,
    #[error("the signature file has {bytes} bytes; at most {MAX_BUNDLE_BYTES} are read")]
    TooLarge { bytes: usize },
    #[error("the signature file is not a signature bundle: {reason}")]
    NotABundle { reason: String },
    #[error(
        "the signature bundle has media type {found}; only sigstore bundle v0.3 is accepted, sign the model again with a current tool"
    )]
    MediaType { found: String },
    #[error(
        "the model is signed with a {method}; this fleet accepts signatures made with a key (method \"key\")"
    )]
    UnsupportedMethod { method: &'static str },
    #[error("the signature bundle names no signing key (its publicKey hint is missing)")]
    NoKeyHint,
    #[error("the signature bundle's key hint is not a SHA-256 digest in hexadecimal")]
    KeyHintMalformed,
    #[error("the signature bundle signs no statement; it has no DSSE envelope")]
    NoEnvelope,
    #[error("the signed payload has type {found}; an in-toto statement is expected")]
    PayloadType { found: String },
    #[error("the signed payload is not valid base64")]
    PayloadEncoding,
    #[error("the model is unsigned: the signature bundle holds no signature")]
    Unsigned,
    #[error("the signature bundle holds {count} signatures; exactly one is accepted")]
    SeveralSignatures { count: usize },
    #[error("the signature is not valid base64 of a P-256 signature")]
    SignatureEncoding,
}

/// The signed statement does not describe a model in the way this fleet accepts. Its signature is good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    #[error("the signed statement cannot be read: {reason}")]
    NotAStatement { reason: String },
    #[error("the signed statement has type {found}; in-toto Statement v1 is expected")]
    StatementType { found: String },
    #[error(
        "the signed statement says {found}, not a model signature v1.0; older forms do not cover every file and are refused"
    )]
    PredicateType { found: String },
    #[error(
        "the model was signed in shards, which signing tools write and read differently; sign whole files (method \"files\")"
    )]
    Shards,
    #[error("the model was signed with method {found}; only \"files\" is accepted")]
    Method { found: String },
    #[error("the model was signed with hash {found}; only sha256 is accepted, sign it again with sha256")]
    HashType { found: String },
    #[error("file {name} has digest algorithm {found}; only sha256 is accepted")]
    Algorithm { name: String, found: String },
    #[error("the digest of file {name} is not 64 lower-case hexadecimal digits")]
    DigestMalformed { name: String },
    #[error("file name {name} is refused: {reason}")]
    Name {
        name: String,
        #[source]
        reason: NameError,
    },
    #[error("file {name} is listed twice")]
    DuplicateName { name: String },
    #[error("{name} is listed as a file and as a folder")]
    FileIsFolder { name: String },
    #[error("the signature lists no file")]
    NoFiles,
    #[error("the signature lists {count} files; at most {MAX_FILES} are accepted")]
    TooManyFiles { count: usize },
    #[error("the signature names {count} subjects; exactly one model is expected")]
    Subjects { count: usize },
    #[error("the model's name in the signature is longer than {MAX_MODEL_NAME_BYTES} bytes")]
    ModelNameTooLong,
    #[error("the root digest in the signature is not 64 lower-case hexadecimal digits")]
    RootDigestMalformed,
    #[error(
        "the root digest in the signature is {stated}, but the listed files give {computed}: the signed list is inconsistent"
    )]
    RootDigest { stated: String, computed: String },
}

/// Why a file name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("it is empty")]
    Empty,
    #[error("it is {bytes} bytes long (at most {MAX_FILE_NAME_BYTES}, 255 between slashes)")]
    TooLong { bytes: usize },
    #[error("it holds a control character")]
    ControlCharacter,
    #[error("it holds a backslash")]
    Backslash,
    #[error("it is an absolute path")]
    Absolute,
    #[error("it has an empty part between slashes")]
    EmptyPart,
    #[error("it has a part \".\"")]
    DotPart,
    #[error("it leaves the model's directory with \"..\"")]
    LeavesDirectory,
}

/// The signature cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    #[error(
        "the model is signed by key {key_id}, which is not a trusted signer; trust it first if you know whose it is"
    )]
    UntrustedSigner { key_id: String },
    #[error(
        "the signature does not match the signed payload: the payload, the signature or the key is not the one that belongs here (key {key_id})"
    )]
    BadSignature { key_id: String },
    #[error("the signature names key {claimed}, but key {actual} made it: the bundle was altered")]
    HintMismatch { claimed: String, actual: String },
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// The model's bytes are not the signed ones. `name` is relative to the model's directory.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("file {name} was altered: its SHA-256 is {actual}, the signature says {expected}")]
    DigestMismatch { name: String, expected: String, actual: String },
    #[error("file {name} is listed in the signature but is not there")]
    Missing { name: String },
    #[error("file {name} is there but is not listed in the signature; remove it or sign the model again")]
    Unlisted { name: String },
    #[error("{name} is a symbolic link; copy the file itself into the model's directory")]
    Symlink { name: String },
    #[error("{name} is neither a file nor a folder")]
    NotAFile { name: String },
    #[error("{name} was replaced while it was being checked")]
    Replaced { name: String },
    #[error("file name {name} is refused: {reason}")]
    Name {
        name: String,
        #[source]
        reason: NameError,
    },
    #[error("a file name in folder {folder} is not UTF-8; rename it")]
    NameNotUtf8 { folder: String },
    #[error("the model's directory holds more than {MAX_FILES} files")]
    TooManyFiles,
    #[error("folder {name} is nested deeper than {MAX_DIRECTORY_DEPTH} levels")]
    TooDeep { name: String },
    #[error("the signature lists {count} files, but a single file was given; give the model's directory")]
    NotASingleFile { count: usize },
    #[error("{name} cannot be read: {source}")]
    Read {
        name: String,
        #[source]
        source: io::Error,
    },
}

/// A key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("the key file has {bytes} bytes; at most {MAX_KEY_PEM_BYTES} are read")]
    TooLarge { bytes: usize },
    #[error("no public key found; a PEM block \"PUBLIC KEY\" is expected")]
    NoPublicKey,
    #[error("no private key found; a PEM block \"PRIVATE KEY\" or \"EC PRIVATE KEY\" is expected")]
    NoPrivateKey,
    #[error(
        "the private key is encrypted; decrypt it first (openssl pkey -in KEY -out PLAIN) and keep the result private"
    )]
    Encrypted,
    #[error("the key is not an ECDSA key on curve P-256 (prime256v1), the only kind accepted")]
    NotP256,
    #[error("the key could not be generated: the system's random generator or memory failed")]
    Generation,
}

/// A model cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    #[error("there is no file to sign")]
    NoFiles,
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the signature could not be computed: the cryptographic library failed")]
    Signature,
    #[error("the signature bundle could not be written: {0}")]
    Encoding(#[from] serde_json::Error),
}

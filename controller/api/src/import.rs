//! Imports: models that the controller fetches by itself, as jobs with progress.
//!
//! A job lives in the memory of the controller that took it. After a restart ask again: a model that
//! is there already, under the same name and with the same digest, is done at once.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Fetch a model, verify it and keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewImport {
    /// 1 to 63 characters of `[a-z0-9-.]`, beginning and ending with a letter or digit.
    #[schema(pattern = "^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")]
    pub name: String,
    pub source: ImportSource,
    /// The model digest that the source must turn out to have; any other is refused.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(pattern = "^sha256:[0-9a-f]{64}$")]
    pub expected_digest: Option<String>,
}

/// Where a model is. Every source is named by the digest of what it gives, or lies on the
/// controller's own disk; in any case the signature decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportSource {
    Oci(OciSource),
    Https(HttpsSource),
    Path(PathSource),
}

/// An artifact in an OCI registry: a ModelPack (CNCF model specification), or a plain artifact whose
/// layers are files, named by `org.opencontainers.image.title`. The signature bundle is a layer too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OciSource {
    /// `registry/repository@sha256:…`, optionally with a tag before the `@`. At most 512 bytes.
    #[schema(example = "registry.example/models/smollm2@sha256:2f6b25e4…")]
    pub reference: String,
}

/// A `.tar` or `.tar.gz` that holds the model's folder, its signature bundle included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpsSource {
    /// At most 2,048 bytes; without user name and password.
    pub url: String,
    /// Hex SHA-256 of the archive.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub sha256: String,
}

/// Something below the folder that the controller was given with `--sources`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PathSource {
    /// Relative to that folder: a folder with the model's files and its signature bundle, or a `.tar`
    /// or `.tar.gz` of one. At most 1,024 bytes.
    pub path: String,
}

/// One import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Import {
    pub id: String,
    pub name: String,
    pub source: ImportSource,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expected_digest: Option<String>,
    pub phase: ImportPhase,
    /// Fetched so far.
    pub bytes_done: u64,
    /// To be fetched; absent until the source has told.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bytes_total: Option<u64>,
    pub created_at: String,
    /// Absent until the phase is a last one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_at: Option<String>,
    /// What the signature claims while the import runs, and what was verified once it is done.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model_digest: Option<String>,
    /// Why it was refused or failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<ImportProblem>,
    /// The audit record of the import or of its refusal. Absent if the model was there before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub record_id: Option<String>,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportPhase {
    /// Waits for its turn: few run at once.
    Queued,
    /// Bytes are on their way in.
    Fetching,
    /// Signature, digests and weights are checked.
    Verifying,
    /// Files are moved into place and the record is committed.
    Importing,
    /// The model is there.
    Done,
    /// The model or its source is not acceptable; trying again changes nothing.
    Refused,
    /// Something broke on the way; it may be tried again.
    Failed,
    /// Somebody ended it.
    Cancelled,
    /// Of a newer controller.
    #[serde(other)]
    Unknown,
}

impl ImportPhase {
    /// Whether nothing follows.
    pub fn is_last(self) -> bool {
        matches!(self, Self::Done | Self::Refused | Self::Failed | Self::Cancelled)
    }
}

/// Why an import came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportProblem {
    pub reason: ImportReason,
    /// What happened, why, and what to do.
    pub detail: String,
    /// The checks that were passed before the one that failed, as sentences.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub checks: Vec<String>,
}

macro_rules! import_reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:tt,)*) => {
        /// A class of reason.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        pub enum ImportReason {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
            /// Of a newer controller.
            #[serde(rename = "unknown", other)]
            Unknown,
        }

        impl ImportReason {
            /// All that this version knows, for documentation and tests.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// As it is written into bodies and records.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* Self::Unknown => "unknown" }
            }
        }
    };
}

import_reasons! {
    /// The controller was not told that it may fetch from there.
    SourceNotAllowed = "source_not_allowed",
    /// There is nothing of that name, or the source shows it to nobody.
    SourceNotFound = "source_not_found",
    /// The source wants credentials, or others.
    SourceDenied = "source_denied",
    /// The source does not hold a model in a form that is taken.
    SourceInvalid = "source_invalid",
    /// The bytes are not those of the digest that the source was named by.
    SourceDigest = "source_digest_mismatch",
    /// The source could not be reached, broke off or fell silent.
    SourceUnavailable = "source_unavailable",
    /// The model is another one than was expected.
    ModelDigest = "model_digest_mismatch",
    /// Another model has the name, or the model has another name.
    NameTaken = "name_taken",
    /// The disk or the quota of the controller is too small.
    NoSpace = "no_space",
    /// The signature bundle is missing or malformed.
    SignatureBundle = "signature_bundle_invalid",
    /// The key that signed may not sign models of this name.
    SignerNotTrusted = "signer_not_trusted",
    /// The signature is not over what was signed.
    SignatureInvalid = "signature_invalid",
    /// The signed list of files is not acceptable.
    FileListInvalid = "file_list_invalid",
    /// A file that the signature lists is missing.
    FileMissing = "file_missing",
    /// A file is there that the signature does not list.
    FileUnlisted = "file_unlisted",
    /// A file is not the one that was signed.
    FileAltered = "file_altered",
    /// There is no weights file, or several.
    WeightsFile = "weights_file",
    /// The weights cannot be run.
    WeightsInvalid = "weights_invalid",
    /// A fault of the controller, or of its database.
    ControllerFailed = "controller_failed",
}

/// Imports that this controller remembers, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportList {
    pub imports: Vec<Import>,
}

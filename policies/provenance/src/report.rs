//! Verification told step by step, for people.

use std::{fmt, path::Path};

use serde::Serialize;

use crate::{
    bundle::Bundle,
    directory::{Progress, check_listing, verify_contents, verify_single_file},
    error::{FileError, VerifyError},
    key::TrustedSigner,
    manifest::VerifiedManifest,
};

/// Where the model's bytes are.
#[derive(Debug, Clone, Copy)]
pub enum ModelSource<'a> {
    /// Check the signature alone.
    SignatureOnly,
    /// A directory; `exclude` is the signature file if it lies in there.
    Directory { path: &'a Path, exclude: Option<&'a Path> },
    /// One file.
    File { path: &'a Path },
}

/// The checks, in the order in which they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckName {
    /// The signature bundle has an accepted form.
    BundleWellFormed,
    /// The key that signed is a trusted one.
    SignerTrusted,
    /// The signature is over exactly these payload bytes.
    SignatureValid,
    /// The signed list of files is acceptable and its root digest is right.
    FileListValid,
    /// The directory holds the listed files and no other.
    FilesComplete,
    /// Every file has its signed digest.
    BytesMatch,
}

impl CheckName {
    const ORDER: [Self; 6] = [
        Self::BundleWellFormed,
        Self::SignerTrusted,
        Self::SignatureValid,
        Self::FileListValid,
        Self::FilesComplete,
        Self::BytesMatch,
    ];
}

impl fmt::Display for CheckName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BundleWellFormed => "signature bundle is well formed",
            Self::SignerTrusted => "signer is trusted",
            Self::SignatureValid => "signature is valid",
            Self::FileListValid => "signed list of files is valid",
            Self::FilesComplete => "all listed files are there, and no other",
            Self::BytesMatch => "every file has its signed digest",
        })
    }
}

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", content = "detail", rename_all = "snake_case")]
pub enum CheckStatus {
    Passed(String),
    /// Why, in a sentence.
    Failed(String),
    /// Not made: an earlier check failed, or there was nothing to check.
    NotApplicable(String),
}

/// One check and its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    pub name: CheckName,
    #[serde(flatten)]
    pub status: CheckStatus,
}

/// All checks of one verification, and what they established.
#[derive(Debug, Clone, Serialize)]
pub struct VerificationReport {
    /// Identity of the model; only if signature and signer were accepted.
    pub model_digest: Option<String>,
    pub signer_key_id: Option<String>,
    pub signer_name: Option<String>,
    pub checks: Vec<Check>,
    /// The accepted list of files, for callers that go on with it.
    #[serde(skip)]
    pub manifest: Option<VerifiedManifest>,
}

impl VerificationReport {
    /// Whether every check that was applicable passed.
    pub fn passed(&self) -> bool {
        self.failure().is_none()
    }

    /// The check that failed and its reason.
    pub fn failure(&self) -> Option<(CheckName, &str)> {
        self.checks.iter().find_map(|check| match &check.status {
            CheckStatus::Failed(reason) => Some((check.name, reason.as_str())),
            _ => None,
        })
    }
}

/// Makes every check on a signed model and reports them all; never stops with an error, because the
/// report is the answer. `progress` is told the number of bytes just hashed.
pub fn verify_model(
    bundle: &[u8],
    trusted: &[TrustedSigner],
    source: ModelSource<'_>,
    progress: Progress<'_>,
) -> VerificationReport {
    let mut steps = Steps::default();
    let manifest = steps.check_signature(bundle, trusted);
    if let Some(manifest) = &manifest {
        steps.check_files(manifest, source, progress);
    }
    VerificationReport {
        model_digest: manifest.as_ref().map(|manifest| manifest.model_digest.clone()),
        signer_key_id: manifest.as_ref().map(|manifest| manifest.signer_key_id.clone()),
        signer_name: manifest.as_ref().map(|manifest| manifest.signer_name.clone()),
        checks: steps.finish(),
        manifest,
    }
}

/// The checks made so far.
#[derive(Default)]
struct Steps(Vec<Check>);

impl Steps {
    fn pass(&mut self, name: CheckName, detail: impl Into<String>) {
        self.0.push(Check { name, status: CheckStatus::Passed(detail.into()) });
    }

    fn fail(&mut self, name: CheckName, reason: impl fmt::Display) {
        self.0.push(Check { name, status: CheckStatus::Failed(reason.to_string()) });
    }

    fn skip(&mut self, name: CheckName, reason: &str) {
        self.0.push(Check { name, status: CheckStatus::NotApplicable(reason.to_owned()) });
    }

    fn check_signature(&mut self, bytes: &[u8], trusted: &[TrustedSigner]) -> Option<VerifiedManifest> {
        let bundle = match Bundle::parse(bytes) {
            Ok(bundle) => bundle,
            Err(error) => {
                self.fail(CheckName::BundleWellFormed, error);
                return None;
            }
        };
        self.pass(CheckName::BundleWellFormed, "sigstore bundle v0.3, method key, one signature");
        match bundle.verify_signature(trusted) {
            Ok(manifest) => {
                self.pass_signer(&manifest.signer_name, &manifest.signer_key_id);
                self.pass(CheckName::FileListValid, format!("{} files", manifest.files.len()));
                Some(manifest)
            }
            Err(error) => {
                self.fail_signature(&bundle, trusted, error);
                None
            }
        }
    }

    fn pass_signer(&mut self, name: &str, key_id: &str) {
        self.pass(CheckName::SignerTrusted, format!("{name}, key {key_id}"));
        self.pass(CheckName::SignatureValid, "ECDSA P-256 with SHA-256 over the payload");
    }

    fn fail_signature(&mut self, bundle: &Bundle, trusted: &[TrustedSigner], error: VerifyError) {
        match &error {
            VerifyError::UntrustedSigner { .. } | VerifyError::HintMismatch { .. } => {
                self.fail(CheckName::SignerTrusted, error);
            }
            VerifyError::BadSignature { key_id } => {
                self.pass(CheckName::SignerTrusted, format!("key {key_id}"));
                self.fail(CheckName::SignatureValid, error);
            }
            VerifyError::Manifest(reason) => {
                if let Ok(signer) = bundle.find_signer(trusted) {
                    self.pass_signer(&signer.name, &signer.key_id());
                }
                self.fail(CheckName::FileListValid, reason);
            }
        }
    }

    fn check_files(&mut self, manifest: &VerifiedManifest, source: ModelSource<'_>, progress: Progress<'_>) {
        match source {
            ModelSource::SignatureOnly => {
                self.skip(CheckName::FilesComplete, "only the signature was checked");
                self.skip(CheckName::BytesMatch, "only the signature was checked");
            }
            ModelSource::Directory { path, exclude } => match check_listing(manifest, path, exclude) {
                Ok(found) => {
                    self.pass(CheckName::FilesComplete, format!("{} files", found.len()));
                    self.conclude_bytes(verify_contents(manifest, &found, progress));
                }
                Err(error) => self.fail(CheckName::FilesComplete, error),
            },
            ModelSource::File { path } => match verify_single_file(manifest, path, progress) {
                Err(error @ (FileError::NotASingleFile { .. } | FileError::Missing { .. })) => {
                    self.fail(CheckName::FilesComplete, error);
                }
                result => {
                    self.pass(CheckName::FilesComplete, "1 file");
                    self.conclude_bytes(result);
                }
            },
        }
    }

    fn conclude_bytes(&mut self, result: Result<(), FileError>) {
        match result {
            Ok(()) => self.pass(CheckName::BytesMatch, "SHA-256 of all bytes"),
            Err(error) => self.fail(CheckName::BytesMatch, error),
        }
    }

    /// Fills up with the checks that an earlier failure made pointless.
    fn finish(mut self) -> Vec<Check> {
        for name in CheckName::ORDER.into_iter().skip(self.0.len()) {
            self.skip(name, "not checked, because an earlier check failed");
        }
        self.0
    }
}

//! The gate: is this upload a model that the fleet accepts? Nothing is moved or stored here.

use std::collections::BTreeSet;
use std::fs;

use cloister_api::{ImportReason, ModelFacts, ModelFile};
use cloister_provenance::{
    Bundle, Check, CheckName, CheckStatus, FileError, ModelSource, VerificationReport, VerifiedManifest,
    verify_model,
};

use super::ReceivedFile;
use super::facts::{self, FactsError};
use super::uploads::is_signature;
use crate::trust::Acceptance;

/// A model that passed every check.
#[derive(Debug)]
pub struct Examined {
    pub manifest: VerifiedManifest,
    /// The signature bundle, byte for byte.
    pub bundle: Vec<u8>,
    /// What the signature covers.
    pub files: Vec<ModelFile>,
    pub facts: ModelFacts,
    /// The checks that were made, in order, as sentences.
    pub checks: Vec<String>,
}

/// A model that failed a check.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub struct Refused {
    pub because: RefusedBecause,
    /// What is wrong, why, and what to do.
    pub detail: String,
    /// The checks that passed before.
    pub checks: Vec<String>,
    /// Digest of the payload, once a trusted signer's signature over it was found good.
    pub model_digest: Option<String>,
}

/// The class of reason that the audit record keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedBecause {
    SignatureBundle,
    SignerNotTrusted,
    SignatureInvalid,
    FileListInvalid,
    FileMissing,
    FileUnlisted,
    FileAltered,
    WeightsFile,
    WeightsInvalid,
    /// Another model than was expected.
    ModelDigest,
}

impl RefusedBecause {
    /// As it is written into the record.
    pub fn as_str(self) -> &'static str {
        self.reason().as_str()
    }

    /// As an import tells it.
    pub fn reason(self) -> ImportReason {
        match self {
            Self::SignatureBundle => ImportReason::SignatureBundle,
            Self::SignerNotTrusted => ImportReason::SignerNotTrusted,
            Self::SignatureInvalid => ImportReason::SignatureInvalid,
            Self::FileListInvalid => ImportReason::FileListInvalid,
            Self::FileMissing => ImportReason::FileMissing,
            Self::FileUnlisted => ImportReason::FileUnlisted,
            Self::FileAltered => ImportReason::FileAltered,
            Self::WeightsFile => ImportReason::WeightsFile,
            Self::WeightsInvalid => ImportReason::WeightsInvalid,
            Self::ModelDigest => ImportReason::ModelDigest,
        }
    }
}

/// The checks made so far, and how one of them ends the examination.
#[derive(Default)]
struct Gate {
    checks: Vec<String>,
    model_digest: Option<String>,
}

impl Gate {
    fn passed(&mut self, check: impl Into<String>) {
        self.checks.push(check.into());
    }

    fn refuse(&mut self, because: RefusedBecause, detail: impl Into<String>) -> Refused {
        let checks = std::mem::take(&mut self.checks);
        Refused { because, detail: detail.into(), checks, model_digest: self.model_digest.take() }
    }
}

/// Examines an upload against the signers trusted now for a model of its name. Reads the bundle and the header of the
/// weights: not for the executor's threads.
pub(crate) fn examine(received: &[ReceivedFile], acceptance: &Acceptance) -> Result<Examined, Refused> {
    let mut gate = Gate::default();
    let (bundle, manifest) = check_signature(&mut gate, received, acceptance)?;
    let files = check_files(&mut gate, &manifest, received)?;
    let facts = check_weights(&mut gate, received)?;
    Ok(Examined { manifest, bundle, files, facts, checks: gate.checks })
}

/// The first part of [`examine`]: whether this signature bundle alone is one that the fleet accepts.
pub(crate) fn examine_bundle(bundle: &[u8], acceptance: &Acceptance) -> Result<VerifiedManifest, Refused> {
    check_bundle(&mut Gate::default(), bundle, acceptance)
}

fn check_signature(
    gate: &mut Gate,
    received: &[ReceivedFile],
    acceptance: &Acceptance,
) -> Result<(Vec<u8>, VerifiedManifest), Refused> {
    let file = received.iter().find(|file| is_signature(&file.name));
    let file = file.ok_or_else(|| gate.refuse(RefusedBecause::SignatureBundle, "the model is unsigned"))?;
    let bundle = fs::read(&file.path).map_err(|error| {
        gate.refuse(RefusedBecause::SignatureBundle, format!("the signature bundle cannot be read: {error}"))
    })?;
    let manifest = check_bundle(gate, &bundle, acceptance)?;
    Ok((bundle, manifest))
}

fn check_bundle(
    gate: &mut Gate,
    bundle: &[u8],
    acceptance: &Acceptance,
) -> Result<VerifiedManifest, Refused> {
    let report = verify_model(bundle, acceptance.signers(), ModelSource::SignatureOnly, &mut |_| {});
    for check in &report.checks {
        note(gate, check).map_err(|refused| explained(refused, bundle, acceptance))?;
    }
    let VerificationReport { manifest: Some(manifest), .. } = report else {
        return Err(gate.refuse(RefusedBecause::SignatureInvalid, "the signature could not be verified"));
    };
    gate.model_digest = Some(manifest.model_digest.clone());
    Ok(manifest)
}

/// A signer that is known, and not for this model, is refused with that reason.
fn explained(mut refused: Refused, bundle: &[u8], acceptance: &Acceptance) -> Refused {
    if refused.because == RefusedBecause::SignerNotTrusted {
        let key = Bundle::parse(bundle).ok().map(|bundle| bundle.signer_hint().to_owned());
        if let Some(why) = key.and_then(|key_id| acceptance.why_not(&key_id)) {
            refused.detail = format!("{}: {why}", refused.detail);
        }
    }
    refused
}

fn note(gate: &mut Gate, check: &Check) -> Result<(), Refused> {
    match &check.status {
        CheckStatus::Passed(detail) => gate.passed(format!("{}: {detail}", check.name)),
        CheckStatus::NotApplicable(_) => {}
        CheckStatus::Failed(reason) => return Err(gate.refuse(class(check.name), reason)),
    }
    Ok(())
}

fn class(check: CheckName) -> RefusedBecause {
    match check {
        CheckName::BundleWellFormed => RefusedBecause::SignatureBundle,
        CheckName::SignerTrusted => RefusedBecause::SignerNotTrusted,
        CheckName::SignatureValid => RefusedBecause::SignatureInvalid,
        CheckName::FileListValid => RefusedBecause::FileListInvalid,
        CheckName::FilesComplete => RefusedBecause::FileMissing,
        CheckName::BytesMatch => RefusedBecause::FileAltered,
    }
}

/// Every received file is listed, every listed file was received, and their digests agree.
fn check_files(
    gate: &mut Gate,
    manifest: &VerifiedManifest,
    received: &[ReceivedFile],
) -> Result<Vec<ModelFile>, Refused> {
    let content = || received.iter().filter(|file| !is_signature(&file.name));
    let listed: BTreeSet<&str> = manifest.files.iter().map(|entry| entry.name.as_str()).collect();
    if let Some(file) = content().find(|file| !listed.contains(file.name.as_str())) {
        let error = FileError::Unlisted { name: shown(&file.name) };
        return Err(gate.refuse(RefusedBecause::FileUnlisted, error.to_string()));
    }
    let mut files = Vec::with_capacity(manifest.files.len());
    for entry in &manifest.files {
        let Some(file) = content().find(|file| file.name == entry.name) else {
            let error = FileError::Missing { name: shown(&entry.name) };
            return Err(gate.refuse(RefusedBecause::FileMissing, error.to_string()));
        };
        let actual = hex::encode(file.sha256);
        if file.sha256 != entry.sha256.0 {
            let (name, expected) = (shown(&entry.name), entry.sha256.to_string());
            let error = FileError::DigestMismatch { name, expected, actual };
            return Err(gate.refuse(RefusedBecause::FileAltered, error.to_string()));
        }
        files.push(ModelFile { name: file.name.clone(), size_bytes: file.size_bytes, sha256: actual });
    }
    gate.passed(format!("{}: {} files, no other", CheckName::FilesComplete, files.len()));
    gate.passed(format!("{}: SHA-256 over every byte received", CheckName::BytesMatch));
    Ok(files)
}

/// Names from a signature are shown escaped, and not at any length.
fn shown(name: &str) -> String {
    format!("{:?}", name.chars().take(120).collect::<String>())
}

fn check_weights(gate: &mut Gate, received: &[ReceivedFile]) -> Result<ModelFacts, Refused> {
    let mut weights = received.iter().filter(|file| file.name.ends_with(".gguf"));
    let file = match (weights.next(), weights.next()) {
        (Some(file), None) => file,
        (None, _) => {
            let detail =
                "no file ends in .gguf; this fleet runs GGUF models, convert the weights and sign them again";
            return Err(gate.refuse(RefusedBecause::WeightsFile, detail));
        }
        (Some(one), Some(other)) => {
            let detail = format!(
                "{} and {} both hold weights; merge split weights into one file and sign it again",
                shown(&one.name),
                shown(&other.name)
            );
            return Err(gate.refuse(RefusedBecause::WeightsFile, detail));
        }
    };
    let facts = facts::read(&file.path, &file.name).map_err(|FactsError(reason)| {
        let detail = format!("the weights in {} cannot be run: {reason}", shown(&file.name));
        gate.refuse(RefusedBecause::WeightsInvalid, detail)
    })?;
    gate.passed(format!(
        "weights can be run: {} {}, {} parameters, context of {} tokens",
        facts.architecture, facts.quantization, facts.parameters, facts.context_length
    ));
    Ok(facts)
}

//! From files on disk to bytes in memory that are known to be the signed ones.
//!
//! Checking a file and then opening it proves nothing: it can change in between. So the very bytes that are
//! hashed are copied into an anonymous memory file, which is then sealed against every further change, by
//! this process too, and handed to the worker. The file on disk is not looked at again.

use std::fs::File;
use std::io::{self, Read, Write};

use cloister_provenance::{FileEntry, FileVerifier, VerifiedManifest};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use tokio_util::sync::CancellationToken;

use super::{ArtifactError, LocalArtifact, Progress, Signers};
use crate::limits::MODEL_FILE_MAX_BYTES;

const BUFFER_BYTES: usize = 1024 * 1024;

/// A model that passed every check, in memory that nobody can change.
#[derive(Debug)]
pub(crate) struct VerifiedModel {
    /// The GGUF file, sealed.
    pub(crate) memory: File,
    /// What was checked, in order, as sentences.
    pub(crate) checks: Vec<String>,
}

/// Verifies signature and every file, and loads the GGUF file into sealed memory. Blocks.
///
/// # Errors
///
/// [`ArtifactError::Refused`] with the exact reason; a file whose bytes are not the signed ones is then in
/// quarantine. [`ArtifactError::Stopped`] once `stop` is cancelled.
pub(crate) fn load(
    artifact: &LocalArtifact,
    ordered_digest: &str,
    signers: &Signers,
    stop: &CancellationToken,
    progress: &Progress,
) -> Result<VerifiedModel, ArtifactError> {
    let manifest = signers.verify(&artifact.bundle, &artifact.signers_pem, ordered_digest)?;
    let weights = weights_file(&manifest)?;
    let mut copier =
        Copier { artifact, stop, progress, done_bytes: 0, total_bytes: total_bytes(artifact, &manifest) };
    for entry in manifest.files.iter().filter(|entry| *entry != weights) {
        copier.copy(entry, &mut io::sink())?;
    }
    let memory = memory_file()?;
    copier.copy(weights, &mut &memory)?;
    seal(&memory)?;
    let checks = sentences(&manifest, signers, copier.done_bytes);
    Ok(VerifiedModel { memory, checks })
}

/// The one file that the runtime computes with.
fn weights_file(manifest: &VerifiedManifest) -> Result<&FileEntry, ArtifactError> {
    let mut weights =
        manifest.files.iter().filter(|entry| entry.name.to_ascii_lowercase().ends_with(".gguf"));
    match (weights.next(), weights.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => {
            Err(ArtifactError::refused("the signed model lists no .gguf file: there is nothing to run"))
        }
        (Some(_), Some(_)) => Err(ArtifactError::refused(
            "the signed model lists more than one .gguf file; split models are not supported, merge its parts \
             (llama-gguf-split --merge) and sign the result",
        )),
    }
}

struct Copier<'a> {
    artifact: &'a LocalArtifact,
    stop: &'a CancellationToken,
    progress: &'a Progress,
    done_bytes: u64,
    total_bytes: u64,
}

impl Copier<'_> {
    /// Copies one file while hashing the very bytes that are copied.
    fn copy(&mut self, entry: &FileEntry, target: &mut dyn Write) -> Result<(), ArtifactError> {
        let path = self.artifact.layout.file(&entry.name);
        let mut file = File::open(&path).map_err(|error| ArtifactError::disk(&path, error))?;
        let mut verifier = FileVerifier::new(entry);
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            if self.stop.is_cancelled() {
                return Err(ArtifactError::Stopped);
            }
            let count = file.read(&mut buffer).map_err(|error| ArtifactError::disk(&path, error))?;
            let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
            verifier.update(bytes);
            target.write_all(bytes).map_err(|error| ArtifactError::disk(memory_path(), error))?;
            self.done_bytes = self.done_bytes.saturating_add(bytes.len() as u64);
            if verifier.hashed_bytes() > MODEL_FILE_MAX_BYTES {
                break;
            }
            (self.progress)(self.done_bytes, self.total_bytes);
        }
        verifier.finish().map_err(|error| self.refuse(entry, &error))
    }

    fn refuse(&self, entry: &FileEntry, error: &cloister_provenance::FileError) -> ArtifactError {
        if let Err(error) = self.artifact.layout.quarantine(&entry.name) {
            tracing::error!("cannot take the refused file {} out of the way: {error}", entry.name);
        }
        ArtifactError::refused(error)
    }
}

fn total_bytes(artifact: &LocalArtifact, manifest: &VerifiedManifest) -> u64 {
    let length =
        |entry: &FileEntry| std::fs::metadata(artifact.layout.file(&entry.name)).map_or(0, |data| data.len());
    manifest.files.iter().map(length).fold(0, u64::saturating_add)
}

fn memory_path() -> &'static std::path::Path {
    std::path::Path::new("memory for the model")
}

fn memory_file() -> Result<File, ArtifactError> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // Kernels before 6.3 do not know "and never executable"; the worker maps nothing executable anyway.
    let memory = memfd_create("cloister-model", flags | MemfdFlags::NOEXEC_SEAL)
        .or_else(|_| memfd_create("cloister-model", flags))
        .map_err(|error| ArtifactError::disk(memory_path(), error.into()))?;
    Ok(File::from(memory))
}

fn seal(memory: &File) -> Result<(), ArtifactError> {
    let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    fcntl_add_seals(memory, seals).map_err(|error| ArtifactError::disk(memory_path(), error.into()))
}

fn sentences(manifest: &VerifiedManifest, signers: &Signers, bytes: u64) -> Vec<String> {
    let whose = if signers.pinned() { "pinned on this node" } else { "trusted by the fleet" };
    vec![
        format!("signature: good, by key {} ({whose})", manifest.signer_key_id),
        format!("identity: the signed payload is {}, as ordered", manifest.model_digest),
        format!("bytes: all {} signed files ({bytes} bytes) have their signed SHA-256", manifest.files.len()),
        "memory: the worker reads a sealed copy that was hashed as it was made".to_owned(),
    ]
}

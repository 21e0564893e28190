//! A signed model of a few files.

use cloister_proto::agent::v1::{ArtifactFile, DescribeArtifactResponse};
use cloister_provenance::{FileEntry, Sha256Digest, SigningKey, keygen, sign};

#[derive(Clone)]
pub(crate) struct Model {
    pub(crate) digest: String,
    pub(crate) description: DescribeArtifactResponse,
    pub(crate) files: Vec<(String, Vec<u8>)>,
    pub(crate) signer_pem: String,
}

impl Model {
    /// Signs `files` with a fresh key, which the fleet trusts.
    pub(crate) fn of(files: Vec<(&str, Vec<u8>)>) -> Self {
        let key = keygen().unwrap();
        let entry = |(name, bytes): &(&str, Vec<u8>)| FileEntry {
            name: (*name).into(),
            sha256: Sha256Digest::of(bytes),
        };
        let entries: Vec<FileEntry> = files.iter().map(entry).collect();
        let bundle = sign(entries.clone(), &SigningKey::from_pem(&key.private_pem).unwrap(), "test").unwrap();
        let described = entries.iter().zip(&files).map(|(entry, (_, bytes))| ArtifactFile {
            name: entry.name.clone(),
            size_bytes: bytes.len() as u64,
            sha256: entry.sha256.0.to_vec(),
        });
        let description = DescribeArtifactResponse {
            signature_bundle: bundle.bytes.clone(),
            files: described.collect(),
            trusted_signers_pem: vec![key.public_pem.clone()],
        };
        let files = files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect();
        Self { digest: bundle.model_digest, description, files, signer_pem: key.public_pem }
    }

    /// 20 MiB of weights that are none, in three ranges, and a small file.
    pub(crate) fn of_three_ranges() -> Self {
        let weights =
            (0..20 * 1024 * 1024_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        Self::of(vec![("config/model.json", b"{}".to_vec()), ("weights.gguf", weights)])
    }
}

//! Writes signature bundles.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    digest::Sha256Digest,
    directory::{Progress, digest_directory},
    dsse::pre_authentication_encoding,
    error::{ManifestError, SignError},
    json::{
        BUNDLE_MEDIA_TYPE, BundleJson, EnvelopeJson, HASH_TYPE, METHOD, MaterialJson, PAYLOAD_TYPE,
        PREDICATE_TYPE, PredicateJson, PublicKeyJson, ResourceJson, STATEMENT_TYPE, SerializationJson,
        SignatureJson, StatementJson, SubjectDigestJson, SubjectJson,
    },
    key::SigningKey,
    limits::MAX_MODEL_NAME_BYTES,
    manifest::FileEntry,
    statement::{check_files, root_digest},
};

/// A signature bundle as it is written to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureBundle {
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// `sha256:<hex>` of the signed payload: the identity of the model.
    pub model_digest: String,
}

/// Signs a list of files whose digests are known. `model_name` is a label.
///
/// Entries are put into the order of their names, so that the same files give the same payload and
/// thus the same model digest, whoever signs.
///
/// # Errors
/// No file, too many, a name that is refused or listed twice.
pub fn sign(
    mut files: Vec<FileEntry>,
    key: &SigningKey,
    model_name: &str,
) -> Result<SignatureBundle, SignError> {
    if files.is_empty() {
        return Err(SignError::NoFiles);
    }
    if model_name.len() > MAX_MODEL_NAME_BYTES {
        return Err(ManifestError::ModelNameTooLong.into());
    }
    files.sort();
    check_files(&files)?;
    let payload = serde_json::to_vec(&statement(&files, model_name))?;
    let signature = key.sign(&pre_authentication_encoding(PAYLOAD_TYPE, &payload))?;
    let bytes = serde_json::to_vec(&bundle(&payload, &signature, key))?;
    Ok(SignatureBundle { bytes, model_digest: Sha256Digest::of(&payload).to_prefixed() })
}

/// Hashes and signs every file under `directory`, except `exclude` (usually the signature file that is
/// about to be written there). `progress` is told the number of bytes just hashed.
///
/// # Errors
/// As [`sign`]; also symbolic links and unreadable files.
pub fn sign_directory(
    directory: &Path,
    exclude: Option<&Path>,
    key: &SigningKey,
    model_name: &str,
    progress: Progress<'_>,
) -> Result<SignatureBundle, SignError> {
    sign(digest_directory(directory, exclude, progress)?, key, model_name)
}

fn statement(files: &[FileEntry], model_name: &str) -> StatementJson {
    let resources = files.iter().map(|file| ResourceJson {
        name: file.name.clone(),
        digest: file.sha256.to_string(),
        algorithm: HASH_TYPE.to_owned(),
    });
    StatementJson {
        statement_type: STATEMENT_TYPE.to_owned(),
        subject: vec![SubjectJson {
            name: model_name.to_owned(),
            digest: SubjectDigestJson { sha256: root_digest(files).to_string() },
        }],
        predicate_type: PREDICATE_TYPE.to_owned(),
        predicate: PredicateJson {
            resources: resources.collect(),
            serialization: SerializationJson {
                method: METHOD.to_owned(),
                hash_type: HASH_TYPE.to_owned(),
                allow_symlinks: false,
                ignore_paths: Vec::new(),
                shard_size: None,
            },
        },
    }
}

fn bundle(payload: &[u8], signature: &[u8], key: &SigningKey) -> BundleJson {
    BundleJson {
        media_type: BUNDLE_MEDIA_TYPE.to_owned(),
        verification_material: MaterialJson {
            public_key: Some(PublicKeyJson { hint: key.public_key().key_id() }),
            ..MaterialJson::default()
        },
        dsse_envelope: Some(EnvelopeJson {
            payload: STANDARD.encode(payload),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: vec![SignatureJson { sig: STANDARD.encode(signature), keyid: String::new() }],
        }),
        message_signature: None,
    }
}

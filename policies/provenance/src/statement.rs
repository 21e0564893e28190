//! The signed statement: the payload of a signature bundle, read and written.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use crate::{
    digest::Sha256Digest,
    error::{ManifestError, quoted},
    json::{HASH_TYPE, METHOD, PREDICATE_TYPE, ResourceJson, STATEMENT_TYPE, StatementJson},
    limits::{MAX_FILES, MAX_MODEL_NAME_BYTES},
    manifest::FileEntry,
    name::check_file_name,
};

/// What a statement says: the model's name and its files.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) model_name: String,
    pub(crate) files: Vec<FileEntry>,
}

/// Reads the payload of a signature bundle. Call it only with bytes whose signature is good.
pub(crate) fn read(payload: &[u8]) -> Result<Statement, ManifestError> {
    let statement = decode(payload)?;
    check_method(&statement)?;
    let [subject] = statement.subject.as_slice() else {
        return Err(ManifestError::Subjects { count: statement.subject.len() });
    };
    if subject.name.len() > MAX_MODEL_NAME_BYTES {
        return Err(ManifestError::ModelNameTooLong);
    }
    let files = read_files(&statement.predicate.resources, &subject.name)?;
    check_root_digest(&files, &subject.digest.sha256)?;
    Ok(Statement { model_name: subject.name.clone(), files })
}

fn decode(payload: &[u8]) -> Result<StatementJson, ManifestError> {
    let unreadable =
        |error: serde_json::Error| ManifestError::NotAStatement { reason: quoted(&error.to_string()) };
    // The types first: a statement about something else has another predicate, and that is the reason
    // a person can use.
    let value: serde_json::Value = serde_json::from_slice(payload).map_err(unreadable)?;
    let text = |field: &str| value.get(field).and_then(serde_json::Value::as_str).unwrap_or_default();
    if text("_type") != STATEMENT_TYPE {
        return Err(ManifestError::StatementType { found: quoted(text("_type")) });
    }
    if text("predicateType") != PREDICATE_TYPE {
        return Err(ManifestError::PredicateType { found: quoted(text("predicateType")) });
    }
    // Read again from the bytes: a Value would silently keep the last of two equal keys.
    serde_json::from_slice(payload).map_err(unreadable)
}

fn check_method(statement: &StatementJson) -> Result<(), ManifestError> {
    let serialization = &statement.predicate.serialization;
    if serialization.method == "shards" || serialization.shard_size.is_some() {
        return Err(ManifestError::Shards);
    }
    if serialization.method != METHOD {
        return Err(ManifestError::Method { found: quoted(&serialization.method) });
    }
    if serialization.hash_type != HASH_TYPE {
        return Err(ManifestError::HashType { found: quoted(&serialization.hash_type) });
    }
    Ok(())
}

fn read_files(resources: &[ResourceJson], model_name: &str) -> Result<Vec<FileEntry>, ManifestError> {
    if resources.len() > MAX_FILES {
        return Err(ManifestError::TooManyFiles { count: resources.len() });
    }
    let single = resources.len() == 1;
    let files = resources.iter().map(|resource| read_file(resource, single, model_name));
    let files = files.collect::<Result<Vec<_>, _>>()?;
    check_files(&files)?;
    Ok(files)
}

fn read_file(resource: &ResourceJson, single: bool, model_name: &str) -> Result<FileEntry, ManifestError> {
    let shown = || quoted(&resource.name);
    if resource.algorithm != HASH_TYPE {
        return Err(ManifestError::Algorithm { name: shown(), found: quoted(&resource.algorithm) });
    }
    // A widespread tool calls the only file of a one-file model "." and puts its name into the subject,
    // which is signed too.
    let name = if single && resource.name == "." { model_name } else { &resource.name };
    let sha256 = resource.digest.parse().map_err(|_| ManifestError::DigestMalformed { name: shown() })?;
    Ok(FileEntry { name: name.to_owned(), sha256 })
}

/// The rules that hold for a list of files, whether it is read or about to be signed.
pub(crate) fn check_files(files: &[FileEntry]) -> Result<(), ManifestError> {
    if files.is_empty() {
        return Err(ManifestError::NoFiles);
    }
    if files.len() > MAX_FILES {
        return Err(ManifestError::TooManyFiles { count: files.len() });
    }
    let mut names = BTreeSet::new();
    for FileEntry { name, .. } in files {
        check_file_name(name).map_err(|reason| ManifestError::Name { name: quoted(name), reason })?;
        if !names.insert(name.as_str()) {
            return Err(ManifestError::DuplicateName { name: quoted(name) });
        }
    }
    let folders = files.iter().flat_map(|file| file.name.match_indices('/').map(|(at, _)| &file.name[..at]));
    match folders.into_iter().find(|folder| names.contains(folder)) {
        Some(name) => Err(ManifestError::FileIsFolder { name: quoted(name) }),
        None => Ok(()),
    }
}

fn check_root_digest(files: &[FileEntry], stated: &str) -> Result<(), ManifestError> {
    let stated: Sha256Digest = stated.parse().map_err(|_| ManifestError::RootDigestMalformed)?;
    let computed = root_digest(files);
    if stated != computed {
        return Err(ManifestError::RootDigest { stated: stated.to_string(), computed: computed.to_string() });
    }
    Ok(())
}

/// SHA-256 over the raw digests of the files in listed order (OMS v1.0, "subject").
pub(crate) fn root_digest(files: &[FileEntry]) -> Sha256Digest {
    let mut hasher = Sha256::new();
    for file in files {
        hasher.update(file.sha256.0);
    }
    Sha256Digest(hasher.finalize().into())
}

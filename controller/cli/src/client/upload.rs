//! Sending a model's files: part by part, so that a lost connection costs at most one part.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use cloister_api::problem::ProblemKind;
use cloister_api::{NewUpload, NewUploadFile, Upload, paths};
use indicatif::ProgressBar;
use reqwest::Method;

use super::{CallError, Client};
use crate::error::{CliError, Doing};
use crate::limits::{UPLOAD_PART_BYTES, UPLOAD_TRIES_MAX};

/// A file on disk under the name that the signature lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalFile {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) size_bytes: u64,
}

/// Uploads all files and gives the upload's id. `progress` counts bytes that the controller holds.
pub(crate) async fn upload(
    client: &Client,
    files: &[LocalFile],
    progress: &ProgressBar,
) -> Result<String, CliError> {
    let request = NewUpload {
        files: files
            .iter()
            .map(|f| NewUploadFile { name: f.name.clone(), size_bytes: f.size_bytes })
            .collect(),
    };
    let upload: Upload = client.post(paths::UPLOADS, &request).await?;
    for file in files {
        if let Err(error) = send_file(client, &upload.id, file, progress).await {
            // What was sent is of no use without the rest; the controller would drop it in a day.
            let _: Result<serde_json::Value, _> = client.delete(&paths::upload(&upload.id)).await;
            return Err(error);
        }
    }
    Ok(upload.id)
}

async fn send_file(
    client: &Client,
    upload_id: &str,
    file: &LocalFile,
    progress: &ProgressBar,
) -> Result<(), CliError> {
    let source = File::open(&file.path).doing(|| format!("{} could not be opened", file.path.display()))?;
    let source = std::sync::Arc::new(source);
    let (mut offset, mut failures) = (0, 0);
    while offset < file.size_bytes {
        let part = read_part(&source, file, offset).await?;
        let sent = part.len() as u64;
        let path = paths::upload_file(upload_id, &file.name, offset);
        match client.send(client.request(Method::PUT, &path).body(part)).await {
            Ok(_) => {
                offset += sent;
                failures = 0;
                progress.inc(sent);
            }
            Err(error) => {
                failures += 1;
                offset = resume_at(error, offset, failures, progress)?;
            }
        }
    }
    Ok(())
}

async fn read_part(
    source: &std::sync::Arc<File>,
    file: &LocalFile,
    offset: u64,
) -> Result<Vec<u8>, CliError> {
    let left = usize::try_from(file.size_bytes - offset).unwrap_or(usize::MAX);
    let length = left.min(UPLOAD_PART_BYTES);
    let source = std::sync::Arc::clone(source);
    let read = tokio::task::spawn_blocking(move || {
        let mut part = vec![0; length];
        source.read_exact_at(&mut part, offset).map(|()| part)
    });
    read.await
        .doing(|| "reading was broken off".into())?
        .doing(|| format!("{} could not be read to its end", file.path.display()))
}

/// Where to go on: where the controller says, or the same part again after a lost connection.
fn resume_at(error: CallError, offset: u64, failures: u32, progress: &ProgressBar) -> Result<u64, CliError> {
    match error {
        CallError::Problem(problem) if problem.kind() == Some(ProblemKind::WrongOffset) => {
            let right = problem.expected_offset_bytes.unwrap_or(offset);
            progress.set_position((progress.position() + right).saturating_sub(offset));
            if failures < UPLOAD_TRIES_MAX { Ok(right) } else { Err(CallError::Problem(problem).into()) }
        }
        CallError::Other(_) if failures < UPLOAD_TRIES_MAX => Ok(offset),
        error => Err(error.into()),
    }
}

//! Receiving bytes: the request's body on one side, a thread that writes and hashes on the other.

use std::sync::Arc;

use bytes::Bytes;
use cloister_api::UploadFile;
use futures_util::{Stream, StreamExt as _, pin_mut};
use tokio::sync::{OwnedMutexGuard, mpsc};

use super::slot::Writer;
use super::{UploadError, Uploads};
use crate::limits;

impl Uploads {
    /// Appends a body to a file. If this is dropped (the client went away), what was written stays
    /// and is counted. `length_bytes` is the body's length where the client stated it.
    pub(crate) async fn append<S, E>(
        &self,
        id: &str,
        name: &str,
        offset_bytes: u64,
        length_bytes: Option<u64>,
        body: S,
    ) -> Result<UploadFile, UploadError>
    where
        S: Stream<Item = Result<Bytes, E>>,
    {
        let upload = self.find(id)?;
        let slot = upload.files.iter().find(|slot| slot.name == name);
        let slot = slot.ok_or_else(|| UploadError::NoSuchFile { name: name.to_owned() })?;
        let permit = Arc::clone(&self.writers).try_acquire_owned();
        let permit = permit.map_err(|_| UploadError::TooManyWriters)?;
        let writer = slot.writer(offset_bytes)?;
        // After the writer's lock, which an import looks at after setting its mark: one of the two sees.
        if upload.importing.load(std::sync::atomic::Ordering::Acquire) {
            return Err(UploadError::Importing);
        }
        if length_bytes.is_some_and(|length| offset_bytes.saturating_add(length) > slot.size_bytes) {
            return Err(UploadError::TooLong { name: name.to_owned(), size_bytes: slot.size_bytes });
        }
        let (chunks, received) = mpsc::channel(limits::UPLOAD_CHUNKS_AHEAD);
        let writing = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            write_all(writer, received)
        });
        let sent = forward(body, chunks).await;
        let written =
            writing.await.map_err(|error| UploadError::storage("write the upload", error.into()))?;
        written.and(sent).map(|()| slot.view())
    }
}

/// Hands the body on until it ends, breaks off, pauses for too long or nobody takes it any more.
async fn forward<S, E>(body: S, chunks: mpsc::Sender<Bytes>) -> Result<(), UploadError>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    pin_mut!(body);
    loop {
        match tokio::time::timeout(limits::UPLOAD_PAUSE_MAX, body.next()).await {
            Ok(Some(Ok(chunk))) => {
                if chunks.send(chunk).await.is_err() {
                    // The writer has ended with an error, which it will tell.
                    return Ok(());
                }
            }
            Ok(None) => return Ok(()),
            Ok(Some(Err(_))) | Err(_) => return Err(UploadError::BodyLost),
        }
    }
}

fn write_all(
    mut writer: OwnedMutexGuard<Writer>,
    mut chunks: mpsc::Receiver<Bytes>,
) -> Result<(), UploadError> {
    let mut file = writer.open()?;
    while let Some(chunk) = chunks.blocking_recv() {
        writer.write(&mut file, &chunk)?;
    }
    Ok(())
}

//! From an archive into the upload: a thread reads, this appends.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use tokio::sync::mpsc;

use super::fetch::{Fetch, OpenArchive};
use super::run::Stop;
use crate::limits::UPLOAD_CHUNKS_AHEAD;
use crate::models::UploadError;
use crate::sources::{SourceError, Unpacked};

/// The parts of an archive as they come, and the one that ended a file.
struct Parts {
    incoming: mpsc::Receiver<Unpacked>,
    next: Option<Unpacked>,
}

impl Parts {
    async fn peek(&mut self) -> Option<&Unpacked> {
        if self.next.is_none() {
            self.next = self.incoming.recv().await;
        }
        self.next.as_ref()
    }

    /// The next bytes of the present file; `None` at its end.
    async fn bytes(&mut self) -> Option<Bytes> {
        match self.peek().await {
            Some(Unpacked::Bytes(_)) => match self.next.take() {
                Some(Unpacked::Bytes(bytes)) => Some(bytes),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Fetch<'_> {
    pub(super) async fn unpack(&self, upload_id: &str, archive: &OpenArchive) -> Result<(), Stop> {
        let (out, incoming) = mpsc::channel(UPLOAD_CHUNKS_AHEAD);
        let (file, files) = (Arc::clone(&archive.file), archive.files.clone());
        let stop = self.run.job.cancelled().clone();
        let reading = tokio::task::spawn_blocking(move || crate::sources::unpack(&file, &files, &stop, &out));
        let mut parts = Parts { incoming, next: None };
        while let Some(part) = parts.peek().await {
            match part {
                Unpacked::File(_) => {
                    let Some(Unpacked::File(name)) = parts.next.take() else { continue };
                    self.append(upload_id, &name, &mut parts, archive.counts).await?;
                }
                Unpacked::Failed(error) => return Err(error.clone().into()),
                // Bytes that belong to no file: the reader names one first.
                Unpacked::Bytes(_) => parts.next = None,
            }
        }
        let read = reading.await;
        read.map_err(|error| SourceError::internal("the archive was not read to its end", &error).into())
    }

    async fn append(&self, upload_id: &str, name: &str, parts: &mut Parts, counts: bool) -> Result<(), Stop> {
        let job = &self.run.job;
        let body = stream::unfold(parts, |parts| async move {
            let bytes = parts.bytes().await?;
            if counts {
                job.count_bytes(bytes.len() as u64);
            }
            Some((Ok::<_, std::convert::Infallible>(bytes), parts))
        });
        let appended = self.run.api.uploads().append(upload_id, name, 0, None, body).await;
        appended.map(drop).map_err(|error| match error {
            UploadError::NoSpace { .. } | UploadError::OverQuota { .. } => Stop::from(error),
            other => SourceError::internal("what was unpacked could not be written", &other).into(),
        })
    }
}

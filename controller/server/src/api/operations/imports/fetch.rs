//! From a source into the upload area, with retries that go on where the last one ended.

use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloister_api::{ImportReason, NewUpload, NewUploadFile};
use futures_util::StreamExt as _;
use jiff::Timestamp;

use super::run::{Run, Stop};
use crate::api::operations::blocking;
use crate::api::{ApiError, ApiState};
use crate::limits::{
    SOURCE_PROGRESS_BYTES, SOURCE_RETRY_FIRST, SOURCE_RETRY_LONGEST, SOURCE_TRIES_MAX, UPLOAD_PAUSE_MAX,
};
use crate::models::{ARCHIVE, ReceivedFile, UploadError, is_signature};
use crate::sources::{ArchiveFile, Form, Piece, SourceError};

pub(super) struct Fetch<'a> {
    pub(super) run: &'a Run,
}

/// An upload of this import: dropped with it, unless the import has already done so.
pub(super) struct FetchedUpload {
    api: ApiState,
    id: String,
}

/// An archive that lies here, and what is in it.
pub(super) struct OpenArchive {
    pub(super) file: Arc<File>,
    pub(super) files: Vec<ArchiveFile>,
    /// Whether its bytes count as progress when they are unpacked; others were counted when they came.
    pub(super) counts: bool,
    /// Keeps the bytes of one that was fetched.
    _upload: Option<FetchedUpload>,
}

impl Fetch<'_> {
    /// Everything that the source holds, as a complete upload.
    pub(super) async fn all(&self) -> Result<FetchedUpload, Stop> {
        let pieces = self.open().await?;
        let total = pieces.iter().filter(|piece| !matches!(piece.form, Form::LocalArchive(_)));
        let total = total.fold(0_u64, |sum, piece| sum.saturating_add(piece.size_bytes));
        self.run.job.expect_bytes(total);
        let (mut files, mut archives) = (Vec::new(), Vec::new());
        for piece in pieces {
            match &piece.form {
                Form::File => files.push(piece),
                Form::Archive => archives.push(self.bring(&piece).await?),
                Form::LocalArchive(file) => archives.push(self.look_into(Arc::clone(file), None).await?),
            }
        }
        let local = archives.iter().filter(|archive| archive.counts).flat_map(|archive| &archive.files);
        self.run.job.expect_bytes(local.fold(total, |sum, file| sum.saturating_add(file.size_bytes)));
        let upload = self.announce(&files, &archives).await?;
        // The signature first: it may make the rest unnecessary.
        files.sort_by_key(|piece| !is_signature(&piece.name));
        for piece in &files {
            let received = self.transfer(upload.id(), &piece.name, piece).await?;
            if is_signature(&piece.name) {
                let bundle = tokio::fs::read(&received.path).await;
                let bundle =
                    bundle.map_err(|error| ApiError::internal("the upload cannot be read back", &error))?;
                self.run.look_at_bundle(bundle).await?;
            }
        }
        for archive in &archives {
            self.unpack(upload.id(), archive).await?;
        }
        Ok(upload)
    }

    async fn open(&self) -> Result<Vec<Piece>, SourceError> {
        let (settings, source) = (self.run.api.sources(), &self.run.job.new_import().source);
        let mut tries = Tries::default();
        loop {
            match settings.open(source).await {
                Err(error) if error.transient => tries.failed(error, 0).await?,
                looked => return looked,
            }
        }
    }

    /// Fetches an archive whole, and looks into it.
    async fn bring(&self, piece: &Piece) -> Result<OpenArchive, Stop> {
        let (api, size_bytes) = (self.run.api.clone(), piece.size_bytes);
        let begun = blocking(move || api.uploads().begin_archive(size_bytes, Timestamp::now())).await?;
        let upload = FetchedUpload { api: self.run.api.clone(), id: begun?.id };
        let received = self.transfer(upload.id(), ARCHIVE, piece).await?;
        let file = blocking(move || File::open(received.path)).await?;
        let file = file.map_err(|error| ApiError::internal("the upload cannot be read back", &error))?;
        self.look_into(Arc::new(file), Some(upload)).await
    }

    async fn announce(&self, files: &[Piece], archives: &[OpenArchive]) -> Result<FetchedUpload, Stop> {
        let packed = archives.iter().flat_map(|archive| &archive.files);
        let packed = packed.map(|file| (file.name.clone(), file.size_bytes));
        let plain = files.iter().map(|piece| (piece.name.clone(), piece.size_bytes));
        let files =
            plain.chain(packed).map(|(name, size_bytes)| NewUploadFile { name, size_bytes }).collect();
        let (api, announced) = (self.run.api.clone(), NewUpload { files });
        let begun = blocking(move || api.uploads().begin_fetch(&announced, Timestamp::now())).await?;
        Ok(FetchedUpload { api: self.run.api.clone(), id: begun?.id })
    }

    async fn look_into(&self, file: Arc<File>, upload: Option<FetchedUpload>) -> Result<OpenArchive, Stop> {
        let (archive, stop) = (Arc::clone(&file), self.run.job.cancelled().clone());
        let files = blocking(move || crate::sources::list(&archive, &stop)).await??;
        Ok(OpenArchive { file, files, counts: upload.is_none(), _upload: upload })
    }

    /// Fetches a piece whole and checks its digest.
    async fn transfer(&self, upload_id: &str, slot: &str, piece: &Piece) -> Result<ReceivedFile, Stop> {
        let uploads = self.run.api.uploads();
        let mut tries = Tries::default();
        loop {
            let before = uploads.received_bytes(upload_id, slot)?;
            if before == piece.size_bytes {
                break;
            }
            let tried = self.try_once((upload_id, slot), piece, before).await;
            let brought = uploads.received_bytes(upload_id, slot)?.saturating_sub(before);
            match tried {
                Ok(()) if before + brought == piece.size_bytes => break,
                Ok(()) => tries.failed(SourceError::transient("the source ended too early"), brought).await?,
                Err(error) if error.transient => tries.failed(error, brought).await?,
                Err(error) => return Err(error.into()),
            }
        }
        let (api, id, name) = (self.run.api.clone(), upload_id.to_owned(), slot.to_owned());
        let received = blocking(move || api.uploads().received_file(&id, &name)).await??;
        match piece.sha256.is_none_or(|sha256| sha256 == received.sha256) {
            true => Ok(received),
            false => Err(Stop::Source(SourceError::new(
                ImportReason::SourceDigest,
                format!(
                    "the bytes of {:?} have SHA-256 {}, not the one that they were named by; they are damaged, or somebody altered them",
                    piece.name,
                    hex::encode(received.sha256)
                ),
            ))),
        }
    }

    async fn try_once(
        &self,
        (upload_id, slot): (&str, &str),
        piece: &Piece,
        offset: u64,
    ) -> Result<(), SourceError> {
        let stream = (piece.read)(offset).await?;
        let lost = Mutex::new(None);
        let body = stream.map(|chunk| match chunk {
            Ok(bytes) => {
                self.run.job.count_bytes(bytes.len() as u64);
                Ok(bytes)
            }
            Err(error) => {
                *lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Err(())
            }
        });
        let appended = self.run.api.uploads().append(upload_id, slot, offset, None, body).await;
        let lost = lost.into_inner().unwrap_or_else(PoisonError::into_inner);
        appended.map(drop).map_err(|error| append_failed(error, lost, piece))
    }
}

/// What it means that bytes could not be appended.
pub(super) fn append_failed(error: UploadError, lost: Option<SourceError>, piece: &Piece) -> SourceError {
    let detail = error.to_string();
    match error {
        UploadError::BodyLost => lost.unwrap_or_else(|| {
            SourceError::transient(format!("the source was silent for {} s", UPLOAD_PAUSE_MAX.as_secs()))
        }),
        UploadError::TooLong { size_bytes, .. } => SourceError::new(
            ImportReason::SourceDigest,
            format!("the source sends more than the {size_bytes} bytes that {:?} has", piece.name),
        ),
        UploadError::NoSpace { .. } | UploadError::OverQuota { .. } => {
            SourceError::new(ImportReason::NoSpace, detail)
        }
        UploadError::TooManyWriters | UploadError::Busy => SourceError::transient(detail),
        _ => SourceError::internal("what was fetched could not be written", &detail),
    }
}

/// Tries that failed in a row.
struct Tries {
    failures: u32,
    wait: Duration,
}

impl Default for Tries {
    fn default() -> Self {
        Self { failures: 0, wait: SOURCE_RETRY_FIRST }
    }
}

impl Tries {
    /// Waits before the next try, or gives up. One that brought a good deal starts the count anew.
    async fn failed(&mut self, error: SourceError, brought_bytes: u64) -> Result<(), SourceError> {
        if brought_bytes >= SOURCE_PROGRESS_BYTES {
            *self = Self::default();
        }
        self.failures += 1;
        if self.failures >= SOURCE_TRIES_MAX {
            let detail = format!("{}; {SOURCE_TRIES_MAX} tries failed, try again later", error.detail);
            return Err(SourceError { detail, ..error });
        }
        tracing::info!(detail = %error.detail, wait_ms = self.wait.as_millis(), "a source is tried again");
        tokio::time::sleep(self.wait).await;
        self.wait = (self.wait * 2).min(SOURCE_RETRY_LONGEST);
        Ok(())
    }
}

impl FetchedUpload {
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

impl Drop for FetchedUpload {
    fn drop(&mut self) {
        let (api, id) = (self.api.clone(), std::mem::take(&mut self.id));
        // Without a runtime the process is ending; the next start drops what it left.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(drop_upload(api, id));
        }
    }
}

/// Drops an upload once nobody writes to it any more: a writer that was left notices in a moment.
async fn drop_upload(api: ApiState, id: String) {
    for _ in 0..DROP_TRIES_MAX {
        let (api, id) = (api.clone(), id.clone());
        match blocking(move || api.uploads().remove(&id)).await {
            Ok(Err(UploadError::Busy | UploadError::Importing)) => {
                tokio::time::sleep(SOURCE_RETRY_FIRST).await
            }
            // Gone, or it was imported and dropped there.
            _ => return,
        }
    }
}

const DROP_TRIES_MAX: u32 = 120;

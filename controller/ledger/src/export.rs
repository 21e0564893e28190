//! Evidence files: the whole log, or chosen records with all that proves them. Every record is
//! checked against the tree before it is handed out.

mod records;
mod whole;

use cloister_evidence::checkpoint::SignedCheckpoint;
use cloister_evidence::file::FileError;
use cloister_store::StoreError;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::LedgerHandle;
use crate::error::LogDamage;
use crate::head;
use crate::limits::{EXPORT_PIECE_BYTES, MAX_EXPORT_PIECES, MAX_EXPORTED_IDS};
use crate::tree::LoadError;

/// What an evidence file is to contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All records up to the newest checkpoint.
    Log,
    /// These records, and the other half of each inference among them.
    Records(Vec<String>),
}

/// An evidence file, piece by piece. Ends after the first error; a file without its end is no
/// evidence.
pub type EvidenceStream = ReceiverStream<Result<Vec<u8>, ExportError>>;

/// Why an evidence file could not be made, or not be finished.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("there is no record {id}")]
    NoRecord { id: String },
    #[error("{count} records are named, at most {MAX_EXPORTED_IDS} can be; export the whole log instead")]
    TooMany { count: usize },
    #[error("the log cannot be exported because it is damaged: {0}")]
    Damaged(#[from] LogDamage),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    File(#[from] FileError),
}

impl From<LoadError> for ExportError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Store(error) => Self::Store(error),
            LoadError::Damaged(damage) => Self::Damaged(damage),
        }
    }
}

impl LedgerHandle {
    /// Begins an evidence file. Dropping the stream ends the work.
    ///
    /// # Errors
    /// Unknown ids are refused here; damage that shows later ends the stream with an error.
    pub async fn export(&self, selection: Selection) -> Result<EvidenceStream, ExportError> {
        let ids = match selection {
            Selection::Log => None,
            Selection::Records(ids) => Some(ids),
        };
        let rows = match &ids {
            Some(ids) => records::select(&self.shared.store, ids).await?,
            None => Vec::new(),
        };
        let Some(head) = head::newest(&self.shared.store, &self.shared.verifier).await? else {
            return Err(LogDamage::NoCheckpoint { size: 0 }.into());
        };
        let export = Export { handle: self.clone(), head };
        let (pieces, stream) = mpsc::channel(MAX_EXPORT_PIECES);
        let out = Pieces { pieces, buffer: Vec::with_capacity(EXPORT_PIECE_BYTES) };
        tokio::spawn(async move {
            match ids {
                Some(_) => export.records(rows, out).await,
                None => export.whole(out).await,
            }
        });
        Ok(ReceiverStream::new(stream))
    }
}

/// One file in the making.
struct Export {
    handle: LedgerHandle,
    head: SignedCheckpoint,
}

/// Its way out. The reader may go away at any time: that ends the work.
struct Pieces {
    pieces: mpsc::Sender<Result<Vec<u8>, ExportError>>,
    buffer: Vec<u8>,
}

/// Why the making of a file stopped early.
enum Stop {
    ReaderGone,
    Failed(ExportError),
}

impl<E: Into<ExportError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Pieces {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= EXPORT_PIECE_BYTES { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), Stop> {
        let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(EXPORT_PIECE_BYTES));
        self.pieces.send(Ok(piece)).await.map_err(|_| Stop::ReaderGone)
    }

    /// Hands the last piece on, or the reason why there is none.
    async fn finish(mut self, result: Result<(), Stop>) {
        match result {
            Ok(()) => drop(self.flush().await),
            Err(Stop::ReaderGone) => {}
            Err(Stop::Failed(error)) => drop(self.pieces.send(Err(error)).await),
        }
    }
}

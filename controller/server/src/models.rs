//! Models on their way in and at rest: the upload area, the gate that every model must pass, and the
//! folder of those that did.

mod examine;
mod facts;
mod folder;
pub mod peers;
mod uploads;

pub use examine::{Examined, Refused, RefusedBecause};
pub use folder::{FolderError, ModelFolder};
pub use uploads::{UploadError, Uploads};

pub(crate) use examine::{examine, examine_bundle};
pub(crate) use uploads::{ARCHIVE, Importing, ReceivedFile, is_signature};

use cloister_store::{Store, StoreError};
use jiff::Timestamp;

use crate::data_dir::DataDir;

/// The upload area or the folder of models could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Uploads(#[from] UploadError),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the work on the data folder was not finished: {0}")]
    Ended(#[from] tokio::task::JoinError),
}

/// Opens both below the data folder, and clears what a crash left there: files of models that the
/// store does not list. Call once, before requests are taken. `quota_bytes` bounds what all open
/// uploads together may announce.
///
/// # Errors
/// The data folder or the store cannot be read.
pub async fn open(
    data: &DataDir,
    store: &Store,
    quota_bytes: u64,
) -> Result<(Uploads, ModelFolder), OpenError> {
    let listed: Vec<String> = store.models().await?.into_iter().map(|model| model.digest).collect();
    let data = data.clone();
    tokio::task::spawn_blocking(move || {
        let folder = ModelFolder::new(&data);
        let cleared = folder.clear_orphans(listed.iter().map(String::as_str))?;
        if cleared > 0 {
            tracing::warn!(cleared, "cleared the files of models whose import or removal was cut short");
        }
        let uploads = Uploads::open(&data.root().join("uploads"), quota_bytes, Timestamp::now())?;
        Ok((uploads, folder))
    })
    .await?
}

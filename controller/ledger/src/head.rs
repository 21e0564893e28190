//! The newest log checkpoint that is known here, whichever controller signed it.

use cloister_evidence::checkpoint::{LogVerifier, SignedCheckpoint};
use cloister_store::{CheckpointRow, Store};
use tokio::sync::watch;

use crate::error::LogDamage;
use crate::tree::LoadError;

/// Makes `checkpoint` known, unless a newer one is.
pub(crate) fn publish(head: &watch::Sender<SignedCheckpoint>, checkpoint: SignedCheckpoint) {
    head.send_if_modified(|known| {
        let newer = checkpoint.tree_size() > known.tree_size();
        if newer {
            *known = checkpoint;
        }
        newer
    });
}

/// The newest checkpoint in the database; none while the log is empty.
pub(crate) async fn newest(
    store: &Store,
    verifier: &LogVerifier,
) -> Result<Option<SignedCheckpoint>, LoadError> {
    let head = store.head().await?;
    match head.checkpoint {
        Some(stored) => Ok(Some(open(&stored, verifier)?)),
        None if head.size == 0 => Ok(None),
        None => Err(LogDamage::NoCheckpoint { size: head.size }.into()),
    }
}

/// The checkpoint over exactly `size` records.
pub(crate) async fn of_size(
    store: &Store,
    verifier: &LogVerifier,
    size: u64,
) -> Result<SignedCheckpoint, LoadError> {
    let stored = store.checkpoint_covering(size).await?.filter(|stored| stored.size == size);
    Ok(open(&stored.ok_or(LogDamage::NoCheckpoint { size })?, verifier)?)
}

fn open(stored: &CheckpointRow, verifier: &LogVerifier) -> Result<SignedCheckpoint, LogDamage> {
    let size = stored.size;
    let checkpoint = verifier.open(&stored.note).map_err(|source| LogDamage::Checkpoint { size, source })?;
    if checkpoint.tree_size() == size { Ok(checkpoint) } else { Err(LogDamage::NoCheckpoint { size }) }
}

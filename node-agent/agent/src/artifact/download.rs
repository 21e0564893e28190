//! Fetching what is missing of a model: ranges in parallel, resumable at any point.

mod file;
mod stream;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cloister_proto::agent::v1::ArtifactFile;
use cloister_provenance::{FileEntry, VerifiedManifest};
use futures_util::{StreamExt, TryStreamExt, stream as futures};

use super::error::blocking;
use super::layout::Layout;
use super::ranges::Range;
use super::{ArtifactError, Progress};
use crate::controllers::Controllers;
use crate::limits::{DISK_RESERVE_BYTES, MODEL_FILE_MAX_BYTES, PARALLEL_RANGES};
use file::PartialFile;

/// What is to be fetched, and how much is there already.
#[derive(Debug)]
pub(crate) struct Plan {
    files: Vec<PartialFile>,
    present_bytes: u64,
    total_bytes: u64,
}

/// A signed file, and how long it is.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    name: String,
    sha256: String,
    size_bytes: u64,
}

/// The signed files with the sizes that the controller states.
pub(crate) fn wanted(
    manifest: &VerifiedManifest,
    described: &[ArtifactFile],
) -> Result<Vec<Wanted>, ArtifactError> {
    let wanted = |entry: &FileEntry| {
        let size_bytes = size_of(entry, described)?;
        Ok(Wanted { name: entry.name.clone(), sha256: hex::encode(entry.sha256.0), size_bytes })
    };
    manifest.files.iter().map(wanted).collect()
}

/// Looks at what is on disk, and whether the rest will fit.
pub(crate) async fn plan(layout: &Layout, wanted: Vec<Wanted>) -> Result<Plan, ArtifactError> {
    let layout = layout.clone();
    blocking(move || plan_blocking(&layout, wanted)).await
}

/// The signature names files and digests but no sizes: those are the controller's word, and a wrong one ends
/// in a digest that does not match.
fn size_of(entry: &FileEntry, described: &[ArtifactFile]) -> Result<u64, ArtifactError> {
    let file = described.iter().find(|file| file.name == entry.name).ok_or_else(|| {
        ArtifactError::refused(format!("file {} is signed, but the controller does not have it", entry.name))
    })?;
    if file.sha256 != entry.sha256.0 {
        return Err(ArtifactError::refused(format!(
            "the controller describes file {} with another digest than its signature does",
            entry.name
        )));
    }
    if file.size_bytes > MODEL_FILE_MAX_BYTES {
        return Err(ArtifactError::refused(format!("file {} is larger than this agent loads", entry.name)));
    }
    Ok(file.size_bytes)
}

fn plan_blocking(layout: &Layout, wanted: Vec<Wanted>) -> Result<Plan, ArtifactError> {
    let mut plan = Plan { files: Vec::new(), present_bytes: 0, total_bytes: 0 };
    for Wanted { name, sha256, size_bytes } in wanted {
        plan.total_bytes = plan.total_bytes.saturating_add(size_bytes);
        let missing_bytes = match PartialFile::open(layout, &name, &sha256, size_bytes)? {
            Some(file) => {
                let missing_bytes = file.missing_bytes();
                plan.files.push(file);
                missing_bytes
            }
            None => 0,
        };
        plan.present_bytes = plan.present_bytes.saturating_add(size_bytes - missing_bytes);
    }
    refuse_if_too_large(layout, &plan)?;
    for file in &plan.files {
        file.reserve()?;
    }
    Ok(plan)
}

fn refuse_if_too_large(layout: &Layout, plan: &Plan) -> Result<(), ArtifactError> {
    let needed_bytes = plan.files.iter().map(PartialFile::unallocated_bytes).fold(0, u64::saturating_add);
    let directory = layout.directory().to_owned();
    let status =
        rustix::fs::statvfs(&directory).map_err(|error| ArtifactError::disk(&directory, error.into()))?;
    let available_bytes = status.f_bavail.saturating_mul(status.f_frsize);
    if needed_bytes > 0 && needed_bytes.saturating_add(DISK_RESERVE_BYTES) > available_bytes {
        return Err(ArtifactError::DiskFull { directory, needed_bytes, available_bytes });
    }
    Ok(())
}

/// Fetches all of it.
pub(crate) async fn run(
    controllers: &Controllers,
    digest: &str,
    plan: Plan,
    progress: &Progress,
) -> Result<(), ArtifactError> {
    let total_bytes = plan.total_bytes;
    let present_bytes = AtomicU64::new(plan.present_bytes);
    let arrived = |bytes: u64| {
        let present = present_bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        progress(present, total_bytes);
    };
    progress(plan.present_bytes, total_bytes);
    for file in plan.files {
        let file = Arc::new(file);
        let ranges = file.missing();
        futures::iter(ranges)
            .map(|range| fetch(controllers, digest, &file, range, &arrived))
            .buffer_unordered(PARALLEL_RANGES)
            .try_collect::<()>()
            .await?;
        let finished = Arc::clone(&file);
        blocking(move || finished.finish()).await?;
    }
    Ok(())
}

async fn fetch(
    controllers: &Controllers,
    digest: &str,
    file: &Arc<PartialFile>,
    range: Range,
    arrived: &(dyn Fn(u64) + Send + Sync),
) -> Result<(), ArtifactError> {
    stream::fetch_range(controllers, digest, file, range, arrived).await?;
    let file = Arc::clone(file);
    blocking(move || file.mark(range)).await
}

//! Making room: models that nobody ordered give way to one that somebody did.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::ArtifactError;

/// A model on disk that is not ordered.
struct Idle {
    directory: PathBuf,
    last_used: SystemTime,
    bytes: u64,
}

/// Removes models that are not in `ordered` (digests), longest unused first, until `missing_bytes` are free.
/// `false`, and nothing removed, if all of them together would not do. Blocks.
pub(crate) fn evict(
    root: &Path,
    ordered: &BTreeSet<String>,
    missing_bytes: u64,
) -> Result<bool, ArtifactError> {
    let mut idle = idle(root, ordered).map_err(|error| ArtifactError::disk(root, error))?;
    if idle.iter().map(|model| model.bytes).fold(0, u64::saturating_add) < missing_bytes {
        return Ok(false);
    }
    idle.sort_by_key(|model| model.last_used);
    let mut freed_bytes = 0_u64;
    for model in idle {
        if freed_bytes >= missing_bytes {
            break;
        }
        tracing::info!(directory = %model.directory.display(), bytes = model.bytes, "removing an unused model to make room");
        fs::remove_dir_all(&model.directory).map_err(|error| ArtifactError::disk(&model.directory, error))?;
        freed_bytes = freed_bytes.saturating_add(model.bytes);
    }
    Ok(true)
}

fn idle(root: &Path, ordered: &BTreeSet<String>) -> io::Result<Vec<Idle>> {
    let mut idle = Vec::new();
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let digest = format!("sha256:{}", entry.file_name().to_string_lossy());
        if !entry.file_type()?.is_dir() || ordered.contains(&digest) {
            continue;
        }
        // The description is written anew for every load.
        let described = entry.path().join("description");
        let last_used =
            fs::metadata(described).and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        idle.push(Idle { bytes: size(&entry.path())?, directory: entry.path(), last_used });
    }
    Ok(idle)
}

/// Bytes on disk, of files and folders; symbolic links are not followed.
fn size(path: &Path) -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    const STAT_BLOCK_BYTES: u64 = 512;
    let mut bytes = 0_u64;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let data = entry.metadata()?;
        let own = data.blocks().saturating_mul(STAT_BLOCK_BYTES);
        let below = if data.is_dir() { size(&entry.path())? } else { 0 };
        bytes = bytes.saturating_add(own).saturating_add(below);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::Duration;

    use super::*;

    const MODEL_BYTES: u64 = 1024 * 1024;

    /// Three models of a mebibyte; "a" was used longest ago.
    fn three_models() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (age, name) in ["c", "b", "a"].into_iter().enumerate() {
            let directory = root.path().join(name);
            fs::create_dir_all(directory.join("files")).unwrap();
            fs::write(directory.join("files/weights.gguf"), vec![1; MODEL_BYTES as usize]).unwrap();
            fs::write(directory.join("description"), "").unwrap();
            let used = SystemTime::now() - Duration::from_secs(60 * age as u64);
            File::options()
                .write(true)
                .open(directory.join("description"))
                .unwrap()
                .set_modified(used)
                .unwrap();
        }
        root
    }

    fn left(root: &Path) -> String {
        let mut names: Vec<_> = fs::read_dir(root)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names.concat()
    }

    #[test]
    fn the_longest_unused_models_go_first_and_ordered_ones_never() {
        // (ordered, bytes missing, room was made, models left)
        let cases = [
            ("", 1, true, "bc"),
            ("", MODEL_BYTES + 1_000_000, true, "c"),
            ("a", 1, true, "ac"),
            ("abc", 1, false, "abc"),
            ("a", 10 * MODEL_BYTES, false, "abc"),
        ];
        for (ordered, missing_bytes, made_room, names) in cases {
            let root = three_models();
            let ordered = ordered.chars().map(|name| format!("sha256:{name}")).collect();
            assert_eq!(evict(root.path(), &ordered, missing_bytes).unwrap(), made_room);
            assert_eq!(left(root.path()), names, "{ordered:?} {missing_bytes}");
        }
    }
}

//! Room for a connection per node.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::error::SimError;
use crate::limits::OPEN_FILES_BESIDE_NODES;

/// Raises the soft limit as far as these nodes need it.
///
/// # Errors
/// The hard limit is below that.
pub(crate) fn allow(nodes: u32) -> Result<(), SimError> {
    let needed = u64::from(nodes) + OPEN_FILES_BESIDE_NODES;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    let refused = || SimError::OpenFiles { nodes, needed, allowed: limit.maximum.unwrap_or(u64::MAX) };
    if limit.maximum.is_some_and(|maximum| maximum < needed) {
        return Err(refused());
    }
    let raised = Rlimit { current: Some(needed), maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).map_err(|_| refused())
}

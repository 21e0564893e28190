//! Why a run ended badly.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// What happened, and what to do. Never a secret.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    #[error("{path} cannot be read: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("{path} is {why}")]
    Content { path: PathBuf, why: &'static str },
    #[error(
        "{nodes} nodes need {needed} open files, and this process may have {allowed}: raise `ulimit -Hn`"
    )]
    OpenFiles { nodes: u32, needed: u64, allowed: u64 },
    #[error("the HTTP client cannot be made: {0}")]
    HttpClient(reqwest::Error),
    #[error("{url} made no join token: {why}")]
    JoinToken { url: String, why: String },
    #[error("node {name} could not enrol: {why}")]
    Enrolment { name: String, why: String },
    #[error("{connected} of {nodes} nodes are connected after {patience:?}; see what the controller says")]
    NotReady { connected: usize, nodes: u32, patience: Duration },
}

//! Why there is no registry.

use std::io;

/// Why the registry could not be used. `Debug` is the sentence too, because tests unwrap.
#[derive(thiserror::Error)]
pub enum StartError {
    #[error(
        "docker-registry is not installed (not in PATH nor /usr/bin); the tests need it: \
         apt-get install docker-registry"
    )]
    Missing,
    #[error("cannot {what}: {source}")]
    Io { what: &'static str, source: io::Error },
    #[error("the registry did not accept connections within {seconds} s: {output}")]
    NotReady { seconds: u64, output: String },
}

impl std::fmt::Debug for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl StartError {
    pub(crate) fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, source }
    }
}

//! Why there is no server.

use std::io;

/// Why PostgreSQL could not be used. `Debug` is the sentence too, because tests unwrap.
#[derive(thiserror::Error)]
pub enum StartError {
    #[error(
        "PostgreSQL is not installed (no initdb in /usr/lib/postgresql/*/bin nor in PATH); \
         the tests need it: apt-get install postgresql"
    )]
    Missing,
    #[error("cannot {what}: {source}")]
    Io { what: &'static str, source: io::Error },
    #[error("{program} failed: {output}")]
    Program { program: &'static str, output: String },
    #[error("PostgreSQL did not accept connections within {seconds} s: {output}")]
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

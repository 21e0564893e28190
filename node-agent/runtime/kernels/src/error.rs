/// Why a kernel could not be chosen or run. Shape errors are defects of the caller, reported instead of panicking
/// because the process serves other sequences too.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KernelError {
    #[error("CLOISTER_ISA is {value:?}; scalar, avx2 or avx512-vnni expected")]
    UnknownIsa { value: String },
    #[error("CLOISTER_ISA asks for {wanted}, which this CPU does not have; the best it has is {best}")]
    IsaUnavailable { wanted: &'static str, best: &'static str },
    #[error("{what}: {found} found, {wanted} expected")]
    Shape { what: &'static str, found: usize, wanted: usize },
    #[error("matrix rows of {cols} weights cannot be packed as {ty}")]
    Columns { cols: usize, ty: &'static str },
    #[error("these activations were not prepared in the form that {ty} matrices take")]
    MissingFormat { ty: &'static str },
    #[error(transparent)]
    Pool(#[from] PoolError),
}

impl KernelError {
    /// `Ok` if `found` is `wanted`.
    pub(crate) fn check(what: &'static str, found: usize, wanted: usize) -> Result<(), Self> {
        if found == wanted { Ok(()) } else { Err(Self::Shape { what, found, wanted }) }
    }
}

/// Why the thread pool did not run a job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    #[error("{threads} compute threads asked for; 1 to {limit} are possible")]
    ThreadCount { threads: usize, limit: usize },
    #[error("could not start a compute thread: {reason}")]
    Spawn { reason: String },
    #[error("a compute thread panicked; the step's results are lost")]
    Panicked,
    #[error("the compute threads are already running a job; use one pool per engine thread")]
    Busy,
}

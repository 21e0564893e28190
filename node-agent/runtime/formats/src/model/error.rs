use crate::gguf::GgufError;

/// Why a well-formed GGUF file cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("architecture {name:?} is not supported; this runtime runs \"llama\" models")]
    UnknownArchitecture { name: String },
    #[error("{what} is {found}; 1 to {limit} expected")]
    OutOfRange { what: String, found: u64, limit: u64 },
    #[error("{heads} query heads cannot share {kv_heads} key/value heads evenly")]
    BadHeads { heads: u32, kv_heads: u32 },
    #[error("an embedding of {hidden} cannot be split into {heads} heads, and the file gives no key length")]
    HeadDimension { hidden: u32, heads: u32 },
    #[error("the model uses {what}, which this runtime does not support")]
    Unsupported { what: String },
    #[error("tensor {tensor:?} is missing")]
    MissingTensor { tensor: String },
    #[error("tensor {tensor:?} has shape {found:?}; {wanted:?} expected")]
    WrongShape { tensor: String, found: Vec<u64>, wanted: Vec<u64> },
    #[error("tensor {tensor:?} has type {found}; F32 expected")]
    NotF32 { tensor: String, found: &'static str },
    #[error("tensor {tensor:?} has no place in a llama model; running without it would give wrong answers")]
    UnexpectedTensor { tensor: String },
    #[error(transparent)]
    Gguf(#[from] GgufError),
}

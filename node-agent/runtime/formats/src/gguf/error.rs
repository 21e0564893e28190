/// Why a GGUF file was refused.
#[derive(Debug, thiserror::Error)]
pub enum GgufError {
    #[error(
        "not a GGUF file: it begins with {found:02x?} instead of \"GGUF\"; convert the model to GGUF first"
    )]
    WrongMagic { found: [u8; 4] },
    #[error(
        "the GGUF file is big-endian; only little-endian files are supported, convert it on a usual machine"
    )]
    BigEndian,
    #[error("GGUF version {version} is not supported; versions 2 and 3 are")]
    UnsupportedVersion { version: u32 },
    #[error(
        "the file ends inside {what}: {needed} bytes needed at offset {offset}, the file has {file_bytes}; \
         fetch it again"
    )]
    Truncated { what: String, offset: u64, needed: u64, file_bytes: u64 },
    #[error("{what} is {found}, more than the limit of {limit}; the file is damaged or hostile")]
    TooLarge { what: String, found: u64, limit: u64 },
    #[error("{what} overflows 64 bits; the file is damaged or hostile")]
    Overflow { what: String },
    #[error("{what} is not valid UTF-8")]
    NotUtf8 { what: String },
    #[error("{what} has unknown value type {id}")]
    UnknownValueType { what: String, id: u32 },
    #[error("{what} is a boolean with value {found}; 0 or 1 expected")]
    BadBool { what: String, found: u8 },
    #[error("{kind} {name:?} appears twice")]
    DuplicateName { kind: &'static str, name: String },
    #[error("general.alignment is {found}; a power of two up to 65536 expected")]
    BadAlignment { found: String },
    #[error("tensor {tensor:?} has {found} dimensions; 1 to 4 expected")]
    BadDimensionCount { tensor: String, found: u32 },
    #[error("tensor {tensor:?} has a dimension of zero")]
    ZeroDimension { tensor: String },
    #[error(
        "tensor {tensor:?} has type {name} (number {id}), which this runtime cannot compute with; \
         F32, F16, Q4_0, Q4_1, Q8_0, Q4_K and Q6_K are supported"
    )]
    UnknownTensorType { tensor: String, id: u32, name: &'static str },
    #[error(
        "tensor {tensor:?}: a row of {row} weights is no whole number of {ty} blocks ({block} weights each)"
    )]
    BadRow { tensor: String, row: u64, ty: &'static str, block: usize },
    #[error(
        "tensor {tensor:?} starts at offset {offset}, which is not a multiple of the alignment {alignment}"
    )]
    Misaligned { tensor: String, offset: u64, alignment: u64 },
    #[error(
        "tensor {tensor:?} lies outside the file: bytes {start} to {end}, the file has {file_bytes}; fetch it again"
    )]
    OutOfBounds { tensor: String, start: u64, end: u64, file_bytes: u64 },
    #[error("metadata key {key:?} is missing")]
    MissingKey { key: String },
    #[error("metadata key {key:?} is {found}; {wanted} expected")]
    WrongType { key: String, found: String, wanted: &'static str },
    #[error("could not read the model file: {0}")]
    Io(#[from] std::io::Error),
}

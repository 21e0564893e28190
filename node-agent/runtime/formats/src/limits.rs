//! Upper bounds on everything that comes from a file. A file beyond one of these is refused, never truncated.

/// Metadata entries in one file. Real models have 20 to 60.
pub const MAX_METADATA_ENTRIES: u64 = 16_384;
/// Tensors in one file. A 100-layer mixture of experts has a few thousand.
pub const MAX_TENSORS: u64 = 65_536;
/// Bytes of a metadata key (the format's own limit).
pub const MAX_KEY_BYTES: u64 = 65_535;
/// Bytes of a tensor name (the format says 64; some writers exceed it).
pub const MAX_TENSOR_NAME_BYTES: u64 = 256;
/// Bytes of one metadata string. Chat templates are the longest; tens of kilobytes.
pub const MAX_STRING_BYTES: u64 = 4 * 1024 * 1024;
/// Items of one metadata array. Vocabularies and their merges are the longest; below a million.
pub const MAX_ARRAY_ITEMS: u64 = 8 * 1024 * 1024;
/// Arrays inside arrays.
pub const MAX_ARRAY_DEPTH: u32 = 3;
/// Dimensions of a tensor (the format's own limit).
pub const MAX_DIMENSIONS: u32 = 4;
/// Largest accepted `general.alignment`.
pub const MAX_ALIGNMENT_BYTES: u64 = 64 * 1024;
/// Transformer layers.
pub const MAX_LAYERS: u32 = 1024;
/// Any single model width (embedding, feed-forward, heads x head dimension) and the vocabulary.
pub const MAX_WIDTH: u32 = 1 << 22;
/// Positions a model may declare.
pub const MAX_CONTEXT_LENGTH: u32 = 1 << 24;
/// Size of one attention head. Bounds the kernels' stack buffers.
pub const MAX_HEAD_DIM: u32 = 256;

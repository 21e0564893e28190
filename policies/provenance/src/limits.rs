//! Bounds on everything that arrives from outside.

/// Largest signature bundle that is read, in bytes. A bundle of [`MAX_FILES`] files with names of usual
/// length stays well below.
pub const MAX_BUNDLE_BYTES: usize = 8 * 1024 * 1024;

/// Most files that one model may have.
pub const MAX_FILES: usize = 10_000;

/// Longest file name, in bytes of UTF-8, folders included.
pub const MAX_FILE_NAME_BYTES: usize = 1024;

/// Longest single part of a file name, in bytes; what Linux file systems allow.
pub const MAX_FILE_NAME_PART_BYTES: usize = 255;

/// Longest name of a model in a signature, in bytes.
pub const MAX_MODEL_NAME_BYTES: usize = 255;

/// Deepest folder inside a model directory.
pub const MAX_DIRECTORY_DEPTH: usize = 32;

/// Largest PEM text of a key, in bytes.
pub const MAX_KEY_PEM_BYTES: usize = 64 * 1024;

/// Longest base64 signature: DER of a P-256 signature has at most 72 bytes.
pub const MAX_SIGNATURE_BYTES: usize = 72;

/// Read buffer for hashing, in bytes; larger ones were not faster.
pub const HASH_BUFFER_BYTES: usize = 256 * 1024;

/// How much of a string found in a bundle is repeated in an error message, in characters.
pub const MAX_QUOTED_CHARS: usize = 120;

//! Bounds on everything that is read.

/// Largest leaf (canonical JSON of one record), in bytes.
pub const MAX_LEAF_BYTES: usize = 8 * 1024;

/// Largest signed log checkpoint, in bytes. One signature takes about 200.
pub const MAX_CHECKPOINT_BYTES: usize = 4 * 1024;

/// Largest line of an evidence file, in bytes, its newline not counted.
pub const MAX_LINE_BYTES: usize = 16 * 1024;

/// Longest inclusion or consistency proof, in hashes: the height of a tree of 2^63 leaves, and one more.
pub const MAX_PROOF_HASHES: usize = 64;

/// Most inferences that may be open at once while a log is verified; bounds the verifier's memory.
pub const MAX_OPEN_INFERENCES: usize = 100_000;

/// Most controller processes (boots) whose records one evidence file may hold.
pub const MAX_BOOTS: usize = 100_000;

/// Longest verifier key text, in bytes.
pub const MAX_VERIFIER_KEY_BYTES: usize = 1024;

/// Longest log origin, in bytes.
pub const MAX_ORIGIN_BYTES: usize = 255;

/// Largest integer in a record: JSON numbers are doubles (RFC 8785), exact up to here.
pub const MAX_EXACT_INTEGER: u64 = (1 << 53) - 1;

//! Every bound this crate enforces, in one place. Values are generous for people and small for
//! attackers; each says what it protects.

/// Entries of a vocabulary. The largest published ones have about 260,000; this bounds start-up memory.
pub const MAX_VOCABULARY_TOKENS: usize = 1 << 20;
/// Merge rules of a byte-pair tokenizer.
pub const MAX_MERGES: usize = 1 << 21;
/// Bytes of one vocabulary entry.
pub const MAX_TOKEN_BYTES: usize = 1 << 12;

/// Bytes of the chat template inside a model file.
pub const MAX_TEMPLATE_BYTES: usize = 256 << 10;
/// Work one rendering may do, in minijinja's fuel: about one per instruction and per 64 bytes made.
pub const TEMPLATE_FUEL: u64 = 2_000_000;
/// Nested template calls.
pub const TEMPLATE_RECURSION: usize = 128;
/// Bytes of a rendered conversation.
pub const MAX_RENDERED_BYTES: usize = 3 * MAX_PROMPT_BYTES;

/// Messages of one conversation.
pub const MAX_MESSAGES: usize = 1024;
/// Bytes of all messages together, or of a text prompt.
pub const MAX_PROMPT_BYTES: usize = 4 << 20;

/// Stop strings of one request.
pub const MAX_STOP_STRINGS: usize = 16;
/// Bytes of one stop string.
pub const MAX_STOP_BYTES: usize = 256;
/// Alternatives reported beside each token's log-probability.
pub const MAX_TOP_LOGPROBS: u32 = 20;
/// Largest accepted top-k; 0 keeps all tokens.
pub const MAX_TOP_K: u32 = 1_000_000;

/// Sequences decoded at the same time by one engine: with a prompt's chunk beside them they fill the largest
/// step that the memory formula plans for.
pub const MAX_SEQUENCES: u32 = 448;
/// Requests that may wait for a place in the batch.
pub const MAX_WAITING: u32 = 65_536;
/// Tokens (prompt and decoded) whose keys and values one engine may hold.
pub const MAX_KV_TOKENS: u64 = 1 << 26;

/// Prompt tokens computed in one step while other sequences decode: keeps the gap between their
/// tokens near twice a plain decode step.
pub const PREFILL_TOKENS_BESIDE_DECODE: usize = 64;
/// Prompt tokens computed in one step when nothing decodes.
pub const PREFILL_TOKENS_ALONE: usize = runtime_formats::memory::MAX_STEP_ROWS as usize;

const _: () = assert!(MAX_SEQUENCES as usize + PREFILL_TOKENS_BESIDE_DECODE <= PREFILL_TOKENS_ALONE);

//! Every limit of the front door, in one place. Units are in the names.

use std::time::Duration;

/// Largest request body that is read, unless the options say otherwise.
pub const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;
/// What a protobuf request may take beyond its text: field tags, names, parameters.
pub(crate) const GRPC_ENVELOPE_BYTES: usize = 256 * 1024;
/// How much of a refused body is thrown away so that the client gets to read the refusal, and for how long.
pub(crate) const MAX_DISCARDED_BYTES: usize = 64 * 1024 * 1024;
pub(crate) const DISCARD_TIME: Duration = Duration::from_secs(5);

/// Longest model name accepted in a request.
pub(crate) const MAX_MODEL_NAME_CHARS: usize = 128;
pub(crate) const MAX_MESSAGES: usize = 1_024;
/// Text of a prompt, or of all messages of a conversation together.
pub(crate) const MAX_PROMPT_BYTES: usize = 4 * 1024 * 1024;
pub(crate) const MAX_STOP_STRINGS: usize = 16;
pub(crate) const MAX_STOP_STRING_BYTES: usize = 256;
pub(crate) const MAX_TOP_K: u32 = 1_000_000;
pub(crate) const MAX_TOP_LOGPROBS: u32 = 20;
/// Longest secret that is hashed to look a key up; real ones have 47 characters.
pub(crate) const MAX_KEY_SECRET_BYTES: usize = 256;

/// Range of a caller's own deadline.
pub(crate) const MAX_TIMEOUT: Duration = Duration::from_secs(3_600);
/// Deadline of a request that states none, unless the options say otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);
/// Longest time to read a request body, unless the options say otherwise.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Inferences in flight over all replicas, unless the options say otherwise.
pub const MAX_IN_FLIGHT: usize = 4_096;
/// Inferences that may owe a record at once: those in flight, and those whose last record is being written.
pub(crate) const MAX_OPEN_INFERENCES: u32 = 65_536;
/// Events that wait for a slow reader before the replica's stream is no longer read.
pub(crate) const EVENT_BUFFER: usize = 64;
/// How long the last event waits for a reader that takes none.
pub(crate) const LAST_EVENT_TIME: Duration = Duration::from_secs(30);
/// Replicas tried for one request: the second only if the first refused before its first event.
pub(crate) const MAX_DISPATCH_ATTEMPTS: usize = 2;

/// Range of the `Retry-After` that is suggested.
pub(crate) const MIN_RETRY_AFTER_S: u64 = 1;
pub(crate) const MAX_RETRY_AFTER_S: u64 = 60;
/// `Retry-After` while no replica is ready: they take seconds to load.
pub(crate) const NO_REPLICA_RETRY_AFTER_S: u64 = 5;

/// Hashing, parsing or copying more than this leaves the async threads.
pub(crate) const OFFLOAD_BYTES: usize = 128 * 1024;
/// Longest text of a replica's refusal that is handed on.
pub(crate) const MAX_REPLICA_MESSAGE_CHARS: usize = 512;
/// Deployments with series of their own; more share the label `other`.
pub(crate) const MAX_DEPLOYMENT_SERIES: usize = 1_000;

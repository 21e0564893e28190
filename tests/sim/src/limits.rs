//! Every limit, in one place.

use std::time::Duration;

/// Nodes of one process: each needs a connection, and the controller takes 4,096.
pub(crate) const NODES_MAX: u32 = 4_000;
/// Open files besides one per node.
pub(crate) const OPEN_FILES_BESIDE_NODES: u64 = 128;
/// Longest phase of a replica, and longest pause between two tokens.
pub(crate) const PHASE_MAX_MS: u64 = 600_000;

/// Nodes that enrol at once. The controller takes one at a time; these keep it busy.
pub(crate) const ENROLMENTS_AT_ONCE: usize = 16;
/// Attempts to enrol one node before the run is given up.
pub(crate) const ENROLMENT_ATTEMPTS: u32 = 8;
/// Nodes that connect at once: handshakes cost both sides, which may share one small machine.
pub(crate) const CONNECTING_AT_ONCE: usize = 64;

/// How long to wait for a connection, and for the answer to a short call.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// A connection that lasted this long was sound: the wait before the next one starts anew.
pub(crate) const SOUND_AFTER: Duration = Duration::from_secs(10);
/// First and longest wait before a node connects again.
pub(crate) const RECONNECT_FIRST: Duration = Duration::from_millis(200);
pub(crate) const RECONNECT_LONGEST: Duration = Duration::from_secs(10);
/// Between two attempts at a renewal.
pub(crate) const RENEWAL_RETRY: Duration = Duration::from_secs(5);
/// A sleep that is longer would overflow a timer's clock.
pub(crate) const LONGEST_SLEEP: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Heartbeat intervals that a controller may ask for.
pub(crate) const HEARTBEAT_MIN_MS: u32 = 200;
pub(crate) const HEARTBEAT_MAX_MS: u32 = 60_000;

/// Messages waiting to go up a session, and events waiting to go up an inference stream.
pub(crate) const SESSION_QUEUE_MESSAGES: usize = 64;
pub(crate) const TUNNEL_QUEUE_EVENTS: usize = 64;
/// Inferences at once on one node.
pub(crate) const INFERENCES_MAX: usize = 4_096;
/// Replicas of one node.
pub(crate) const REPLICAS_MAX: usize = 256;

/// Certificate authority and admin key.
pub(crate) const INPUT_FILE_MAX_BYTES: u64 = 64 * 1024;
/// How often the counts are printed, if they changed.
pub(crate) const PROGRESS_INTERVAL: Duration = Duration::from_secs(2);
/// Links have this long to end at a stop.
pub(crate) const STOP_TIMEOUT: Duration = Duration::from_secs(5);

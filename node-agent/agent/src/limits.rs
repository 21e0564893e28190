//! Everything that comes from outside has a limit; here they are.

use std::time::Duration;

/// A join token's text, in bytes.
pub(crate) const JOIN_TOKEN_MAX_BYTES: usize = 16 * 1024;
/// A ServiceAccount token's text.
pub(crate) const SERVICE_ACCOUNT_TOKEN_MAX_BYTES: u64 = 16 * 1024;
/// The fleet's certificate authority, PEM.
pub(crate) const AUTHORITY_MAX_BYTES: u64 = 64 * 1024;
/// The name of a k8s node, as in DNS.
pub(crate) const PLATFORM_NODE_MAX_CHARS: usize = 253;
/// A node name, as in DNS labels.
pub(crate) const NODE_NAME_MAX_CHARS: usize = 63;
/// Labels on a node, and the length of their keys and values.
pub(crate) const LABELS_MAX: usize = 64;
pub(crate) const LABEL_MAX_CHARS: usize = 63;

/// Replicas that one node may be ordered to run.
pub(crate) const REPLICAS_MAX: usize = 256;
/// A replica id; it also names a socket, whose path may have 107 bytes at most.
pub(crate) const REPLICA_ID_MAX_CHARS: usize = 64;
/// The length of a Unix socket's path that every Linux accepts.
pub(crate) const SOCKET_PATH_MAX_BYTES: usize = 107;

/// Inferences at once through this node's tunnel.
pub(crate) const INFERENCES_MAX: usize = 4_096;
/// Events waiting to go up the tunnel before senders are held back.
pub(crate) const TUNNEL_QUEUE_EVENTS: usize = 1_024;
/// One message of the tunnel: a 4 MiB prompt and its wrapping.
pub(crate) const MESSAGE_MAX_BYTES: usize = 8 * 1024 * 1024;
/// Messages waiting to go up the session.
pub(crate) const SESSION_QUEUE_MESSAGES: usize = 64;

/// A range of a file, fetched in one call and the unit of resuming.
pub(crate) const RANGE_BYTES: u64 = 8 * 1024 * 1024;
/// Ranges in flight for one file.
pub(crate) const PARALLEL_RANGES: usize = 4;
/// One chunk of a range, as the wire contract says.
pub(crate) const CHUNK_MAX_BYTES: usize = 1024 * 1024;
/// Attempts at one range before the whole fetch is given up (and tried again later).
pub(crate) const RANGE_ATTEMPTS: u32 = 5;
/// A range that moves no byte for this long is tried again.
pub(crate) const CHUNK_TIMEOUT: Duration = Duration::from_secs(30);
/// A file of a model.
pub(crate) const MODEL_FILE_MAX_BYTES: u64 = 4 * 1024 * 1024 * 1024 * 1024;
/// Left free on the disk that holds the models.
pub(crate) const DISK_RESERVE_BYTES: u64 = 64 * 1024 * 1024;
/// At most this often does a fetch or load report progress.
pub(crate) const PROGRESS_INTERVAL: Duration = Duration::from_millis(250);

/// How often a running worker is asked for its status, and a loading one.
pub(crate) const STATUS_INTERVAL: Duration = Duration::from_secs(1);
pub(crate) const LOADING_STATUS_INTERVAL: Duration = Duration::from_millis(250);
/// A worker that does not answer a status call for this long is taken for hung.
pub(crate) const STATUS_TIMEOUT: Duration = Duration::from_secs(30);
/// Running sequences get this long to end when a replica is stopped.
pub(crate) const DRAIN_DEADLINE: Duration = Duration::from_secs(10);
/// From SIGTERM to SIGKILL.
pub(crate) const TERM_GRACE: Duration = Duration::from_secs(2);
/// The last lines of a worker's output that are kept to explain its end.
pub(crate) const LAST_OUTPUT_LINES: usize = 5;
/// Lines of a replica's output that are kept, and their bytes, also of its earlier runs.
pub(crate) const OUTPUT_LINES_KEPT: usize = 500;
pub(crate) const OUTPUT_MAX_BYTES: usize = 256 * 1024;
/// Answers that ended within this time say how fast a replica is, at most so many of them.
pub(crate) const SPEED_WINDOW: Duration = Duration::from_secs(300);
pub(crate) const SPEED_ANSWERS_MAX: usize = 256;
/// One line of a worker's output.
pub(crate) const OUTPUT_LINE_MAX_BYTES: usize = 2_048;

/// How long to wait for a connection, and for an answer to a short call.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(20);
/// Controllers that an agent is linked with at once.
pub(crate) const CONTROLLERS_MAX: usize = 16;
/// How often the controllers' names are resolved again.
pub(crate) const RESOLVE_INTERVAL: Duration = Duration::from_secs(5);
/// An address whose controller turned this node away, while others did not, is tried again after this.
pub(crate) const TURNED_AWAY_RETRY: Duration = Duration::from_secs(30);
/// A second address of a controller is used when the first one was without a session for this long.
pub(crate) const STANDBY_GRACE: Duration = Duration::from_secs(5);
/// How long to wait until every controller was told something before a stop goes on without that.
pub(crate) const TELL_TIMEOUT: Duration = Duration::from_secs(2);
/// Between telling that replicas drain and draining them: requests that are on their way are still taken.
pub(crate) const DRAIN_NOTICE: Duration = Duration::from_millis(500);
/// How long a session that the agent closes may take to end.
pub(crate) const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long `health` waits for the agent, and the agent for `health`.
pub(crate) const HEALTH_TIMEOUT: Duration = Duration::from_secs(1);
/// An agent's answer to `health`.
pub(crate) const HEALTH_MAX_BYTES: u64 = 4 * 1024;
/// Heartbeat intervals that a controller may ask for, in milliseconds.
pub(crate) const HEARTBEAT_MIN_MS: u32 = 200;
pub(crate) const HEARTBEAT_MAX_MS: u32 = 60_000;
/// How often the parts of the inventory that rarely change are measured again.
pub(crate) const INVENTORY_INTERVAL: Duration = Duration::from_secs(30);

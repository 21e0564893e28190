//! Every limit of the command line client, in one place.

use std::time::Duration;

/// Largest JSON answer that is read from the controller.
pub(crate) const ANSWER_BYTES_MAX: usize = 16 << 20;
/// Largest private or public key, or signature bundle, that is read from disk.
pub(crate) const KEY_FILE_BYTES_MAX: u64 = 64 << 10;
pub(crate) const BUNDLE_BYTES_MAX: u64 = 4 << 20;
/// Largest file that states a trust policy.
pub(crate) const POLICY_FILE_BYTES_MAX: u64 = 1 << 20;
/// Bytes sent per upload request; a broken connection costs at most this much.
pub(crate) const UPLOAD_PART_BYTES: usize = 16 << 20;
/// How often a part of an upload is tried before the command gives up.
pub(crate) const UPLOAD_TRIES_MAX: u32 = 5;
/// Longest line of a server-sent event.
pub(crate) const EVENT_LINE_BYTES_MAX: usize = 4 << 20;
/// Turns of a conversation that `chat` keeps.
pub(crate) const CHAT_MESSAGES_MAX: usize = 512;
/// Last log lines of a child that are shown when it ends unasked.
pub(crate) const CHILD_LOG_LINES_SHOWN: usize = 8;

pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long `up` waits for the controller to be ready (first start makes keys and a database).
pub(crate) const CONTROLLER_READY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long `up` waits for the node to be seen by the controller.
pub(crate) const NODE_READY_TIMEOUT: Duration = Duration::from_secs(30);
/// After this long a child that was asked to stop is killed. Longer than either child's own drain.
pub(crate) const CHILD_STOP_TIMEOUT: Duration = Duration::from_secs(20);
/// How often states that take seconds to change are asked for.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// How long `nodes drain --wait` waits without any progress. Longer than a request may take.
pub(crate) const DRAIN_STALL_TIMEOUT: Duration = Duration::from_secs(3_900);
/// How long `deploy --wait` waits without any progress.
pub(crate) const DEPLOY_STALL_TIMEOUT: Duration = Duration::from_secs(120);

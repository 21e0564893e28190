//! Every limit of the operator, in one place. Units are in the names.

use std::time::Duration;

use jiff::SignedDuration;

/// Placements listed in the status of one ModelDeployment; the counts beside them cover all.
pub(crate) const PLACEMENTS_MAX: usize = 64;
/// Accelerators listed in the status of one FleetNode.
pub(crate) const ACCELERATORS_MAX: usize = 16;
/// Longest sentence in a condition or an event, in bytes. Kubernetes takes 32 KiB and 1 KiB.
pub(crate) const MESSAGE_MAX_BYTES: usize = 1000;
/// Deployments, nodes or the like named in one sentence.
pub(crate) const NAMES_IN_A_SENTENCE_MAX: usize = 5;

/// How long the operator waits for further changes before it looks at everything.
pub(crate) const DEBOUNCE: Duration = Duration::from_millis(50);
/// How often it looks although nothing seems to have changed.
pub(crate) const RESYNC: Duration = Duration::from_secs(15);
/// And how often while the load decides about a deployment's replicas.
pub(crate) const AUTOSCALING_INTERVAL: Duration = Duration::from_secs(5);
/// A load that was not looked at for longer than this counts as unknown until then.
pub(crate) const AUTOSCALING_GAP_MAX: SignedDuration = SignedDuration::from_secs(60);
/// How long the status goes on saying a load, while as many replicas are wanted: it changes with every look.
pub(crate) const AUTOSCALING_SHOWN_INTERVAL: SignedDuration = SignedDuration::from_secs(15);
/// Replicas that one decision of autoscaling may always add, however few there are; it may also double them.
pub(crate) const GROWTH_MIN_REPLICAS: u32 = 4;
/// Longest read of the fleet, or change to it, before it counts as failed.
pub(crate) const FLEET_CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest request to the API server, watches apart.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// Objects that are settled at once.
pub(crate) const CONCURRENT_OBJECTS_MAX: usize = 8;
/// Objects on one page of a list.
pub(crate) const LIST_PAGE_OBJECTS: u32 = 250;
/// Answers to "who changed it last" that are remembered.
pub(crate) const KNOWN_AUTHORS_MAX: usize = 2048;

/// First and longest pause before something that failed is tried again.
pub(crate) const RETRY_MIN: Duration = Duration::from_secs(2);
/// See [`RETRY_MIN`].
pub(crate) const RETRY_MAX: Duration = Duration::from_secs(300);
/// First and longest pause before a model that was refused or could not be fetched is fetched again.
pub(crate) const IMPORT_RETRY_MIN: Duration = Duration::from_secs(15);
/// See [`IMPORT_RETRY_MIN`].
pub(crate) const IMPORT_RETRY_MAX: Duration = Duration::from_secs(900);

/// A FleetNode whose state did not change is written at most this often.
pub(crate) const NODE_UPDATE_INTERVAL: Duration = Duration::from_secs(30);
/// And this often if nothing but its heartbeat and free memory changed: a write for every node and heartbeat
/// would be most of the API server's work.
pub(crate) const NODE_HEARTBEAT_INTERVAL: Duration = Duration::from_secs(60);

/// How long a Lease holds without renewal.
pub(crate) const LEASE_DURATION: Duration = Duration::from_secs(15);
/// How often its holder renews it, and others look whether it is free.
pub(crate) const LEASE_RENEW_INTERVAL: Duration = Duration::from_secs(5);
/// A holder that could not renew for this long stops leading, by its own clock: before anyone else may begin.
pub(crate) const LEASE_RENEW_DEADLINE: Duration = Duration::from_secs(10);
/// Longest request about a Lease.
pub(crate) const LEASE_REQUEST_TIMEOUT: Duration = Duration::from_secs(4);

/// Longest ServiceAccount token that is sent to the API server, in bytes.
pub(crate) const TOKEN_MAX_BYTES: usize = 16 * 1024;

/// Files in the identity Secret.
pub(crate) const IDENTITY_FILES_MAX: usize = 16;
/// All of them together, in bytes: what Kubernetes takes for one Secret.
pub(crate) const IDENTITY_MAX_BYTES: usize = 1024 * 1024;
/// How often a lost race for the Secret is tried again.
pub(crate) const PUBLISH_ATTEMPTS_MAX: usize = 8;

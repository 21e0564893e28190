//! Every limit of the controller's own surfaces, in one place. Names carry units.

use std::time::Duration;

/// Connections open at once on one listener; more wait in the kernel's backlog.
pub const CONNECTIONS_MAX: usize = 4_096;
/// TLS handshakes in progress at once on one listener.
pub const HANDSHAKES_MAX: usize = 256;
/// A peer that has not finished its TLS handshake by then is dropped.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How much of the body of a refused request is read and thrown away, so that the client gets to read the refusal.
pub const UNREAD_BODY_MAX_BYTES: usize = 64 * 1024 * 1024;
/// And for how long.
pub const UNREAD_BODY_TIME: Duration = Duration::from_secs(5);

/// Streams of events open at once on one controller.
pub const EVENT_STREAMS_MAX: usize = 1_024;
/// Streams of events of one session or key. A browser needs one, and one for each of its tabs if these cannot share.
pub const EVENT_STREAMS_PER_CALLER_MAX: usize = 8;
/// What changes is looked for this often when nothing woke the look; figures are told no more often.
pub const EVENT_LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// And no more often than this, however much changes.
pub const EVENT_LOOK_PAUSE: Duration = Duration::from_millis(200);
/// Who is signed in is looked at this often, because the use of a session is no change of the fleet.
pub const EVENT_SESSIONS_INTERVAL: Duration = Duration::from_secs(5);
/// With more new records than this, everything counts as changed.
pub const EVENT_RECORDS_MAX: u64 = 4_096;
/// Whether a stream's session or key still holds is asked this often, and before anything is told.
pub const EVENT_CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// A comment keeps a stream open that has nothing to tell.
pub const EVENT_HEARTBEAT: Duration = Duration::from_secs(10);

/// Longest join token secret accepted at enrolment.
pub const TOKEN_SECRET_MAX_BYTES: usize = 256;
/// Longest ServiceAccount token accepted at enrolment.
pub const SERVICE_ACCOUNT_TOKEN_MAX_BYTES: usize = 16 * 1024;
/// Longest name of a k8s node (a DNS subdomain, RFC 1123).
pub const PLATFORM_NODE_MAX_BYTES: usize = 253;
/// ServiceAccount tokens that are asked about at once; more wait.
pub const ATTESTATIONS_MAX: usize = 4;
/// Whoever vouches for a ServiceAccount token must have answered by then.
pub const ATTESTATION_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest certificate signing request.
pub const CSR_MAX_BYTES: usize = 4 * 1024;
/// Longest node name.
pub const NODE_NAME_MAX_BYTES: usize = 63;
/// Longest region, label key and label value.
pub const LOCALITY_TEXT_MAX_BYTES: usize = 63;
/// Most labels on one node.
pub const LABELS_MAX: usize = 64;

/// Largest message an agent may send on its session or its tunnel.
pub const AGENT_MESSAGE_MAX_BYTES: usize = 4 * 1024 * 1024;
/// Messages waiting to go down one session or one tunnel.
pub const AGENT_QUEUE_MAX: usize = 256;
/// Replicas that one node may report.
pub const REPLICAS_PER_NODE_MAX: usize = 256;
/// GPUs that one node may report.
pub const GPUS_PER_NODE_MAX: usize = 64;
/// Longest free text (error, check, hostname) kept from an agent.
pub const AGENT_TEXT_MAX_BYTES: usize = 2_048;
/// Questions for the output of workers that one node may have open; more are refused.
pub const OUTPUT_QUESTIONS_MAX: usize = 8;
/// An agent must have told what a worker wrote by then.
pub const OUTPUT_ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Events of replicas that wait to be kept; what happens beyond that is not told.
pub const EVENT_QUEUE_MAX: usize = 8_192;
/// Events that are kept in one transaction.
pub const EVENTS_AT_ONCE_MAX: usize = 256;
/// Replicas whose deployments are remembered for their events, those that are off the books among them.
pub const REPLICAS_KNOWN_MAX: usize = 100_000;
/// How often events that are too old are dropped.
pub const OLD_EVENTS_INTERVAL: Duration = Duration::from_secs(3_600);
/// Checks kept per replica.
pub const CHECKS_PER_REPLICA_MAX: usize = 64;

/// Model bytes per message.
pub const ARTIFACT_CHUNK_BYTES: usize = 1024 * 1024;
/// Chunks read ahead of the network, per range.
pub const ARTIFACT_CHUNKS_AHEAD: usize = 2;

/// Inferences in flight on one node.
pub const INFERENCES_PER_NODE_MAX: usize = 4_096;
/// Events that may wait for one inference besides one per token: started, finished, failed.
pub const EVENTS_BESIDE_TOKENS: usize = 8;
/// Events that may wait for one inference at most, however many tokens it asked for.
pub const EVENTS_PER_INFERENCE_MAX: usize = 16_384;

/// A node is unreachable after this many heartbeat intervals without a message.
pub const HEARTBEATS_MISSED_MAX: u32 = 3;
/// A controller that has just started places nothing before its nodes have connected, for at most so long. Agents
/// come back within two or three seconds; a node that is down delays the first placement by this.
pub const NODES_ARRIVE_WITHIN: Duration = Duration::from_secs(10);
/// How often the reconciler looks when nothing woke it.
pub const RECONCILE_INTERVAL: Duration = Duration::from_secs(5);
/// How often the reconciler looks while replicas drain.
pub const DRAIN_LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// A replica that takes no new requests has drained when it had none for this long. Longer than agents take to report
/// and other controllers to hear of the drain.
pub const DRAINED_AFTER: Duration = Duration::from_secs(3);
/// Running inferences may finish for this long after a stop was asked for.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// A server certificate of the agents listener is replaced this often.
pub const SERVER_CERTIFICATE_ROTATION: Duration = Duration::from_secs(24 * 3_600);
/// The files of the operator's certificate are looked at this often.
pub const OPERATOR_CERTIFICATE_LOOK_INTERVAL: Duration = Duration::from_secs(2);
/// Sequences that may wait at one replica; more are answered with "try again".
pub const MAX_WAITING_PER_REPLICA: u32 = 64;
/// Node verdicts kept with one replica; with more nodes than that the rest go unmentioned.
pub const VERDICTS_PER_REPLICA_MAX: usize = 128;
/// Memory of every node that is left to the rest of its machine.
pub const NODE_HEADROOM_BYTES: u64 = 256 << 20;
/// How often the routes are rebuilt when nothing woke them.
pub const ROUTES_INTERVAL: Duration = Duration::from_secs(30);
/// How long a change waits for the gateway to serve from it.
pub const ROUTES_SETTLE_TIMEOUT: Duration = Duration::from_secs(2);

/// Bytes of one upload, all its files together.
pub const UPLOAD_MAX_BYTES: u64 = 256 * 1024 * 1024 * 1024;
/// Bytes that all open uploads together may announce, unless configured otherwise.
pub const UPLOAD_QUOTA_DEFAULT_BYTES: u64 = 2 * UPLOAD_MAX_BYTES;
/// Uploads open at once.
pub const UPLOADS_OPEN_MAX: usize = 64;
/// Files received at once, over all uploads. Each holds a thread.
pub const UPLOAD_WRITERS_MAX: usize = 16;
/// Pieces of a body that wait for the disk.
pub const UPLOAD_CHUNKS_AHEAD: usize = 16;
/// A sender that is silent for this long is gone.
pub const UPLOAD_PAUSE_MAX: Duration = Duration::from_secs(60);
/// An upload that nobody went on with for this long is dropped.
pub const UPLOAD_IDLE_MAX: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// How often a controller looks for models that it lacks when nothing woke it.
pub const PEER_FETCH_INTERVAL: Duration = Duration::from_secs(15);
/// Another controller that has not taken the connection by then is not asked.
pub const PEER_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Another controller that sends nothing for this long is given up.
pub const PEER_SILENCE_MAX: Duration = Duration::from_secs(30);
/// A source that is silent for this long is given up, and tried again.
pub const SOURCE_PAUSE_MAX: Duration = Duration::from_secs(60);
/// A source must have taken the connection by then.
pub const SOURCE_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a source may send on.
pub const SOURCE_REDIRECTS_MAX: usize = 5;
/// Tries of one piece in a row that bring less than [`SOURCE_PROGRESS_BYTES`].
pub const SOURCE_TRIES_MAX: u32 = 5;
/// A try that brought this much does not count as failed.
pub const SOURCE_PROGRESS_BYTES: u64 = 1024 * 1024;
/// Waits between tries: doubled each time, from the first to the longest.
pub const SOURCE_RETRY_FIRST: Duration = Duration::from_millis(500);
/// See [`SOURCE_RETRY_FIRST`].
pub const SOURCE_RETRY_LONGEST: Duration = Duration::from_secs(10);
/// Deepest folder of a model's folder below `--sources`.
pub const SOURCE_FOLDER_DEPTH_MAX: usize = 8;
/// Largest manifest.
pub const OCI_MANIFEST_MAX_BYTES: usize = 1024 * 1024;
/// Largest answer of a registry's token service.
pub const REGISTRY_TOKEN_MAX_BYTES: usize = 64 * 1024;
/// Largest file of credentials.
pub const REGISTRY_AUTH_MAX_BYTES: u64 = 1024 * 1024;
/// Entries of an archive, folders and attributes included.
pub const ARCHIVE_ENTRIES_MAX: usize = 1024;
/// Longest name or list of attributes of one file in an archive.
pub const ARCHIVE_NAME_RECORD_MAX_BYTES: u64 = 64 * 1024;

/// How often nodes are looked at for the history, so that what runs for a few seconds is seen.
pub const HISTORY_LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// How long one sample of the history covers, and how long it is kept: a day, and what a chart of a day begins with.
pub const HISTORY_FINE_STEP_S: i64 = 30;
/// See [`HISTORY_FINE_STEP_S`].
pub const HISTORY_FINE_KEPT_S: i64 = 24 * 3_600 + HISTORY_COARSE_STEP_S;
/// The same of what samples are thinned out to: kept for 30 days.
pub const HISTORY_COARSE_STEP_S: i64 = 900;
/// See [`HISTORY_COARSE_STEP_S`].
pub const HISTORY_COARSE_KEPT_S: i64 = 30 * 24 * 3_600 + 6 * HISTORY_COARSE_STEP_S;
/// Steps that are forgotten at once; with every sample, so a history that is far too long gets shorter bit by bit.
pub const HISTORY_FORGOTTEN_STEPS: u32 = 10;
/// Steps that are thinned out to at once.
pub const HISTORY_ROLL_UPS_MAX: usize = 4;
/// Entries of a report on first tokens.
pub const FIRST_TOKEN_ENTRIES_MAX: usize = cloister_store::FIRST_TOKEN_ENTRIES;

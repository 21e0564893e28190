//! Limits that the controller enforces and a client can check before it sends.

/// Longest name of a model, deployment, signer, key or node, in characters.
pub const NAME_MAX_CHARS: usize = 63;

/// Longest name of a file inside a model, in bytes.
pub const FILE_NAME_MAX_BYTES: usize = 255;

/// Files of one model, its signature bundle among them.
pub const UPLOAD_FILES_MAX: usize = 64;

/// Largest signature bundle, in bytes.
pub const SIGNATURE_BUNDLE_MAX_BYTES: u64 = 1024 * 1024;

/// Largest JSON body of a request, in bytes.
pub const JSON_BODY_MAX_BYTES: usize = 1024 * 1024;

/// Largest public key in PEM form, in bytes.
pub const PUBLIC_KEY_PEM_MAX_BYTES: usize = 8 * 1024;

/// Replicas of one deployment.
pub const REPLICAS_MAX: u32 = 1024;

/// Sequences that one replica decodes at once.
pub const SEQUENCES_MAX: u32 = 256;

/// Sequences per replica where a deployment states none.
pub const SEQUENCES_DEFAULT: u32 = 16;

/// Context length where a deployment states none: the model's own, but no more than this. In tokens.
pub const CONTEXT_LENGTH_DEFAULT_MAX: u32 = 8192;

/// Events on one page.
pub const EVENTS_PAGE_MAX: u32 = 500;
/// Events on one page where the caller states no number.
pub const EVENTS_PAGE_DEFAULT: u32 = 50;

/// Lines of a worker's output in one answer.
pub const OUTPUT_LINES_MAX: u32 = 500;
/// Lines of a worker's output where the caller states no number.
pub const OUTPUT_LINES_DEFAULT: u32 = 200;

/// Labels of a node selector.
pub const SELECTOR_LABELS_MAX: usize = 64;

/// Longest key or value of a label, in characters.
pub const LABEL_MAX_CHARS: usize = 63;

/// Models named in the scope of one API key.
pub const KEY_MODELS_MAX: usize = 256;

/// Longest life of an API key, in seconds: ten years.
pub const KEY_VALID_FOR_MAX_S: u64 = 10 * 365 * 24 * 3600;

/// Life of a join token, in seconds.
pub const JOIN_TOKEN_VALID_FOR_MIN_S: u32 = 60;
/// See [`JOIN_TOKEN_VALID_FOR_MIN_S`].
pub const JOIN_TOKEN_VALID_FOR_MAX_S: u32 = 7 * 24 * 3600;
/// Life of a join token where the caller states none, in seconds.
pub const JOIN_TOKEN_VALID_FOR_DEFAULT_S: u32 = 3600;

/// Entries of one column of a history.
pub const HISTORY_POINTS_MAX: usize = 500;

/// Longest reason for retiring a model, in characters.
pub const RETIRE_REASON_MAX_CHARS: usize = 200;

/// Longest value of a filter of records, in bytes.
pub const RECORD_FILTER_MAX_BYTES: usize = 256;
/// Pieces of one timeline.
pub const TIMELINE_BUCKETS_MAX: u32 = 240;
/// Pieces of a timeline where the caller states no number.
pub const TIMELINE_BUCKETS_DEFAULT: u32 = 60;
/// Records on one page.
pub const RECORDS_PAGE_MAX: u32 = 1000;
/// Records on one page where the caller states no number.
pub const RECORDS_PAGE_DEFAULT: u32 = 50;

/// Records named in one evidence request. The whole log has no such limit.
pub const EVIDENCE_IDS_MAX: usize = 1000;

/// Imports that run at once on one controller; more wait.
pub const IMPORTS_RUNNING_MAX: usize = 2;
/// Imports that one controller remembers, those that have ended among them.
pub const IMPORTS_REMEMBERED_MAX: usize = 256;
/// Longest OCI reference, in bytes.
pub const OCI_REFERENCE_MAX_BYTES: usize = 512;
/// Longest URL of a source, in bytes.
pub const SOURCE_URL_MAX_BYTES: usize = 2048;
/// Longest path of a source, in bytes.
pub const SOURCE_PATH_MAX_BYTES: usize = 1024;

/// Accounts of one fleet, disabled ones among them.
pub const ACCOUNTS_MAX: usize = 1000;
/// Roles of one account.
pub const ACCOUNT_ROLES_MAX: usize = 7;
/// Characters of a password.
pub const PASSWORD_MIN_CHARS: usize = 12;
/// See [`PASSWORD_MIN_CHARS`].
pub const PASSWORD_MAX_CHARS: usize = 256;
/// Longest code of a second factor that is looked at, in bytes; recovery codes and spaces between digits fit.
pub const SECOND_FACTOR_CODE_MAX_BYTES: usize = 64;
/// Recovery codes of one second factor.
pub const RECOVERY_CODES: usize = 10;

/// Tenants of one fleet.
pub const TENANTS_MAX: usize = 1000;
/// Characters of a tenant's title.
pub const TENANT_TITLE_MAX_CHARS: usize = 120;
/// Days of one report of usage.
pub const USAGE_DAYS_MAX: u32 = 400;
/// Days of a report where the caller states none.
pub const USAGE_DAYS_DEFAULT: u32 = 30;

/// Trust policies of one fleet.
pub const TRUST_POLICIES_MAX: usize = 256;
/// Rules of one trust policy.
pub const TRUST_RULES_MAX: usize = 64;
/// Model names (with `*` and `?`) of one rule.
pub const TRUST_RULE_MODELS_MAX: usize = 64;
/// Signers of one rule.
pub const TRUST_RULE_SIGNERS_MAX: usize = 16;

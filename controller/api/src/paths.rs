//! Where everything is. The templates are what the server routes on and the OpenAPI document lists;
//! the functions fill them in for a client.

use crate::NodeChange;

/// All paths begin with this.
pub const PREFIX: &str = "/api/v1";

pub const OPENAPI: &str = "/api/v1/openapi.json";
pub const VERSION: &str = "/api/v1/version";
pub const STATUS: &str = "/api/v1/status";
pub const FLEET_HISTORY: &str = "/api/v1/fleet/history";
pub const EVENTS: &str = "/api/v1/events";

pub const CONFIGURATION: &str = "/api/v1/configuration";
pub const DIAGNOSTICS: &str = "/api/v1/diagnostics";

pub const UPLOADS: &str = "/api/v1/uploads";
pub const UPLOAD: &str = "/api/v1/uploads/{upload_id}";
pub const UPLOAD_FILE: &str = "/api/v1/uploads/{upload_id}/files/{name}";

pub const MODELS: &str = "/api/v1/models";
pub const MODEL: &str = "/api/v1/models/{model}";

pub const MODEL_APPROVAL: &str = "/api/v1/models/{model}/approve";
pub const MODEL_RETIREMENT: &str = "/api/v1/models/{model}/retire";

pub const IMPORTS: &str = "/api/v1/imports";
pub const IMPORT: &str = "/api/v1/imports/{import_id}";

pub const SIGNERS: &str = "/api/v1/signers";
pub const SIGNER: &str = "/api/v1/signers/{key_id}";

pub const TRUST_POLICIES: &str = "/api/v1/trust-policies";
pub const TRUST_POLICY: &str = "/api/v1/trust-policies/{name}";

pub const DEPLOYMENTS: &str = "/api/v1/deployments";
pub const DEPLOYMENT: &str = "/api/v1/deployments/{name}";

pub const DEPLOYMENT_REVISIONS: &str = "/api/v1/deployments/{name}/revisions";
pub const DEPLOYMENT_RETURN: &str = "/api/v1/deployments/{name}/return";
pub const DEPLOYMENT_RESTART: &str = "/api/v1/deployments/{name}/restart";
pub const DEPLOYMENT_EVENTS: &str = "/api/v1/deployments/{name}/events";

pub const REPLICAS: &str = "/api/v1/replicas";
pub const REPLICA_EXPLANATION: &str = "/api/v1/replicas/{replica_id}/explanation";
pub const REPLICA_LOGS: &str = "/api/v1/replicas/{replica_id}/logs";

pub const NODES: &str = "/api/v1/nodes";
pub const JOIN_TOKENS: &str = "/api/v1/nodes/join-tokens";
pub const NODE_SCHEDULING: &str = "/api/v1/nodes/{node}/scheduling";
pub const NODE_PREVIEW: &str = "/api/v1/nodes/{node}/preview";
pub const NODE_HISTORY: &str = "/api/v1/nodes/{node}/history";
pub const NODE_REVOCATION: &str = "/api/v1/nodes/{node}/revocation";

pub const KEYS: &str = "/api/v1/keys";
pub const KEY: &str = "/api/v1/keys/{key_id}";

pub const TENANTS: &str = "/api/v1/tenants";
pub const TENANT: &str = "/api/v1/tenants/{tenant}";
pub const USAGE: &str = "/api/v1/usage";

pub const SESSION: &str = "/api/v1/session";
pub const SESSION_METHODS: &str = "/api/v1/session/methods";
pub const SESSION_PASSWORD: &str = "/api/v1/session/password";
pub const SESSION_SECOND_FACTOR: &str = "/api/v1/session/second-factor";
pub const SESSION_SECOND_FACTOR_REMOVAL: &str = "/api/v1/session/second-factor/removal";
pub const SESSION_OIDC: &str = "/api/v1/session/oidc/{issuer}";
pub const SESSION_OIDC_CALLBACK: &str = "/api/v1/session/oidc/{issuer}/callback";
pub const SESSIONS: &str = "/api/v1/sessions";
pub const OPEN_SESSION: &str = "/api/v1/sessions/{session_id}";

pub const ACCOUNTS: &str = "/api/v1/accounts";
pub const ACCOUNT: &str = "/api/v1/accounts/{account}";
pub const ACCOUNT_ROLES: &str = "/api/v1/accounts/{account}/roles";
pub const LOGIN_LINK: &str = "/api/v1/accounts/{account}/login-link";
pub const ACCOUNT_SECOND_FACTOR: &str = "/api/v1/accounts/{account}/second-factor";

pub const RECORDS: &str = "/api/v1/audit/records";
pub const TIMELINE: &str = "/api/v1/audit/timeline";
pub const RECORD: &str = "/api/v1/audit/records/{record_id}";
pub const RECORD_EVIDENCE: &str = "/api/v1/audit/records/{record_id}/evidence";
pub const EVIDENCE: &str = "/api/v1/audit/evidence";
pub const CHECKPOINT: &str = "/api/v1/audit/checkpoint";
pub const AUDIT_KEY: &str = "/api/v1/audit/key";

/// `PUT` the bytes of a file from `offset` on.
pub fn upload_file(upload_id: &str, name: &str, offset_bytes: u64) -> String {
    format!("{}?offset={offset_bytes}", fill(UPLOAD_FILE, &[upload_id, name]))
}

pub fn upload(upload_id: &str) -> String {
    fill(UPLOAD, &[upload_id])
}

/// A model by name or digest.
pub fn model(name_or_digest: &str) -> String {
    fill(MODEL, &[name_or_digest])
}

/// Approving a model, by name or digest.
pub fn model_approval(name_or_digest: &str) -> String {
    fill(MODEL_APPROVAL, &[name_or_digest])
}

/// Retiring a model, by name or digest.
pub fn model_retirement(name_or_digest: &str) -> String {
    fill(MODEL_RETIREMENT, &[name_or_digest])
}

pub fn import(import_id: &str) -> String {
    fill(IMPORT, &[import_id])
}

pub fn trust_policy(name: &str) -> String {
    fill(TRUST_POLICY, &[name])
}

pub fn signer(key_id: &str) -> String {
    fill(SIGNER, &[key_id])
}

pub fn deployment(name: &str) -> String {
    fill(DEPLOYMENT, &[name])
}

pub fn deployment_revisions(name: &str) -> String {
    fill(DEPLOYMENT_REVISIONS, &[name])
}

pub fn deployment_return(name: &str) -> String {
    fill(DEPLOYMENT_RETURN, &[name])
}

pub fn deployment_restart(name: &str) -> String {
    fill(DEPLOYMENT_RESTART, &[name])
}

/// What happened to the replicas of a deployment before the event `before`, or up to now.
pub fn deployment_events(name: &str, limit: u32, before: Option<&str>) -> String {
    let pairs = [Some(format!("limit={limit}")), before.map(|id| format!("before={}", encode(id)))];
    with_query(&fill(DEPLOYMENT_EVENTS, &[name]), &pairs.into_iter().flatten().collect::<Vec<_>>())
}

/// The last lines that a replica's worker wrote.
pub fn replica_logs(replica_id: &str, lines: u32) -> String {
    with_query(&fill(REPLICA_LOGS, &[replica_id]), &[format!("lines={lines}")])
}

/// The replicas of one deployment, or of all.
pub fn replicas(deployment: Option<&str>) -> String {
    match deployment {
        Some(name) => format!("{REPLICAS}?deployment={}", encode(name)),
        None => REPLICAS.to_owned(),
    }
}

pub fn replica_explanation(replica_id: &str) -> String {
    fill(REPLICA_EXPLANATION, &[replica_id])
}

/// How a node, by name or id, was used; `range` is `1h`, `24h` or `30d`.
pub fn node_history(node: &str, range: &str) -> String {
    format!("{}?range={}", fill(NODE_HISTORY, &[node]), encode(range))
}

/// How all nodes together, or those of one jurisdiction, were used.
pub fn fleet_history(range: &str, jurisdiction: Option<&str>) -> String {
    let jurisdiction = jurisdiction.map(|code| format!("jurisdiction={}", encode(code)));
    let pairs = [Some(format!("range={}", encode(range))), jurisdiction];
    with_query(FLEET_HISTORY, &pairs.into_iter().flatten().collect::<Vec<_>>())
}

/// A node by name or id.
pub fn node_scheduling(node: &str) -> String {
    fill(NODE_SCHEDULING, &[node])
}

/// What a change of a node, by name or id, would do.
pub fn node_preview(node: &str, change: NodeChange, force: bool) -> String {
    let mut pairs = vec![format!("change={}", change.as_str())];
    pairs.extend(force.then(|| "force=true".to_owned()));
    with_query(&fill(NODE_PREVIEW, &[node]), &pairs)
}

/// A node by name or id.
pub fn node_revocation(node: &str) -> String {
    fill(NODE_REVOCATION, &[node])
}

pub fn key(key_id: &str) -> String {
    fill(KEY, &[key_id])
}

pub fn tenant(name: &str) -> String {
    fill(TENANT, &[name])
}

/// What was used from one day to another, by `group`; absent parts are the server's to choose.
pub fn usage(from: Option<&str>, to: Option<&str>, group: Option<&str>, tenant: Option<&str>) -> String {
    let named = [("from", from), ("to", to), ("by", group), ("tenant", tenant)];
    let pairs = named.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", encode(value?))));
    with_query(USAGE, &pairs.collect::<Vec<_>>())
}

/// Where signing in with an identity provider begins.
pub fn session_oidc(issuer: &str) -> String {
    fill(SESSION_OIDC, &[issuer])
}

/// Where the identity provider sends the browser back to.
pub fn session_oidc_callback(issuer: &str) -> String {
    fill(SESSION_OIDC_CALLBACK, &[issuer])
}

/// An account by name or id.
pub fn account(account: &str) -> String {
    fill(ACCOUNT, &[account])
}

/// A new login link of an account.
pub fn login_link(account: &str) -> String {
    fill(LOGIN_LINK, &[account])
}

/// The second factor of an account.
pub fn account_second_factor(account: &str) -> String {
    fill(ACCOUNT_SECOND_FACTOR, &[account])
}

/// Which records to list; absent fields do not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordQuery<'a> {
    pub limit: Option<u32>,
    pub before_seq: Option<u64>,
    pub kind: Option<&'a str>,
    pub subject: Option<&'a str>,
    /// Id or name.
    pub actor: Option<&'a str>,
    /// Name or digest.
    pub model: Option<&'a str>,
    /// Id or name.
    pub node: Option<&'a str>,
    /// RFC 3339.
    pub from: Option<&'a str>,
    /// RFC 3339; not among the times.
    pub to: Option<&'a str>,
    /// Id of the request that it closes.
    pub intent: Option<&'a str>,
}

pub fn records(query: &RecordQuery<'_>) -> String {
    let numbers = [("limit", query.limit.map(u64::from)), ("before_seq", query.before_seq)];
    let texts = [
        ("kind", query.kind),
        ("subject", query.subject),
        ("actor", query.actor),
        ("model", query.model),
        ("node", query.node),
        ("from", query.from),
        ("to", query.to),
        ("intent", query.intent),
    ];
    let numbers = numbers.into_iter().filter_map(|(name, n)| n.map(|n| format!("{name}={n}")));
    let texts =
        texts.into_iter().filter_map(|(name, text)| text.map(|text| format!("{name}={}", encode(text))));
    with_query(RECORDS, &numbers.chain(texts).collect::<Vec<_>>())
}

pub fn record(record_id: &str) -> String {
    fill(RECORD, &[record_id])
}

/// The evidence file of one record.
pub fn record_evidence(record_id: &str) -> String {
    fill(RECORD_EVIDENCE, &[record_id])
}

/// The evidence file of several records; of the whole log if none is named.
pub fn evidence(record_ids: &[String]) -> String {
    let ids: Vec<String> = record_ids.iter().map(|id| encode(id)).collect();
    match ids.is_empty() {
        true => EVIDENCE.to_owned(),
        false => format!("{EVIDENCE}?ids={}", ids.join(",")),
    }
}

fn with_query(path: &str, pairs: &[String]) -> String {
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// Puts encoded values in the place of `{…}`, in order.
fn fill(template: &str, values: &[&str]) -> String {
    let mut values = values.iter();
    let segments = template.split('/').map(|segment| match segment.starts_with('{') {
        true => values.next().map_or_else(String::new, |value| encode(value)),
        false => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

/// Percent-encodes all but what RFC 3986 lets stand in a path segment and a query value alike.
fn encode(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

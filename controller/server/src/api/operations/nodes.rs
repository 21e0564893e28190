//! Nodes: listed, admitted, revoked. Enrolment itself is the agents' door.

use std::collections::HashMap;
use std::sync::Arc;

use cloister_api::limits::{
    JOIN_TOKEN_VALID_FOR_DEFAULT_S, JOIN_TOKEN_VALID_FOR_MAX_S, JOIN_TOKEN_VALID_FOR_MIN_S,
};
use cloister_api::{Changed, Drain, JoinToken, JoinTokenRequest, Node, NodeList, NodeState, SchedulingState};
use cloister_evidence::record::{Kind, SubjectKind};
use cloister_store::{Change, Scheduling};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;

use super::{Facts, already_revoked, changed, commit, random_secret, secret_hash, subject};
use crate::api::auth::Caller;
use crate::api::{ApiError, ApiState};
use crate::fleet::{LiveNode, LiveNodes};

pub(in crate::api) async fn list(api: &ApiState) -> Result<NodeList, ApiError> {
    let around = Surroundings::read(api).await?;
    let rows = api.store().nodes().await?;
    Ok(NodeList { nodes: rows.into_iter().map(|row| around.view(row)).collect() })
}

pub(in crate::api) async fn create_join_token(
    api: &ApiState,
    caller: &Caller,
    request: &JoinTokenRequest,
) -> Result<JoinToken, ApiError> {
    let now = Timestamp::now();
    let expires_at = expiry(request.valid_for_s, now)?;
    let secret = random_secret()?;
    let row = cloister_store::JoinToken {
        secret_hash: secret_hash(secret.expose_secret()),
        created_at: now,
        expires_at,
        used_by: None,
    };
    // Enough to tell which token a node came with, and nothing to guess the secret by.
    let id = hex::encode(&row.secret_hash[..8]);
    let facts = Facts::from([("expires_at".to_owned(), expires_at.to_string().into())]);
    let draft = changed(Kind::NodeTokenCreated, caller, subject(SubjectKind::Node, id, None), facts);
    let record_id = commit(api, vec![Change::AddJoinToken(row)], draft).await?;
    let token = api.fleet().join_token(secret.expose_secret());
    Ok(JoinToken { token, expires_at: expires_at.to_string(), record_id })
}

/// Its certificate is refused from now on, and its session ends.
pub(in crate::api) async fn revoke(api: &ApiState, caller: &Caller, node: &str) -> Result<Changed, ApiError> {
    let row = find(api, node).await?;
    let draft = changed(
        Kind::NodeRevoked,
        caller,
        subject(SubjectKind::Node, row.id.as_str(), Some(&row.name)),
        Facts::from([("certificate_serial".to_owned(), row.certificate_serial.into())]),
    );
    let change = Change::RevokeNode { node_id: row.id, at: Timestamp::now() };
    commit(api, vec![change], draft).await.map(|record_id| Changed { record_id })
}

/// By name or id, and not revoked.
pub(super) async fn find(api: &ApiState, node: &str) -> Result<cloister_store::Node, ApiError> {
    let Some(row) = api.store().node(node).await? else {
        return Err(ApiError::not_found(format!("there is no node {node:?}; list them (cloister nodes)")));
    };
    match row.revoked_at {
        Some(at) => Err(already_revoked(&format!("node {}", row.name), at)),
        None => Ok(row),
    }
}

fn expiry(valid_for_s: u32, now: Timestamp) -> Result<Timestamp, ApiError> {
    let valid_for_s = if valid_for_s == 0 { JOIN_TOKEN_VALID_FOR_DEFAULT_S } else { valid_for_s };
    let in_range = (JOIN_TOKEN_VALID_FOR_MIN_S..=JOIN_TOKEN_VALID_FOR_MAX_S).contains(&valid_for_s);
    let expiry = now.checked_add(SignedDuration::from_secs(valid_for_s.into()));
    expiry.ok().filter(|_| in_range).ok_or_else(|| {
        let detail = format!(
            "valid_for_s must be {JOIN_TOKEN_VALID_FOR_MIN_S} to {JOIN_TOKEN_VALID_FOR_MAX_S} seconds, or 0 for {JOIN_TOKEN_VALID_FOR_DEFAULT_S}"
        );
        ApiError::invalid("valid_for_s", detail)
    })
}

/// What is told of nodes and is not in their rows: read once, however many are told of.
pub(super) struct Surroundings {
    live: Arc<LiveNodes>,
    /// By node id.
    placed: HashMap<String, Placed>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Placed {
    replicas: u32,
    held: u32,
}

impl Surroundings {
    pub(super) async fn read(api: &ApiState) -> Result<Self, ApiError> {
        let held = api.fleet().held();
        let mut placed: HashMap<String, Placed> = HashMap::new();
        for replica in api.store().replicas().await? {
            let Some(node_id) = replica.node_id else { continue };
            let node = placed.entry(node_id).or_default();
            node.replicas = node.replicas.saturating_add(1);
            node.held = node.held.saturating_add(u32::from(held.contains(&replica.id)));
        }
        Ok(Self { live: api.fleet().live(), placed })
    }

    pub(super) fn view(&self, row: cloister_store::Node) -> Node {
        let placed = self.placed.get(&row.id).copied().unwrap_or_default();
        let live = self.live.get(&row.id).map(AsRef::as_ref);
        view(row, live, placed)
    }
}

fn view(row: cloister_store::Node, live: Option<&LiveNode>, placed: Placed) -> Node {
    let (scheduling, drain) = scheduling(row.scheduling, placed);
    let inventory = live.map(|live| &live.inventory);
    let cpu = inventory.and_then(|inventory| inventory.cpu.as_ref());
    let memory = inventory.and_then(|inventory| inventory.memory.as_ref());
    let gpus = inventory.map_or(&[][..], |inventory| &inventory.gpus);
    let last_seen = live.and_then(|live| Timestamp::from_second(live.last_seen_unix_s).ok());
    Node {
        state: state(row.state, live),
        scheduling,
        drain,
        id: row.id,
        name: row.name,
        region: row.region,
        jurisdiction: row.jurisdiction,
        labels: row.labels,
        cpu: cpu.map(|cpu| cpu.model.clone()),
        isa: cpu.map(|cpu| cpu.isa.clone()),
        cores: cpu.map(|cpu| cpu.physical_cores),
        memory_total_bytes: memory.map(|memory| memory.total_bytes),
        memory_available_bytes: memory.map(|memory| memory.available_bytes),
        gpus: gpus.iter().map(|gpu| gpu.name.clone()).collect(),
        agent_version: live.map(|live| live.agent_version.clone()),
        certificate_expires_at: row.certificate_not_after.to_string(),
        last_seen_at: last_seen.map(|at| at.to_string()),
        generation: row.generation,
        replicas: placed.replicas,
        record_id: None,
    }
}

fn scheduling(stored: Scheduling, placed: Placed) -> (SchedulingState, Option<Drain>) {
    match stored {
        Scheduling::Open => (SchedulingState::Open, None),
        Scheduling::Cordoned => (SchedulingState::Cordoned, None),
        Scheduling::Draining { force } => {
            let (replicas_left, replicas_held) = (placed.replicas, placed.held);
            (SchedulingState::Draining, Some(Drain { force, replicas_left, replicas_held }))
        }
    }
}

fn state(stored: cloister_store::NodeState, live: Option<&LiveNode>) -> NodeState {
    match (stored, live) {
        (cloister_store::NodeState::Revoked, _) => NodeState::Revoked,
        (cloister_store::NodeState::Enrolled, Some(live)) if live.connected => NodeState::Ready,
        (cloister_store::NodeState::Enrolled, _) => NodeState::Unreachable,
    }
}

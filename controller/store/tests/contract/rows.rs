//! Rows with every field set, so that a field lost on the way shows.

use std::collections::BTreeMap;

use cloister_store::{
    Approval, Deployment, DeploymentRevision, JoinToken, Key, KeyRole, Model, ModelFile, Node, NodeState,
    Replica, ReplicaEvent, Scheduling, Signer, Tenant,
};
use jiff::Timestamp;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::new(1_790_000_000 + second, 123_456_000).unwrap()
}

pub(crate) fn signer() -> Signer {
    Signer {
        key_id: "5a".repeat(32),
        name: "radiology".to_owned(),
        public_key_pem: "-----BEGIN PUBLIC KEY-----\n…".to_owned(),
        trusted_at: at(0),
        revoked_at: None,
    }
}

pub(crate) fn model(name: &str) -> Model {
    Model {
        digest: format!("sha256:{name}"),
        name: name.to_owned(),
        bundle: vec![0, 159, 146, 150],
        signer_key_id: signer().key_id,
        files: vec![ModelFile {
            name: "weights/ä b.gguf".to_owned(),
            sha256: "0f".repeat(32),
            size_bytes: 98_362_432,
        }],
        facts: serde_json::json!({"architecture": "llama", "context_length": 2048, "license": null}),
        size_bytes: 98_362_432,
        imported_at: at(1),
        approval: Approval::Approved,
        approved_by: Some("meier".to_owned()),
        approved_at: Some(at(1)),
        retirement: None,
    }
}

pub(crate) fn deployment(name: &str, model: &str) -> Deployment {
    Deployment {
        id: format!("id-of-{name}"),
        name: name.to_owned(),
        model_digest: format!("sha256:{model}"),
        replicas: 2,
        context_length: 2_048,
        max_sequences: 16,
        kv_tokens: 4_096,
        node_selector: BTreeMap::from([("zone".to_owned(), "a".to_owned())]),
        jurisdiction: "DE".to_owned(),
        revision: 1,
        tenant: None,
        restarts: 7,
        created_at: at(2),
    }
}

pub(crate) fn revision(intent: &Deployment) -> DeploymentRevision {
    DeploymentRevision {
        intent: intent.clone(),
        model_name: "smollm2".to_owned(),
        returned_to: Some(3),
        actor_kind: "account".to_owned(),
        actor_id: "01j".to_owned(),
        actor_name: Some("meier".to_owned()),
        at: at(20),
        record_id: "01K".to_owned(),
    }
}

/// The `n`-th event of a deployment, each another one.
pub(crate) fn event(n: i64) -> ReplicaEvent {
    ReplicaEvent {
        id: format!("{n:026}"),
        deployment_id: "id-of-notes".to_owned(),
        replica_id: "r1".to_owned(),
        node_name: Some("gpu-01".to_owned()),
        kind: if n % 2 == 0 { "ready" } else { "crashed" }.to_owned(),
        detail: format!("exit {n}"),
        at: at(n),
    }
}

pub(crate) fn node(id: &str, name: &str) -> Node {
    Node {
        id: id.to_owned(),
        name: name.to_owned(),
        region: "fra".to_owned(),
        jurisdiction: "DE-HE".to_owned(),
        labels: BTreeMap::from([("gpu".to_owned(), "none".to_owned())]),
        certificate_serial: format!("01{id}"),
        certificate_not_after: at(86_400),
        generation: 0,
        state: NodeState::Enrolled,
        scheduling: Scheduling::Cordoned,
        enrolled_at: at(3),
        revoked_at: None,
    }
}

pub(crate) fn replica(id: &str, node_id: Option<&str>) -> Replica {
    Replica {
        id: id.to_owned(),
        deployment_id: "id-of-notes".to_owned(),
        node_id: node_id.map(str::to_owned),
        generation: 1,
        reasons: serde_json::json!({"chosen": "most free memory", "nodes": []}),
        memory_bytes: 3 << 30,
    }
}

pub(crate) fn join_token(seed: u8) -> JoinToken {
    JoinToken { secret_hash: [seed; 32], created_at: at(4), expires_at: at(64), used_by: None }
}

pub(crate) fn key(id: &str, seed: u8) -> Key {
    Key {
        id: id.to_owned(),
        name: "ward-3".to_owned(),
        secret_hash: [seed; 32],
        role: KeyRole::Inference,
        models: vec!["notes".to_owned()],
        tenant: None,
        created_at: at(5),
        expires_at: Some(at(3_600)),
        revoked_at: None,
        last_used_at: None,
    }
}

pub(crate) fn tenant(name: &str) -> Tenant {
    Tenant { name: name.to_owned(), title: format!("The people of {name}"), created_at: at(1) }
}

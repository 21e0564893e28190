//! Who may do what. One table for each protocol; what is not in it is refused.

use cloister_api::{Role, paths};
use http::Method;

/// What a call does, as far as permission goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    FleetRead,
    ModelRead,
    ModelImport,
    ModelRemove,
    SignerRead,
    SignerTrust,
    SignerRevoke,
    TrustPolicyRead,
    TrustPolicyChange,
    TrustPolicyRemove,
    DeploymentRead,
    DeploymentChange,
    DeploymentRemove,
    NodeRead,
    NodeAdmit,
    NodeRevoke,
    KeyRead,
    KeyCreate,
    KeyRevoke,
    AuditRead,
    AuditExport,
}

impl Action {
    /// As it is written into records and into the printed matrix.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::FleetRead => "fleet.read",
            Self::ModelRead => "model.read",
            Self::ModelImport => "model.import",
            Self::ModelRemove => "model.remove",
            Self::SignerRead => "signer.read",
            Self::SignerTrust => "signer.trust",
            Self::SignerRevoke => "signer.revoke",
            Self::TrustPolicyRead => "trust_policy.read",
            Self::TrustPolicyChange => "trust_policy.change",
            Self::TrustPolicyRemove => "trust_policy.remove",
            Self::DeploymentRead => "deployment.read",
            Self::DeploymentChange => "deployment.change",
            Self::DeploymentRemove => "deployment.remove",
            Self::NodeRead => "node.read",
            Self::NodeAdmit => "node.admit",
            Self::NodeRevoke => "node.revoke",
            Self::KeyRead => "key.read",
            Self::KeyCreate => "key.create",
            Self::KeyRevoke => "key.revoke",
            Self::AuditRead => "audit.read",
            Self::AuditExport => "audit.export",
        }
    }
}

/// Whether a key of `role` may do `action`.
pub(crate) fn allows(role: Role, _action: Action) -> bool {
    match role {
        Role::Admin => true,
        // Inference keys ask models, through the gateway; nothing of the fleet is theirs to see.
        Role::Inference => false,
    }
}

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing: it tells nothing about the fleet.
    Public,
    Needs(Action),
}

use Access::{Needs, Public};

/// Every REST route: method, path template, what it needs.
pub(crate) const REST: &[(Method, &str, Access)] = &[
    (Method::GET, paths::OPENAPI, Public),
    (Method::GET, paths::VERSION, Public),
    (Method::GET, paths::STATUS, Needs(Action::FleetRead)),
    (Method::POST, paths::UPLOADS, Needs(Action::ModelImport)),
    (Method::GET, paths::UPLOAD, Needs(Action::ModelImport)),
    (Method::DELETE, paths::UPLOAD, Needs(Action::ModelImport)),
    (Method::PUT, paths::UPLOAD_FILE, Needs(Action::ModelImport)),
    (Method::GET, paths::MODELS, Needs(Action::ModelRead)),
    (Method::POST, paths::MODELS, Needs(Action::ModelImport)),
    (Method::GET, paths::MODEL, Needs(Action::ModelRead)),
    (Method::DELETE, paths::MODEL, Needs(Action::ModelRemove)),
    (Method::GET, paths::IMPORTS, Needs(Action::ModelImport)),
    (Method::POST, paths::IMPORTS, Needs(Action::ModelImport)),
    (Method::GET, paths::IMPORT, Needs(Action::ModelImport)),
    (Method::DELETE, paths::IMPORT, Needs(Action::ModelImport)),
    (Method::GET, paths::SIGNERS, Needs(Action::SignerRead)),
    (Method::POST, paths::SIGNERS, Needs(Action::SignerTrust)),
    (Method::DELETE, paths::SIGNER, Needs(Action::SignerRevoke)),
    (Method::GET, paths::TRUST_POLICIES, Needs(Action::TrustPolicyRead)),
    (Method::GET, paths::TRUST_POLICY, Needs(Action::TrustPolicyRead)),
    (Method::PUT, paths::TRUST_POLICY, Needs(Action::TrustPolicyChange)),
    (Method::DELETE, paths::TRUST_POLICY, Needs(Action::TrustPolicyRemove)),
    (Method::GET, paths::DEPLOYMENTS, Needs(Action::DeploymentRead)),
    (Method::GET, paths::DEPLOYMENT, Needs(Action::DeploymentRead)),
    (Method::PUT, paths::DEPLOYMENT, Needs(Action::DeploymentChange)),
    (Method::DELETE, paths::DEPLOYMENT, Needs(Action::DeploymentRemove)),
    (Method::GET, paths::REPLICAS, Needs(Action::DeploymentRead)),
    (Method::GET, paths::REPLICA_EXPLANATION, Needs(Action::DeploymentRead)),
    (Method::GET, paths::NODES, Needs(Action::NodeRead)),
    (Method::POST, paths::JOIN_TOKENS, Needs(Action::NodeAdmit)),
    (Method::POST, paths::NODE_REVOCATION, Needs(Action::NodeRevoke)),
    (Method::GET, paths::KEYS, Needs(Action::KeyRead)),
    (Method::POST, paths::KEYS, Needs(Action::KeyCreate)),
    (Method::DELETE, paths::KEY, Needs(Action::KeyRevoke)),
    (Method::GET, paths::RECORDS, Needs(Action::AuditRead)),
    (Method::GET, paths::RECORD, Needs(Action::AuditRead)),
    (Method::GET, paths::RECORD_EVIDENCE, Needs(Action::AuditExport)),
    (Method::GET, paths::EVIDENCE, Needs(Action::AuditExport)),
    (Method::GET, paths::CHECKPOINT, Needs(Action::AuditRead)),
    (Method::GET, paths::AUDIT_KEY, Needs(Action::AuditRead)),
];

/// Every method of `cloister.admin.v1.AdminService`.
pub(crate) const GRPC: &[(&str, Action)] = &[
    ("ListModels", Action::ModelRead),
    ("GetModel", Action::ModelRead),
    ("RemoveModel", Action::ModelRemove),
    ("ListSigners", Action::SignerRead),
    ("TrustSigner", Action::SignerTrust),
    ("RevokeSigner", Action::SignerRevoke),
    ("Deploy", Action::DeploymentChange),
    ("Undeploy", Action::DeploymentRemove),
    ("ListDeployments", Action::DeploymentRead),
    ("ListReplicas", Action::DeploymentRead),
    ("ExplainReplica", Action::DeploymentRead),
    ("ListNodes", Action::NodeRead),
    ("CreateJoinToken", Action::NodeAdmit),
    ("RevokeNode", Action::NodeRevoke),
    ("CreateKey", Action::KeyCreate),
    ("ListKeys", Action::KeyRead),
    ("RevokeKey", Action::KeyRevoke),
    ("ListRecords", Action::AuditRead),
    ("GetRecord", Action::AuditRead),
    ("ExportEvidence", Action::AuditExport),
];

/// What `method` on `template` needs; the methods that the path has, if that one is not among them.
pub(crate) fn rest(method: &Method, template: &str) -> Result<Access, Vec<&'static Method>> {
    // A HEAD is a GET whose body is not sent.
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let of_path = || REST.iter().filter(|(_, path, _)| *path == template);
    match of_path().find(|(known, _, _)| known == method) {
        Some((_, _, access)) => Ok(*access),
        None => Err(of_path().map(|(known, _, _)| known).collect()),
    }
}

/// What a gRPC method needs; `None` if it is not declared, and must then be refused.
pub(crate) fn grpc(method: &str) -> Option<Action> {
    GRPC.iter().find(|(known, _)| *known == method).map(|(_, action)| *action)
}

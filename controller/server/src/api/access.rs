//! Who may do what. One table for each protocol; what is not in it is refused.

use cloister_api::{FleetRole, Role, paths};
use http::Method;

/// What a call does, as far as permission goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    FleetRead,
    ModelRead,
    ModelImport,
    ModelApprove,
    ModelRetire,
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
    ReplicaLogs,
    NodeRead,
    NodeAdmit,
    NodeCordon,
    NodeRevoke,
    KeyRead,
    KeyCreate,
    KeyRevoke,
    AuditRead,
    AuditExport,
    TenantRead,
    TenantChange,
    UsageRead,
    AccountRead,
    AccountChange,
    SessionRead,
    SessionEnd,
    ConfigurationRead,
    DiagnosticsRead,
    /// Asking models from the console.
    InferenceAsk,
}

impl Action {
    /// All, in the order of the matrix.
    pub(crate) const ALL: [Self; 35] = [
        Self::FleetRead,
        Self::ModelRead,
        Self::ModelImport,
        Self::ModelApprove,
        Self::ModelRetire,
        Self::ModelRemove,
        Self::SignerRead,
        Self::SignerTrust,
        Self::SignerRevoke,
        Self::TrustPolicyRead,
        Self::TrustPolicyChange,
        Self::TrustPolicyRemove,
        Self::DeploymentRead,
        Self::DeploymentChange,
        Self::DeploymentRemove,
        Self::ReplicaLogs,
        Self::NodeRead,
        Self::NodeAdmit,
        Self::NodeCordon,
        Self::NodeRevoke,
        Self::KeyRead,
        Self::KeyCreate,
        Self::KeyRevoke,
        Self::AuditRead,
        Self::AuditExport,
        Self::TenantRead,
        Self::TenantChange,
        Self::UsageRead,
        Self::AccountRead,
        Self::AccountChange,
        Self::SessionRead,
        Self::SessionEnd,
        Self::ConfigurationRead,
        Self::DiagnosticsRead,
        Self::InferenceAsk,
    ];

    /// As it is written into records and into the printed matrix.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::FleetRead => "fleet.read",
            Self::ModelRead => "model.read",
            Self::ModelImport => "model.import",
            Self::ModelApprove => "model.approve",
            Self::ModelRetire => "model.retire",
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
            Self::ReplicaLogs => "replica.logs",
            Self::NodeRead => "node.read",
            Self::NodeAdmit => "node.admit",
            Self::NodeCordon => "node.cordon",
            Self::NodeRevoke => "node.revoke",
            Self::KeyRead => "key.read",
            Self::KeyCreate => "key.create",
            Self::KeyRevoke => "key.revoke",
            Self::AuditRead => "audit.read",
            Self::AuditExport => "audit.export",
            Self::TenantRead => "tenant.read",
            Self::TenantChange => "tenant.change",
            Self::UsageRead => "usage.read",
            Self::AccountRead => "account.read",
            Self::AccountChange => "account.change",
            Self::SessionRead => "session.read",
            Self::SessionEnd => "session.end",
            Self::ConfigurationRead => "configuration.read",
            Self::DiagnosticsRead => "diagnostics.read",
            Self::InferenceAsk => "inference.ask",
        }
    }
}

/// What each role of a person may do; what is not listed, it may not.
const ROLES: &[(FleetRole, &[Action])] = &[
    (FleetRole::FleetAdmin, &Action::ALL),
    (
        FleetRole::Operator,
        &[
            Action::FleetRead,
            Action::ModelRead,
            Action::ModelImport,
            Action::SignerRead,
            Action::TrustPolicyRead,
            Action::DeploymentRead,
            Action::DeploymentChange,
            Action::DeploymentRemove,
            Action::ReplicaLogs,
            Action::NodeRead,
            Action::NodeAdmit,
            Action::NodeCordon,
            Action::NodeRevoke,
            Action::KeyRead,
            Action::TenantRead,
            Action::UsageRead,
            Action::ConfigurationRead,
            Action::DiagnosticsRead,
            Action::InferenceAsk,
        ],
    ),
    (
        FleetRole::ModelApprover,
        &[
            Action::FleetRead,
            Action::ModelRead,
            Action::ModelImport,
            Action::ModelApprove,
            Action::ModelRetire,
            Action::ModelRemove,
            Action::SignerRead,
            Action::SignerTrust,
            Action::SignerRevoke,
            Action::TrustPolicyRead,
            Action::TrustPolicyChange,
            Action::TrustPolicyRemove,
            Action::DeploymentRead,
            Action::AuditRead,
        ],
    ),
    (
        FleetRole::Auditor,
        &[
            Action::FleetRead,
            Action::ModelRead,
            Action::SignerRead,
            Action::TrustPolicyRead,
            Action::DeploymentRead,
            Action::NodeRead,
            Action::KeyRead,
            Action::AuditRead,
            Action::AuditExport,
            Action::TenantRead,
            Action::UsageRead,
            Action::AccountRead,
            Action::SessionRead,
            Action::ConfigurationRead,
        ],
    ),
    (
        FleetRole::Developer,
        &[Action::FleetRead, Action::ModelRead, Action::DeploymentRead, Action::InferenceAsk],
    ),
    (FleetRole::User, &[Action::DeploymentRead, Action::InferenceAsk]),
    // How the fleet is, never what is asked of it: neither content nor the log that tells of it.
    (
        FleetRole::VendorSupport,
        &[
            Action::FleetRead,
            Action::ModelRead,
            Action::DeploymentRead,
            Action::ReplicaLogs,
            Action::NodeRead,
            Action::ConfigurationRead,
            Action::DiagnosticsRead,
        ],
    ),
];

/// What a tenant's people and keys may do, as far as their roles go: with what is their tenant's own. Everything else
/// is the fleet's affair.
const IN_TENANT: &[Action] = &[
    Action::FleetRead,
    Action::ModelRead,
    Action::DeploymentRead,
    Action::DeploymentChange,
    Action::DeploymentRemove,
    Action::ReplicaLogs,
    Action::KeyRead,
    Action::KeyCreate,
    Action::KeyRevoke,
    Action::AuditRead,
    Action::AuditExport,
    Action::TenantRead,
    Action::UsageRead,
    Action::AccountRead,
    Action::AccountChange,
    Action::SessionRead,
    Action::SessionEnd,
    Action::InferenceAsk,
];

/// Whether whoever belongs to `tenant` may do `action` at all; the fleet's own people and keys may.
pub(crate) fn is_within(tenant: Option<&str>, action: Action) -> bool {
    tenant.is_none() || IN_TENANT.contains(&action)
}

/// Whether a person of this role may do `action`.
pub(crate) fn allows(role: FleetRole, action: Action) -> bool {
    ROLES.iter().any(|(known, actions)| *known == role && actions.contains(&action))
}

/// Whether a key of `role` may do `action`.
pub(crate) fn key_allows(role: Role, action: Action) -> bool {
    match role {
        Role::Admin => allows(FleetRole::FleetAdmin, action),
        // Inference keys ask models, through the gateway; nothing of the fleet is theirs to see.
        Role::Inference => false,
    }
}

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing: it tells nothing about the fleet.
    Public,
    /// Being signed in, as whoever it is: it concerns only oneself.
    OwnSession,
    Needs(Action),
}

impl Access {
    /// As it is written into records of refused calls.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Public => "nothing",
            Self::OwnSession => "session.own",
            Self::Needs(action) => action.as_str(),
        }
    }
}

use Access::{Needs, OwnSession, Public};

/// Every REST route: method, path template, what it needs.
pub(crate) const REST: &[(Method, &str, Access)] = &[
    (Method::GET, paths::OPENAPI, Public),
    (Method::GET, paths::VERSION, Public),
    (Method::GET, paths::STATUS, Needs(Action::FleetRead)),
    (Method::GET, paths::FLEET_HISTORY, Needs(Action::FleetRead)),
    // Every role has it; what else a stream tells of is what its reader may read.
    (Method::GET, paths::EVENTS, Needs(Action::DeploymentRead)),
    (Method::GET, paths::CONFIGURATION, Needs(Action::ConfigurationRead)),
    (Method::GET, paths::DIAGNOSTICS, Needs(Action::DiagnosticsRead)),
    (Method::POST, paths::UPLOADS, Needs(Action::ModelImport)),
    (Method::GET, paths::UPLOAD, Needs(Action::ModelImport)),
    (Method::DELETE, paths::UPLOAD, Needs(Action::ModelImport)),
    (Method::PUT, paths::UPLOAD_FILE, Needs(Action::ModelImport)),
    (Method::GET, paths::MODELS, Needs(Action::ModelRead)),
    (Method::POST, paths::MODELS, Needs(Action::ModelImport)),
    (Method::GET, paths::MODEL, Needs(Action::ModelRead)),
    (Method::DELETE, paths::MODEL, Needs(Action::ModelRemove)),
    (Method::POST, paths::MODEL_APPROVAL, Needs(Action::ModelApprove)),
    (Method::POST, paths::MODEL_RETIREMENT, Needs(Action::ModelRetire)),
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
    (Method::GET, paths::DEPLOYMENT_REVISIONS, Needs(Action::DeploymentRead)),
    (Method::POST, paths::DEPLOYMENT_RETURN, Needs(Action::DeploymentChange)),
    (Method::POST, paths::DEPLOYMENT_RESTART, Needs(Action::DeploymentChange)),
    (Method::GET, paths::DEPLOYMENT_EVENTS, Needs(Action::DeploymentRead)),
    (Method::GET, paths::REPLICAS, Needs(Action::DeploymentRead)),
    (Method::GET, paths::REPLICA_EXPLANATION, Needs(Action::DeploymentRead)),
    (Method::GET, paths::REPLICA_LOGS, Needs(Action::ReplicaLogs)),
    (Method::GET, paths::NODES, Needs(Action::NodeRead)),
    (Method::POST, paths::JOIN_TOKENS, Needs(Action::NodeAdmit)),
    (Method::PUT, paths::NODE_SCHEDULING, Needs(Action::NodeCordon)),
    (Method::GET, paths::NODE_PREVIEW, Needs(Action::NodeRead)),
    (Method::GET, paths::NODE_HISTORY, Needs(Action::NodeRead)),
    (Method::POST, paths::NODE_REVOCATION, Needs(Action::NodeRevoke)),
    (Method::GET, paths::KEYS, Needs(Action::KeyRead)),
    (Method::POST, paths::KEYS, Needs(Action::KeyCreate)),
    (Method::DELETE, paths::KEY, Needs(Action::KeyRevoke)),
    (Method::GET, paths::SESSION_METHODS, Public),
    (Method::POST, paths::SESSION, Public),
    (Method::GET, paths::SESSION, OwnSession),
    (Method::DELETE, paths::SESSION, OwnSession),
    (Method::POST, paths::SESSION_PASSWORD, OwnSession),
    (Method::GET, paths::SESSION_SECOND_FACTOR, OwnSession),
    (Method::POST, paths::SESSION_SECOND_FACTOR, OwnSession),
    (Method::PUT, paths::SESSION_SECOND_FACTOR, OwnSession),
    (Method::POST, paths::SESSION_SECOND_FACTOR_REMOVAL, OwnSession),
    (Method::GET, paths::SESSION_OIDC, Public),
    (Method::GET, paths::SESSION_OIDC_CALLBACK, Public),
    (Method::GET, paths::SESSIONS, Needs(Action::SessionRead)),
    (Method::DELETE, paths::OPEN_SESSION, Needs(Action::SessionEnd)),
    (Method::GET, paths::TENANTS, Needs(Action::TenantRead)),
    (Method::POST, paths::TENANTS, Needs(Action::TenantChange)),
    (Method::DELETE, paths::TENANT, Needs(Action::TenantChange)),
    (Method::GET, paths::USAGE, Needs(Action::UsageRead)),
    (Method::GET, paths::ACCOUNTS, Needs(Action::AccountRead)),
    (Method::POST, paths::ACCOUNTS, Needs(Action::AccountChange)),
    (Method::DELETE, paths::ACCOUNT, Needs(Action::AccountChange)),
    (Method::PUT, paths::ACCOUNT_ROLES, Needs(Action::AccountChange)),
    (Method::POST, paths::LOGIN_LINK, Needs(Action::AccountChange)),
    (Method::DELETE, paths::ACCOUNT_SECOND_FACTOR, Needs(Action::AccountChange)),
    (Method::GET, paths::RECORDS, Needs(Action::AuditRead)),
    (Method::GET, paths::TIMELINE, Needs(Action::AuditRead)),
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

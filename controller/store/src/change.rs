//! The ways in which the fleet's state can change.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    Account, Deployment, DeploymentRevision, JoinToken, Key, LoginLink, Model, Node, Replica, Session,
    Signer, TrustPolicy, Vouching,
};

/// One change of state. It takes effect in the transaction that also writes its audit record, or
/// not at all; [`crate::Refusal`] says why not.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Trusts a signer; also one that was revoked before.
    AddSigner(Signer),
    /// Takes all trust away from a key, also from one that only trust policies name.
    RevokeSigner {
        key_id: String,
        at: Timestamp,
    },
    /// Creates (revision 1) or replaces (exactly the next revision, else [`crate::Refusal::Stale`]).
    PutTrustPolicy(TrustPolicy),
    /// With `revision` only if it is at that one.
    RemoveTrustPolicy {
        name: String,
        revision: Option<u64>,
    },
    AddModel(Model),
    /// Refused while a deployment uses the model.
    RemoveModel {
        digest: String,
    },
    /// Creates (revision 1) or replaces (exactly the next revision, else [`crate::Refusal::Stale`]).
    PutDeployment(Deployment),
    /// Keeps what a deployment became in the same commit; its oldest revisions beyond
    /// [`crate::limits::MAX_REVISIONS_KEPT`] are dropped.
    KeepRevision(DeploymentRevision),
    /// Its replicas stay until the reconciler has taken them off their nodes. What was kept of its past goes.
    RemoveDeployment {
        id: String,
    },
    PutReplica(Replica),
    RemoveReplica {
        id: String,
    },
    AddJoinToken(JoinToken),
    /// Refused when the token was used, has expired at `at`, or does not exist.
    UseJoinToken {
        secret_hash: [u8; 32],
        node_id: String,
        at: Timestamp,
    },
    AddNode(Node),
    /// Refused for a revoked node.
    SetNodeCertificate {
        node_id: String,
        serial: String,
        not_after: Timestamp,
    },
    /// Where a node says it is and how it is labelled.
    SetNodeLocality {
        node_id: String,
        region: String,
        jurisdiction: String,
        labels: BTreeMap<String, String>,
    },
    /// A node that is enrolled already comes again: what was said of it before, and the certificates it got
    /// before `at`, count no more. Refused for a revoked node.
    EnrolNodeAgain {
        node_id: String,
        serial: String,
        not_after: Timestamp,
        region: String,
        jurisdiction: String,
        labels: BTreeMap<String, String>,
        at: Timestamp,
    },
    RevokeNode {
        node_id: String,
        at: Timestamp,
    },
    /// Refused unless `generation` is higher than the stored one.
    SetNodeGeneration {
        node_id: String,
        generation: u64,
    },
    AddKey(Key),
    RevokeKey {
        id: String,
        at: Timestamp,
    },
    AddAccount(Account),
    /// Refused for a disabled account, as all that follows about accounts.
    SetAccountRoles {
        id: String,
        roles: Vec<String>,
    },
    SetAccountPassword {
        id: String,
        password_hash: String,
    },
    /// Its sessions end, and its login link is void.
    DisableAccount {
        id: String,
        at: Timestamp,
    },
    NoteFailedLogin {
        account_id: String,
        locked_until: Option<Timestamp>,
    },
    /// An earlier one of the account that nobody used is void.
    AddLoginLink(LoginLink),
    /// Refused when the link was used, has expired at `at`, or does not exist.
    UseLoginLink {
        secret_hash: [u8; 32],
        at: Timestamp,
    },
    /// The account's failed logins are forgotten.
    StartSession(Session),
    /// For a session that begins in the same commit.
    AddVouching(Vouching),
    EndSession {
        id: String,
        at: Timestamp,
    },
    /// All open ones of an account, but for `except`.
    EndSessionsOf {
        account_id: String,
        except: Option<String>,
        at: Timestamp,
    },
    /// A fact of the installation (its fleet id, say) that is written once.
    AddSetting {
        name: String,
        value: String,
    },
}

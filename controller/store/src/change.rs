//! The ways in which the fleet's state can change.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    Account, Deployment, DeploymentRevision, JoinToken, Key, LoginLink, Model, Node, Replica, Retirement,
    Scheduling, SecondFactor, Session, Signer, Tenant, TrustPolicy, Vouching,
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
    /// Lets a model be deployed, also one that was retired. Refused if it is approved already.
    ApproveModel {
        digest: String,
        /// The name of whoever does.
        by: String,
        at: Timestamp,
    },
    /// Takes a model out of use for new deployments. Refused if it is retired already.
    RetireModel {
        digest: String,
        retirement: Retirement,
    },
    /// Refused while a deployment uses the model.
    RemoveModel {
        digest: String,
    },
    /// Creates (revision 1) or replaces (exactly the next revision, else [`crate::Refusal::Stale`]). Refused
    /// for a model that is not approved, unless the deployment has it already and is only scaled down or restarted.
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
    /// Refused for a revoked node.
    SetNodeScheduling {
        node_id: String,
        scheduling: Scheduling,
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
    AddTenant(Tenant),
    /// Refused while it has an account that may sign in, a key that is valid, or a deployment.
    RemoveTenant {
        name: String,
    },
    AddKey(Key),
    /// Refused for the last admin key that is good at `at`: nobody could ever make another one.
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
    /// Of somebody whose identity provider says so.
    SetAccountTenant {
        id: String,
        tenant: Option<String>,
    },
    SetAccountPassword {
        id: String,
        password_hash: String,
    },
    /// Its sessions end, its login link is void, and its second factor is forgotten.
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
    /// From now on codes of it are asked for. Refused unless it is the one that was offered last, and none is set.
    SetSecondFactor {
        offered: SecondFactor,
        /// Of the code that confirmed it.
        step: u64,
        /// SHA-256 of each.
        recovery_codes: Vec<[u8; 32]>,
        at: Timestamp,
    },
    /// Refused when a code of this time step, or of one after it, was used.
    UseSecondFactorStep {
        account_id: String,
        step: u64,
    },
    /// Refused when it was used, or does not exist.
    UseRecoveryCode {
        account_id: String,
        code_hash: [u8; 32],
        at: Timestamp,
    },
    /// With its recovery codes. Refused when none is set.
    RemoveSecondFactor {
        account_id: String,
    },
    /// A fact of the installation (its fleet id, say) that is written once.
    AddSetting {
        name: String,
        value: String,
    },
}

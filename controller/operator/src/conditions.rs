//! The conditions of every kind and their reasons: a closed list. A reason has one meaning and one status; the
//! document `docs/kubernetes-conditions.md` is printed from here.

mod document;
mod said;
mod sentence;

pub use document::document;
pub(crate) use said::Said;
pub(crate) use sentence::{clip, count, names};

use crate::crd::ConditionStatus::{self, False, True, Unknown};

/// One reason of one condition of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub kind: &'static str,
    pub condition: &'static str,
    pub status: ConditionStatus,
    pub reason: &'static str,
    /// What it means and what to do.
    pub meaning: &'static str,
}

macro_rules! rows {
    ($($kind:literal { $($condition:literal: $($row:ident = ($status:ident, $reason:literal, $meaning:literal),)*)* })*) => {
        $($($(pub(crate) const $row: Row =
            Row { kind: $kind, condition: $condition, status: $status, reason: $reason, meaning: $meaning };)*)*)*

        /// Every reason there is, in the order of the document.
        pub const TABLE: &[Row] = &[$($($($row,)*)*)*];
    };
}

rows! {
    "Model" {
        "Fetched":
            MODEL_FETCHED = (True, "Fetched", "All bytes are with the controller."),
            MODEL_FETCH_QUEUED = (False, "Queued", "Others are fetched first; two run at once."),
            MODEL_FETCHING = (False, "Fetching", "Bytes are on their way; `status.progress` says how many."),
            MODEL_FETCH_FAILED = (False, "FetchFailed", "The source could not be read. The message says why; it is tried again with growing pauses."),
            MODEL_FETCH_REFUSED = (False, "SourceRefused", "The source is not acceptable: not allowed, not found, or not what its digest says. The message says which, and what to do."),
            MODEL_NOT_FETCHED = (False, "NameTaken", "Nothing is fetched while the fleet has another model of this name: see `Admitted`."),
        "Verified":
            MODEL_VERIFIED = (True, "Verified", "A trusted signer signed exactly these bytes."),
            MODEL_VERIFYING = (Unknown, "Verifying", "Signature and digests are being checked."),
            MODEL_REFUSED = (False, "Refused", "The bytes are not acceptable; the refusal is on record. The message says which check failed."),
            MODEL_UNTRUSTED = (False, "SignerNotTrusted", "Whoever signed it is not trusted for this name. Check the signer and write a TrustPolicy; it is then tried again by itself."),
            MODEL_UNVERIFIED = (Unknown, "NotFetched", "There is nothing to verify yet."),
        "Admitted":
            MODEL_ADMITTED = (True, "Admitted", "The fleet has the model under its name, and may run it."),
            MODEL_NAME_TAKEN = (False, "NameTaken", "The fleet has another model of this name. Give this one another `spec.name`, or remove the other."),
            MODEL_TRUST_WITHDRAWN = (False, "SignerNotTrusted", "Its signer is not trusted any more: replicas are drained, and nothing new runs."),
            MODEL_RETIRED = (False, "Retired", "Somebody retired it: what is deployed goes on, nothing new may choose it. The message says who. Deploy another model, or approve it again."),
            MODEL_WAITING = (False, "WaitsForApproval", "It was in the fleet already, imported by somebody who may not approve it. Approve it."),
            MODEL_GONE = (False, "RemovedElsewhere", "Somebody removed it from the fleet. Delete and create this Model to fetch it again, or delete it."),
            MODEL_NOT_ADMITTED = (Unknown, "NotVerified", "Only what is verified is admitted."),
        "Ready":
            MODEL_READY = (True, "Ready", "It can be deployed."),
            MODEL_READY_FETCHING = (False, "Fetching", "See `Fetched`."),
            MODEL_READY_FETCH_FAILED = (False, "FetchFailed", "See `Fetched`."),
            MODEL_READY_SOURCE_REFUSED = (False, "SourceRefused", "See `Fetched`."),
            MODEL_READY_VERIFYING = (False, "Verifying", "See `Verified`."),
            MODEL_READY_REFUSED = (False, "Refused", "See `Verified`."),
            MODEL_READY_UNTRUSTED = (False, "SignerNotTrusted", "See `Verified` and `Admitted`."),
            MODEL_READY_NAME_TAKEN = (False, "NameTaken", "See `Admitted`."),
            MODEL_READY_RETIRED = (False, "Retired", "See `Admitted`."),
            MODEL_READY_WAITING = (False, "WaitsForApproval", "See `Admitted`."),
            MODEL_READY_GONE = (False, "RemovedElsewhere", "See `Admitted`."),
            MODEL_READY_IN_USE = (False, "InUse", "It is to be deleted, and waits for the deployments that the message names."),
            MODEL_READY_REMOVING = (False, "Removing", "It is to be deleted; the fleet has not removed it yet."),
    }
    "ModelDeployment" {
        "Verified":
            MD_VERIFIED = (True, "Verified", "Its Model is ready."),
            MD_MODEL_NOT_FOUND = (False, "ModelNotFound", "There is no such Model in this namespace. Create it, or correct `spec.model`."),
            MD_MODEL_NOT_READY = (False, "ModelNotReady", "Its Model is not ready; the message says why."),
        "Admitted":
            MD_ADMITTED = (True, "Admitted", "The fleet accepted the intent; `status.revision` is its revision."),
            MD_INVALID = (False, "InvalidField", "The fleet does not accept a field; the message names it. Correct it."),
            MD_REFUSED = (False, "Refused", "The fleet does not accept the intent now; the message says why. It is tried again with growing pauses."),
            MD_UNAVAILABLE = (False, "FleetUnavailable", "The fleet could not record the change. It is tried again with growing pauses."),
            MD_NOT_OURS = (False, "NotApplied", "The fleet's deployment of this name is not what this object says. See `InSync`."),
            MD_NOT_ADMITTED = (Unknown, "ModelNotVerified", "Only verified models are deployed. See `Verified`."),
        "Placed":
            MD_PLACED = (True, "Placed", "Every replica has a node."),
            MD_NOTHING_TO_PLACE = (True, "ScaledToZero", "No replica is wanted."),
            MD_NO_NODE = (False, "NoNodeFits", "No node can take a replica; the message says why the first of them is nowhere, `cloister explain` says it for each node."),
            MD_PLACING = (False, "Placing", "The scheduler has not placed all replicas yet."),
            MD_NOT_PLACED = (Unknown, "NotAdmitted", "Only what is admitted is placed."),
        "Loaded":
            MD_LOADED = (True, "Loaded", "Every replica has verified and loaded the model."),
            MD_NOTHING_TO_LOAD = (True, "ScaledToZero", "No replica is wanted."),
            MD_LOADING = (False, "Loading", "Nodes fetch, verify or load the model; the message counts them."),
            MD_NOT_LOADED = (Unknown, "NotPlaced", "Only what is placed is loaded."),
        "Ready":
            MD_READY = (True, "Ready", "Every replica answers."),
            MD_READY_ZERO = (True, "ScaledToZero", "No replica is wanted, and none runs."),
            MD_READY_MODEL_NOT_FOUND = (False, "ModelNotFound", "See `Verified`."),
            MD_READY_MODEL_NOT_READY = (False, "ModelNotReady", "See `Verified`."),
            MD_READY_NOT_ADMITTED = (False, "NotAdmitted", "See `Admitted`."),
            MD_READY_NO_NODE = (False, "NoNodeFits", "See `Placed`."),
            MD_READY_PLACING = (False, "Placing", "See `Placed`."),
            MD_READY_LOADING = (False, "Loading", "See `Loaded`."),
            MD_READY_DEGRADED = (False, "Degraded", "See `Degraded`."),
            MD_READY_DRAINING = (False, "Draining", "It is to be deleted; replicas finish what they have."),
        "Degraded":
            MD_AS_EXPECTED = (False, "AsExpected", "No replica is in trouble."),
            MD_CRASHED = (True, "ReplicaCrashed", "A worker ended; it restarts after a pause. The message says why."),
            MD_REPLICA_REFUSED = (True, "ReplicaRefused", "A node refused the model: it made its own checks. The message says which failed."),
            MD_NODE_UNREACHABLE = (True, "NodeUnreachable", "A node with replicas is not connected."),
        "InSync":
            MD_IN_SYNC = (True, "InSync", "The fleet's deployment is what this object says."),
            MD_CHANGED = (False, "ChangedElsewhere", "Somebody changed the fleet's deployment; the message says who, what, and how to settle it. It is not overwritten until this object's spec changes."),
            MD_GONE = (False, "RemovedElsewhere", "Somebody removed the fleet's deployment. It is not created again until this object's spec changes."),
            MD_EXISTS = (False, "AlreadyExists", "The fleet had a deployment of this name that is another than this. Make this object equal to it, which adopts it, or remove it there."),
            MD_NOT_APPLIED = (Unknown, "NotApplied", "The fleet has not accepted this object yet."),
    }
    "TrustPolicy" {
        "Ready":
            TP_IN_FORCE = (True, "InForce", "The fleet decides by it."),
            TP_INVALID_KEY = (False, "InvalidKey", "A public key cannot be read; the message names rule and signer. Nothing of this version is in force."),
            TP_INVALID = (False, "InvalidField", "The fleet does not accept a field; the message names it."),
            TP_REFUSED = (False, "Refused", "The fleet does not accept it now; the message says why. It is tried again with growing pauses."),
            TP_UNAVAILABLE = (False, "FleetUnavailable", "The fleet could not record the change. It is tried again with growing pauses."),
            TP_NOT_OURS = (False, "NotApplied", "The fleet's policy of this name is not what this object says. See `InSync`."),
            TP_REMOVING = (False, "Removing", "It is to be deleted; the fleet has not removed it yet."),
        "InSync":
            TP_IN_SYNC = (True, "InSync", "The fleet's policy is what this object says."),
            TP_CHANGED = (False, "ChangedElsewhere", "Somebody changed the fleet's policy; the message says who. It is not overwritten until this object's spec changes."),
            TP_GONE = (False, "RemovedElsewhere", "Somebody removed the fleet's policy. It is not created again until this object's spec changes."),
            TP_EXISTS = (False, "AlreadyExists", "The fleet had a policy of this name that is another than this. Make this object equal to it, which adopts it, or remove it there."),
            TP_NOT_APPLIED = (Unknown, "NotApplied", "The fleet has not accepted this object yet."),
    }
}

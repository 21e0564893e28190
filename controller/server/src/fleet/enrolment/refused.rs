//! Why a node was not enrolled.

use std::fmt::Display;

use cloister_ledger::LedgerError;
use cloister_store::{Entity, Refusal, StoreError};
use tonic::Status;

use crate::fleet::CaError;
use crate::fleet::attestation::AttestationError;
use crate::fleet::identity::store_unavailable;

/// The class of a name that belongs to another node.
pub(super) const NAME_TAKEN: &str = "name_taken";

/// The class that goes on record, and the sentence for the node's operator.
pub(super) struct Refused {
    pub(super) class: &'static str,
    pub(super) status: Status,
}

impl Refused {
    pub(super) fn token_unknown(message: &str) -> Self {
        Self { class: "token_unknown", status: Status::unauthenticated(message) }
    }

    pub(super) fn token_used() -> Self {
        let message = "this join token was used before; each enrols one node: make a new one";
        Self { class: "token_used", status: Status::unauthenticated(message) }
    }

    pub(super) fn token_expired() -> Self {
        let message = "this join token has expired; make a new one";
        Self { class: "token_expired", status: Status::unauthenticated(message) }
    }

    pub(super) fn invalid(class: &'static str, message: &dyn Display) -> Self {
        Self { class, status: Status::invalid_argument(message.to_string()) }
    }

    pub(super) fn store(error: StoreError) -> Self {
        Self { class: "unavailable", status: store_unavailable(error) }
    }

    /// The controller's own fault: nothing about the request can cause it.
    pub(super) fn internal(error: CaError) -> Self {
        tracing::error!(%error, "a node certificate could not be made");
        let message = "the controller could not make a certificate; see its log";
        Self { class: "internal", status: Status::internal(message) }
    }

    pub(super) fn change(error: LedgerError) -> Self {
        match &error {
            LedgerError::Refused(Refusal::AlreadyUsed { entity: Entity::JoinToken, .. }) => {
                Self::token_used()
            }
            LedgerError::Refused(Refusal::Expired { entity: Entity::JoinToken, .. }) => Self::token_expired(),
            LedgerError::Refused(Refusal::AlreadyExists { entity: Entity::Node, .. }) => {
                let status = Status::already_exists(
                    "another node of this fleet has this name; choose another with --name, or revoke that node first",
                );
                Self { class: NAME_TAKEN, status }
            }
            LedgerError::Refused(refusal) => {
                Self { class: "refused", status: Status::failed_precondition(refusal.to_string()) }
            }
            _ => {
                tracing::error!(%error, "an enrolment could not be put on record");
                let status = Status::unavailable("the controller cannot write its record now; try again");
                Self { class: "unavailable", status }
            }
        }
    }
}

impl From<AttestationError> for Refused {
    fn from(error: AttestationError) -> Self {
        Self { class: error.class(), status: error.status() }
    }
}

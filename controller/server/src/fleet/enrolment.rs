//! One-time join token and signing request in, certificate out.

use std::net::SocketAddr;
use std::sync::Arc;

use cloister_evidence::record::{Actor, ActorKind, Draft, Kind, Outcome, Subject, SubjectKind};
use cloister_ledger::LedgerError;
use cloister_proto::agent::v1::enrolment_service_server::EnrolmentService;
use cloister_proto::agent::v1::{Certificate, EnrolRequest, EnrolResponse, Locality};
use cloister_store::{Change, Entity, Node, NodeState, Refusal};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tonic::{Request, Response, Status};

use super::Shared;
use super::ca::{NodeCertificate, NodeKey};
use super::identity::store_unavailable;
use super::locality::check_locality;
use super::records::{draft, timestamp};
use crate::limits::TOKEN_SECRET_MAX_BYTES;
use crate::listen::Peer;
use crate::options::is_dns_label;

/// The only service that takes a caller without a certificate.
pub(super) struct Enrolment {
    pub(super) shared: Arc<Shared>,
}

/// Why a node was not enrolled: the class that goes on record, and the sentence for its operator.
struct Refused {
    class: &'static str,
    status: Status,
}

#[tonic::async_trait]
impl EnrolmentService for Enrolment {
    async fn enrol(&self, request: Request<EnrolRequest>) -> Result<Response<EnrolResponse>, Status> {
        let address = request.extensions().get::<Peer>().map(|peer| peer.address);
        // One at a time: strangers cannot make the controller hash, sign and write in parallel.
        let _turn = self.shared.enrolment_turn.lock().await;
        match self.shared.enrol(request.into_inner(), address).await {
            Ok(response) => Ok(Response::new(response)),
            Err(refused) => {
                self.shared.record_refusal(refused.class, address).await;
                Err(refused.status)
            }
        }
    }
}

impl Shared {
    async fn enrol(
        &self,
        request: EnrolRequest,
        address: Option<SocketAddr>,
    ) -> Result<EnrolResponse, Refused> {
        let locality = request.locality.unwrap_or_default();
        check_request(&request.token_secret, &request.node_name, &locality)?;
        let secret_hash: [u8; 32] = Sha256::digest(request.token_secret.as_bytes()).into();
        self.check_token(secret_hash).await?;
        let key = NodeKey::from_csr(&request.csr_der).map_err(|e| invalid("csr_invalid", &e))?;
        let node_id = ulid::Ulid::new().to_string().to_lowercase();
        let certificate = self.certify(&key, &node_id).map_err(internal)?;
        let node = new_node(node_id, request.node_name, locality, &certificate);
        self.commit_node(node, secret_hash, address, certificate).await
    }

    async fn check_token(&self, secret_hash: [u8; 32]) -> Result<(), Refused> {
        let stored = self.store.join_token(&secret_hash).await;
        let stored = stored.map_err(|e| Refused { class: "unavailable", status: store_unavailable(e) })?;
        let Some(token) = stored else {
            return Err(unauthenticated(
                "token_unknown",
                "this join token is not known to this fleet; make a new one",
            ));
        };
        // The database found it by its index, whose comparison is not constant in time; this one is.
        if !bool::from(subtle::ConstantTimeEq::ct_eq(&token.secret_hash[..], &secret_hash[..])) {
            return Err(unauthenticated("token_unknown", "this join token is not known to this fleet"));
        }
        if token.used_by.is_some() {
            return Err(token_used());
        }
        if token.expires_at <= Timestamp::now() {
            return Err(token_expired());
        }
        Ok(())
    }

    /// Node, spent token and record: all in one transaction, so a token enrols one node at most.
    async fn commit_node(
        &self,
        node: Node,
        secret_hash: [u8; 32],
        address: Option<SocketAddr>,
        certificate: NodeCertificate,
    ) -> Result<EnrolResponse, Refused> {
        let node_id = node.id.clone();
        let record = enrolled_draft(&node, address);
        let used = Change::UseJoinToken { secret_hash, node_id: node_id.clone(), at: node.enrolled_at };
        self.ledger.change(vec![Change::AddNode(node), used], record).await.map_err(change_refused)?;
        tracing::info!(node = %node_id, "node enrolled");
        self.wake();
        Ok(EnrolResponse { node_id, certificate: Some(certificate.into()) })
    }

    async fn record_refusal(&self, class: &'static str, address: Option<SocketAddr>) {
        tracing::warn!(reason = class, ?address, "enrolment refused");
        if !self.refusal_budget.take() {
            return;
        }
        let mut record = draft(Kind::NodeEnrolmentRefused, Outcome::Denied, stranger(address));
        record.reason = Some(class.to_owned());
        let id = self.ledger.new_record_id();
        if let Err(error) = self.ledger.record(id, record).await {
            tracing::error!(%error, "a refused enrolment could not be put on record");
        }
    }
}

fn check_request(secret: &str, node_name: &str, locality: &Locality) -> Result<(), Refused> {
    if secret.is_empty() || secret.len() > TOKEN_SECRET_MAX_BYTES {
        return Err(unauthenticated(
            "token_unknown",
            "the token secret is empty or too long; copy the whole join token",
        ));
    }
    if !is_dns_label(node_name) {
        return Err(invalid("name_invalid", &"node_name must be 1 to 63 characters of [a-z0-9-]"));
    }
    check_locality(locality).map_err(|e| invalid("locality_invalid", &e))
}

fn new_node(id: String, name: String, locality: Locality, certificate: &NodeCertificate) -> Node {
    Node {
        id,
        name,
        region: locality.region,
        jurisdiction: locality.jurisdiction,
        labels: locality.labels.into_iter().collect(),
        certificate_serial: certificate.serial.clone(),
        certificate_not_after: timestamp(certificate.not_after_unix_s),
        generation: 0,
        state: NodeState::Enrolled,
        enrolled_at: Timestamp::now(),
        revoked_at: None,
    }
}

fn enrolled_draft(node: &Node, address: Option<SocketAddr>) -> Draft {
    let mut record = draft(Kind::NodeEnrolled, Outcome::Success, stranger(address));
    record.subject =
        Some(Subject { kind: SubjectKind::Node, id: node.id.clone(), name: Some(node.name.clone()) });
    record.change = Some(
        [
            ("region", node.region.as_str().into()),
            ("jurisdiction", node.jurisdiction.as_str().into()),
            ("labels", node.labels.len().into()),
            ("certificate_serial", node.certificate_serial.as_str().into()),
            ("certificate_not_after", node.certificate_not_after.to_string().into()),
        ]
        .map(|(name, value): (&str, serde_json::Value)| (name.to_owned(), value))
        .into(),
    );
    record
}

/// Whoever holds a join token has no name yet.
fn stranger(address: Option<SocketAddr>) -> Actor {
    Actor {
        kind: ActorKind::Anonymous,
        id: "join-token".into(),
        name: None,
        address: address.map(|a| a.ip().to_string()),
    }
}

fn change_refused(error: LedgerError) -> Refused {
    match &error {
        LedgerError::Refused(Refusal::AlreadyUsed { entity: Entity::JoinToken, .. }) => token_used(),
        LedgerError::Refused(Refusal::Expired { entity: Entity::JoinToken, .. }) => token_expired(),
        LedgerError::Refused(Refusal::AlreadyExists { entity: Entity::Node, .. }) => {
            let status = Status::already_exists(
                "another node of this fleet has this name; choose another with --name, or revoke that node first",
            );
            Refused { class: "name_taken", status }
        }
        LedgerError::Refused(refusal) => {
            Refused { class: "refused", status: Status::failed_precondition(refusal.to_string()) }
        }
        _ => {
            tracing::error!(%error, "an enrolment could not be put on record");
            let status = Status::unavailable("the controller cannot write its record now; try again");
            Refused { class: "unavailable", status }
        }
    }
}

fn token_used() -> Refused {
    unauthenticated("token_used", "this join token was used before; each enrols one node: make a new one")
}

fn token_expired() -> Refused {
    unauthenticated("token_expired", "this join token has expired; make a new one")
}

fn unauthenticated(class: &'static str, message: &str) -> Refused {
    Refused { class, status: Status::unauthenticated(message) }
}

fn invalid(class: &'static str, message: &dyn std::fmt::Display) -> Refused {
    Refused { class, status: Status::invalid_argument(message.to_string()) }
}

fn internal(error: super::CaError) -> Refused {
    tracing::error!(%error, "a node certificate could not be made");
    Refused {
        class: "internal",
        status: Status::internal("the controller could not make a certificate; see its log"),
    }
}

impl From<NodeCertificate> for Certificate {
    fn from(certificate: NodeCertificate) -> Self {
        Self { chain_der: certificate.chain_der, not_after_unix_s: certificate.not_after_unix_s }
    }
}

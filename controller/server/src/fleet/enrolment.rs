//! A credential and a signing request in, certificate out.

mod join_token;
mod refused;
mod service_account;

#[cfg(feature = "kubernetes")]
pub(crate) use service_account::PLATFORM_NODE_LABEL;

use std::net::SocketAddr;
use std::sync::Arc;

use cloister_evidence::record::{Actor, ActorKind, Draft, Kind, Outcome, Subject, SubjectKind};
use cloister_proto::agent::v1::enrolment_service_server::EnrolmentService;
use cloister_proto::agent::v1::{Certificate, EnrolRequest, EnrolResponse, Locality};
use cloister_store::{Node, NodeState, Scheduling};
use jiff::Timestamp;
use tonic::{Request, Response, Status};

use super::Shared;
use super::ca::NodeCertificate;
use super::records::{draft, timestamp};
use crate::listen::Peer;
use refused::Refused;

/// The only service that takes a caller without a certificate.
pub(super) struct Enrolment {
    pub(super) shared: Arc<Shared>,
}

#[tonic::async_trait]
impl EnrolmentService for Enrolment {
    async fn enrol(&self, request: Request<EnrolRequest>) -> Result<Response<EnrolResponse>, Status> {
        let address = request.extensions().get::<Peer>().map(|peer| peer.address);
        let request = request.into_inner();
        let by_token = request.service_account_token.is_empty();
        match self.shared.enrol(request, address).await {
            Ok(response) => Ok(Response::new(response)),
            Err(refused) => {
                let actor = if by_token { join_token::ACTOR } else { service_account::ACTOR };
                self.shared.record_refusal(refused.class, actor, address).await;
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
        match (request.token_secret.is_empty(), request.service_account_token.is_empty()) {
            (false, false) => {
                let message = "give either token_secret or service_account_token, not both";
                Err(Refused::invalid("two_credentials", &message))
            }
            (true, false) => self.enrol_by_service_account(request, address).await,
            (_, true) => self.enrol_by_join_token(request, address).await,
        }
    }

    async fn record_refusal(&self, class: &'static str, actor: &str, address: Option<SocketAddr>) {
        tracing::warn!(reason = class, ?address, "enrolment refused");
        if !self.refusal_budget.take() {
            return;
        }
        let mut record = draft(Kind::NodeEnrolmentRefused, Outcome::Denied, stranger(actor, address));
        record.reason = Some(class.to_owned());
        let id = self.ledger.new_record_id();
        if let Err(error) = self.ledger.record(id, record).await {
            tracing::error!(%error, "a refused enrolment could not be put on record");
        }
    }
}

/// `at`: from before the certificate was made, so that no certificate of this enrolment is older than it.
fn new_node(
    id: String,
    name: String,
    locality: Locality,
    certificate: &NodeCertificate,
    at: Timestamp,
) -> Node {
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
        scheduling: Scheduling::Open,
        enrolled_at: at,
        revoked_at: None,
    }
}

fn enrolled_draft(node: &Node, actor: &str, address: Option<SocketAddr>) -> Draft {
    let mut record = draft(Kind::NodeEnrolled, Outcome::Success, stranger(actor, address));
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

/// Whoever wants to enrol has no name yet; `actor` says what they came with.
fn stranger(actor: &str, address: Option<SocketAddr>) -> Actor {
    Actor {
        kind: ActorKind::Anonymous,
        id: actor.to_owned(),
        name: None,
        address: address.map(|a| a.ip().to_string()),
    }
}

impl From<NodeCertificate> for Certificate {
    fn from(certificate: NodeCertificate) -> Self {
        Self { chain_der: certificate.chain_der, not_after_unix_s: certificate.not_after_unix_s }
    }
}

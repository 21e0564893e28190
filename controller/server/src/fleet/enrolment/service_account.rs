//! Enrolment by the ServiceAccount token of an agent's pod: the k8s node that the pod runs on becomes a node,
//! and stays the same node however often its agent comes anew.

mod names;

use std::net::SocketAddr;

use cloister_evidence::record::Draft;
use cloister_proto::agent::v1::{EnrolRequest, EnrolResponse, Locality};
use cloister_store::{Change, Node, NodeState};
use jiff::Timestamp;
use secrecy::SecretString;
use tonic::Status;

use names::{check_token, display_name, is_platform_node};

use super::refused::{NAME_TAKEN, Refused};
use super::{enrolled_draft, new_node};
use crate::fleet::Shared;
use crate::fleet::attestation::{AttestationError, AttestedNode};
use crate::fleet::ca::NodeKey;
use crate::fleet::locality::check_locality;
use crate::fleet::sessions::EndReason;
use crate::limits::ATTESTATION_TIMEOUT;

/// The actor of such an enrolment's record.
pub(super) const ACTOR: &str = "service-account-token";
/// Which k8s node a node is. No agent can say it of itself.
pub(crate) const PLATFORM_NODE_LABEL: &str = "cloister.dev/k8s-node";

/// What the fleet knows of a k8s node.
enum Standing {
    New,
    Enrolled(Box<Node>),
}

/// An agent whose pod is vouched for, and the certificate it will get.
struct Admission {
    attested: AttestedNode,
    locality: Locality,
    key: NodeKey,
    address: SocketAddr,
}

impl Shared {
    pub(super) async fn enrol_by_service_account(
        &self,
        request: EnrolRequest,
        address: Option<SocketAddr>,
    ) -> Result<EnrolResponse, Refused> {
        let token = SecretString::from(request.service_account_token);
        check_token(&token)?;
        if !is_platform_node(&request.node_name) {
            let message = "node_name must be the k8s node's name: 1 to 253 characters of [a-z0-9.-]";
            return Err(Refused::invalid("name_invalid", &message));
        }
        let locality = request.locality.unwrap_or_default();
        check_locality(&locality).map_err(|e| Refused::invalid("locality_invalid", &e))?;
        let key = NodeKey::from_csr(&request.csr_der).map_err(|e| Refused::invalid("csr_invalid", &e))?;
        let address = address.ok_or_else(|| {
            Refused::invalid("address_unknown", &"the caller's address is not known, so its pod cannot be")
        })?;
        let attested = self.attest(&token, address, &request.node_name).await?;
        // Whoever comes this far is an agent of this fleet. One at a time all the same: the second of two
        // agents of one k8s node must see the first.
        let _turn = self.enrolment_turn.lock().await;
        Box::pin(self.admit_attested(Admission { attested, locality, key, address })).await
    }

    async fn attest(
        &self,
        token: &SecretString,
        address: SocketAddr,
        claimed: &str,
    ) -> Result<AttestedNode, Refused> {
        let Some(attestor) = &self.attestor else {
            let message = "this controller takes no ServiceAccount tokens, because it was not started with \
                           --kubernetes; enrol this node with a join token";
            return Err(Refused { class: "attestation_off", status: Status::failed_precondition(message) });
        };
        let unavailable = |reason: &str| AttestationError::Unavailable { reason: reason.to_owned() };
        let asking = async {
            let _turn = self.attestation_turns.acquire().await.map_err(|_| unavailable("stopping"))?;
            attestor.attest(token, address.ip().to_canonical(), claimed).await
        };
        let answer = tokio::time::timeout(ATTESTATION_TIMEOUT, asking).await;
        let attested = answer.unwrap_or_else(|_| Err(unavailable("it did not answer in time")))?;
        // Whatever the attestor made of the claim: the name that is enrolled is the one that was vouched for.
        if attested.platform_node != claimed {
            let actual = attested.platform_node;
            return Err(AttestationError::OtherNode { claimed: claimed.to_owned(), actual }.into());
        }
        Ok(attested)
    }

    async fn admit_attested(&self, admission: Admission) -> Result<EnrolResponse, Refused> {
        if let Standing::Enrolled(node) = self.standing(&admission.attested.platform_node).await? {
            return self.enrol_again(*node, admission).await;
        }
        match self.enrol_new(&admission).await {
            Err(refused) if refused.class == NAME_TAKEN => {}
            other => return other,
        }
        // Another controller of this fleet may have enrolled the same k8s node in the same moment.
        match self.standing(&admission.attested.platform_node).await? {
            Standing::Enrolled(node) => self.enrol_again(*node, admission).await,
            Standing::New => Err(name_is_anothers(&admission.attested.platform_node)),
        }
    }

    async fn standing(&self, platform_node: &str) -> Result<Standing, Refused> {
        let mut nodes = self.store.nodes().await.map_err(Refused::store)?;
        nodes.retain(|node| node.labels.get(PLATFORM_NODE_LABEL).is_some_and(|name| name == platform_node));
        let known = !nodes.is_empty();
        match nodes.into_iter().find(|node| node.state == NodeState::Enrolled) {
            Some(node) => Ok(Standing::Enrolled(Box::new(node))),
            None if known => Err(node_revoked()),
            None => Ok(Standing::New),
        }
    }

    async fn enrol_new(&self, admission: &Admission) -> Result<EnrolResponse, Refused> {
        let (node_id, at) = (ulid::Ulid::new().to_string().to_lowercase(), Timestamp::now());
        let certificate = self.certify(&admission.key, &node_id).map_err(Refused::internal)?;
        let name = display_name(&admission.attested.platform_node);
        let node = new_node(node_id, name, admission.locality(), &certificate, at);
        let record = attested_draft(&node, admission, false);
        self.ledger.change(vec![Change::AddNode(node.clone())], record).await.map_err(Refused::change)?;
        tracing::info!(node = %node.id, k8s_node = admission.attested.platform_node, "node enrolled");
        self.wake();
        Ok(EnrolResponse { node_id: node.id, certificate: Some(certificate.into()) })
    }

    /// The same k8s node once more: the same node, with a new certificate. The earlier one is out at once.
    async fn enrol_again(&self, before: Node, admission: Admission) -> Result<EnrolResponse, Refused> {
        let at = Timestamp::now();
        let certificate = self.certify(&admission.key, &before.id).map_err(Refused::internal)?;
        let node = Node {
            generation: before.generation,
            ..new_node(before.id, before.name, admission.locality(), &certificate, at)
        };
        let record = attested_draft(&node, &admission, true);
        self.ledger.change(vec![again(&node)], record).await.map_err(Refused::change)?;
        self.trust_only(&node.id, &node.certificate_serial);
        self.sessions.end_where(|node_id| node_id == node.id, EndReason::EnrolledAgain);
        tracing::info!(node = %node.id, k8s_node = admission.attested.platform_node, "node enrolled again");
        self.wake();
        Ok(EnrolResponse { node_id: node.id, certificate: Some(certificate.into()) })
    }
}

impl Admission {
    /// What the agent said, and what was found out about it.
    fn locality(&self) -> Locality {
        let mut locality = self.locality.clone();
        locality.labels.insert(PLATFORM_NODE_LABEL.to_owned(), self.attested.platform_node.clone());
        locality
    }
}

fn again(node: &Node) -> Change {
    Change::EnrolNodeAgain {
        node_id: node.id.clone(),
        serial: node.certificate_serial.clone(),
        not_after: node.certificate_not_after,
        region: node.region.clone(),
        jurisdiction: node.jurisdiction.clone(),
        labels: node.labels.clone(),
        at: node.enrolled_at,
    }
}

fn attested_draft(node: &Node, admission: &Admission, again: bool) -> Draft {
    let mut record = enrolled_draft(node, ACTOR, Some(admission.address));
    let AttestedNode { platform_node, pod, namespace } = &admission.attested;
    let facts: [(&str, serde_json::Value); 4] = [
        ("again", again.into()),
        ("k8s_node", platform_node.as_str().into()),
        ("pod", pod.as_str().into()),
        ("namespace", namespace.as_str().into()),
    ];
    let change = record.change.get_or_insert_default();
    change.extend(facts.map(|(name, value)| (name.to_owned(), value)));
    record
}

fn node_revoked() -> Refused {
    let message = "this k8s node was revoked, and its pods enrol it no more; there is no command that takes a \
                   revocation back: join the machine to the cluster under another name, or let an admin start its agent \
                   with a join token (`cloister nodes join-token`)";
    Refused { class: "node_revoked", status: Status::permission_denied(message) }
}

fn name_is_anothers(platform_node: &str) -> Refused {
    let name = display_name(platform_node);
    let message = format!(
        "the node {name:?} of this fleet was not enrolled for this k8s node (it joined with a token, or is another \
         k8s node of nearly the same name), and is not taken over; revoke it first: `cloister nodes revoke {name}`"
    );
    Refused { class: NAME_TAKEN, status: Status::already_exists(message) }
}

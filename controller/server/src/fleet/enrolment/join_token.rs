//! Enrolment by a one-time join token.

use std::net::SocketAddr;

use cloister_proto::agent::v1::{EnrolRequest, EnrolResponse};
use cloister_store::{Change, Node};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::refused::Refused;
use super::{enrolled_draft, new_node};
use crate::fleet::Shared;
use crate::fleet::ca::{NodeCertificate, NodeKey};
use crate::fleet::locality::check_locality;
use crate::limits::TOKEN_SECRET_MAX_BYTES;
use crate::options::is_dns_label;

/// The actor of a join token's record: whoever holds one has no name yet.
pub(super) const ACTOR: &str = "join-token";

impl Shared {
    pub(super) async fn enrol_by_join_token(
        &self,
        request: EnrolRequest,
        address: Option<SocketAddr>,
    ) -> Result<EnrolResponse, Refused> {
        let locality = request.locality.unwrap_or_default();
        if request.token_secret.is_empty() || request.token_secret.len() > TOKEN_SECRET_MAX_BYTES {
            let message = "the token secret is empty or too long; copy the whole join token";
            return Err(Refused::token_unknown(message));
        }
        if !is_dns_label(&request.node_name) {
            let message = "node_name must be 1 to 63 characters of [a-z0-9-]";
            return Err(Refused::invalid("name_invalid", &message));
        }
        check_locality(&locality).map_err(|e| Refused::invalid("locality_invalid", &e))?;
        // One at a time: strangers cannot make the controller hash, sign and write in parallel.
        let _turn = self.enrolment_turn.lock().await;
        let secret_hash: [u8; 32] = Sha256::digest(request.token_secret.as_bytes()).into();
        self.check_token(secret_hash).await?;
        let key = NodeKey::from_csr(&request.csr_der).map_err(|e| Refused::invalid("csr_invalid", &e))?;
        let (node_id, at) = (ulid::Ulid::new().to_string().to_lowercase(), Timestamp::now());
        let certificate = self.certify(&key, &node_id).map_err(Refused::internal)?;
        let node = new_node(node_id, request.node_name, locality, &certificate, at);
        self.commit_by_token(node, secret_hash, address, certificate).await
    }

    async fn check_token(&self, secret_hash: [u8; 32]) -> Result<(), Refused> {
        let stored = self.store.join_token(&secret_hash).await.map_err(Refused::store)?;
        let Some(token) = stored else {
            let message = "this join token is not known to this fleet; make a new one";
            return Err(Refused::token_unknown(message));
        };
        // The database found it by its index, whose comparison is not constant in time; this one is.
        if !bool::from(subtle::ConstantTimeEq::ct_eq(&token.secret_hash[..], &secret_hash[..])) {
            return Err(Refused::token_unknown("this join token is not known to this fleet"));
        }
        if token.used_by.is_some() {
            return Err(Refused::token_used());
        }
        if token.expires_at <= Timestamp::now() {
            return Err(Refused::token_expired());
        }
        Ok(())
    }

    /// Node, spent token and record: all in one transaction, so a token enrols one node at most.
    async fn commit_by_token(
        &self,
        node: Node,
        secret_hash: [u8; 32],
        address: Option<SocketAddr>,
        certificate: NodeCertificate,
    ) -> Result<EnrolResponse, Refused> {
        let node_id = node.id.clone();
        let record = enrolled_draft(&node, ACTOR, address);
        let used = Change::UseJoinToken { secret_hash, node_id: node_id.clone(), at: node.enrolled_at };
        self.ledger.change(vec![Change::AddNode(node), used], record).await.map_err(Refused::change)?;
        tracing::info!(node = %node_id, "node enrolled");
        self.wake();
        Ok(EnrolResponse { node_id, certificate: Some(certificate.into()) })
    }
}

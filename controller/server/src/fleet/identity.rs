//! Which node is calling: from the certificate of its connection, checked against the store.

use std::sync::Arc;

use tonic::{Request, Status};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use super::Shared;
use super::ca::CLOCK_SKEW;
use crate::listen::Peer;

/// An enrolment and its certificate are made within this, by clocks that may differ a little.
const ISSUE_SLACK_S: i64 = 5;

/// A node as its certificate names it. Only the fleet's own authority could have signed it, and it
/// had not expired when the connection was made: the TLS handshake saw to both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeIdentity {
    pub(crate) node_id: String,
    /// Lower-case hex.
    pub(crate) serial: String,
    pub(crate) issued_at_unix_s: i64,
    pub(crate) not_after_unix_s: i64,
    pub(crate) address: std::net::SocketAddr,
}

impl NodeIdentity {
    fn from_peer(peer: &Peer, fleet_id: &str) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(peer.certificate.as_deref()?).ok()?;
        let node_id = uri_behind(&certificate, &format!("cloister://fleet/{fleet_id}/node/"))?;
        let backdated_s = i64::try_from(CLOCK_SKEW.as_secs()).unwrap_or(0);
        Some(Self {
            node_id,
            serial: hex::encode(certificate.raw_serial()),
            issued_at_unix_s: certificate.validity().not_before.timestamp().saturating_add(backdated_s),
            not_after_unix_s: certificate.validity().not_after.timestamp(),
            address: peer.address,
        })
    }
}

/// What follows `prefix` in the certificate's name, if it has a name that begins so.
fn uri_behind(certificate: &X509Certificate<'_>, prefix: &str) -> Option<String> {
    let names = certificate.subject_alternative_name().ok()??;
    names.value.general_names.iter().find_map(|name| match name {
        GeneralName::URI(uri) => uri.strip_prefix(prefix).map(str::to_owned),
        _ => None,
    })
}

impl Shared {
    /// That the caller is a controller of this fleet: its certificate says so, and only the holder of the
    /// fleet's authority, which every controller is, could have made it.
    pub(super) fn admit_peer<T>(&self, request: &Request<T>) -> Result<(), Status> {
        let named = request.extensions().get::<Peer>().and_then(|peer| {
            let (_, certificate) = X509Certificate::from_der(peer.certificate.as_deref()?).ok()?;
            uri_behind(&certificate, &super::ca::peer_uri_prefix(&self.fleet_id))
        });
        named.map(drop).ok_or_else(|| {
            Status::unauthenticated(
                "only the controllers of this fleet call this service, with their certificates",
            )
        })
    }

    /// The calling node, if it may call: it has a certificate of this fleet, it is not revoked, and
    /// the certificate was not replaced by one that the node already uses.
    pub(super) async fn admit<T>(&self, request: &Request<T>) -> Result<NodeIdentity, Status> {
        let identity = request
            .extensions()
            .get::<Peer>()
            .and_then(|peer| NodeIdentity::from_peer(peer, &self.fleet_id))
            .ok_or_else(|| {
                Status::unauthenticated(
                    "this call needs a client certificate of this fleet; enrol the node with a join token first",
                )
            })?;
        let node = self.store.node(&identity.node_id).await.map_err(store_unavailable)?;
        // The store also finds by name, and a name may look like an identifier.
        match node.filter(|node| node.id == identity.node_id) {
            Some(node) if node.state == cloister_store::NodeState::Enrolled => {
                self.admit_serial(&identity, &node)?;
                Ok(identity)
            }
            Some(_) => Err(revoked()),
            None => Err(Status::permission_denied(
                "this fleet knows no such node; remove the agent's identity folder and enrol it anew",
            )),
        }
    }

    /// A replaced certificate stays good until its replacement is seen in use: the answer that
    /// carried the replacement may never have reached the node. One from before the node enrolled
    /// again does not: it may be in other hands.
    fn admit_serial(&self, identity: &NodeIdentity, node: &cloister_store::Node) -> Result<(), Status> {
        let current_serial = node.certificate_serial.as_str();
        let mut in_use = self.serials_in_use.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if identity.serial == current_serial {
            in_use.insert(identity.node_id.clone(), Arc::from(current_serial));
            return Ok(());
        }
        let enrolled_at_unix_s = node.enrolled_at.as_second();
        if identity.issued_at_unix_s.saturating_add(ISSUE_SLACK_S) < enrolled_at_unix_s {
            return Err(enrolled_again());
        }
        match in_use.get(&identity.node_id) {
            Some(seen) if seen.as_ref() == current_serial => Err(Status::permission_denied(
                "this certificate was replaced by a newer one that the node already uses; connect with the newer one",
            )),
            _ => Ok(()),
        }
    }

    /// From now on only the node's current certificate gets in, used or not.
    pub(super) fn trust_only(&self, node_id: &str, serial: &str) {
        let mut in_use = self.serials_in_use.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        in_use.insert(node_id.to_owned(), Arc::from(serial));
    }
}

pub(super) fn enrolled_again() -> Status {
    Status::permission_denied(
        "this node was enrolled anew since, and its earlier certificate counts no more; if it was not this agent that \
         enrolled, two agents run on one k8s node: stop one of them",
    )
}

pub(super) fn revoked() -> Status {
    Status::permission_denied(
        "this node was revoked; to let it back in, remove its identity folder and enrol it with a new join token",
    )
}

pub(super) fn store_unavailable(error: cloister_store::StoreError) -> Status {
    tracing::warn!(%error, "the store could not be read for a node");
    Status::unavailable("the controller's database cannot be read now; try again")
}

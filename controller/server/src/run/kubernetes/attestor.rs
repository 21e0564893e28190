//! What the cluster says of a token, in the words of the fleet.

use std::net::IpAddr;

use cloister_operator::{ReviewError, TokenReviewer};
use secrecy::{ExposeSecret as _, SecretString};

use crate::fleet::{AttestationError, AttestedNode, NodeAttestor};

pub(super) struct ClusterAttestor {
    pub(super) reviewer: TokenReviewer,
    /// The reviewer accepts no other.
    pub(super) namespace: String,
}

#[tonic::async_trait]
impl NodeAttestor for ClusterAttestor {
    async fn attest(
        &self,
        token: &SecretString,
        caller: IpAddr,
        claimed_node: &str,
    ) -> Result<AttestedNode, AttestationError> {
        let reviewed = self.reviewer.review(token.expose_secret(), caller, claimed_node).await;
        let pod = reviewed.map_err(|error| told(error, caller))?;
        Ok(AttestedNode { platform_node: pod.node_name, pod: pod.name, namespace: self.namespace.clone() })
    }
}

fn told(error: ReviewError, caller: IpAddr) -> AttestationError {
    match error {
        ReviewError::TooLong | ReviewError::NotAccepted => AttestationError::TokenUnknown,
        ReviewError::OtherAudience => AttestationError::Audience,
        ReviewError::OtherServiceAccount { found, wanted } => {
            AttestationError::OtherAccount { found, expected: wanted }
        }
        ReviewError::NotBoundToPod | ReviewError::NotBoundToNode => AttestationError::Unbound,
        ReviewError::OtherNode { claimed, found } => AttestationError::OtherNode { claimed, actual: found },
        ReviewError::PodGone(pod) | ReviewError::PodReplaced(pod) => AttestationError::PodGone { pod },
        ReviewError::OtherAddress(pod) => AttestationError::Address { caller, pod },
        ReviewError::Unavailable(reason) => AttestationError::Unavailable { reason },
    }
}

//! Who vouches for an agent that comes with a ServiceAccount token instead of a join token.

use std::net::IpAddr;

use secrecy::SecretString;
use tonic::Status;

/// Where an agent really runs, as the cluster says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestedNode {
    /// The name of the k8s node that the agent's pod is bound to.
    pub platform_node: String,
    /// The agent's pod.
    pub pod: String,
    /// The namespace of both pod and ServiceAccount.
    pub namespace: String,
}

/// Asks the cluster about a ServiceAccount token. Called for a few tokens at once, and given up after
/// [`ATTESTATION_TIMEOUT`](crate::limits::ATTESTATION_TIMEOUT).
#[tonic::async_trait]
pub trait NodeAttestor: Send + Sync + 'static {
    /// Vouches that `token` belongs to a living pod of this installation's agents, that the pod runs on the
    /// k8s node `claimed_node`, and that `caller` is one of its addresses.
    ///
    /// # Errors
    /// [`AttestationError`]: the one thing that is wrong.
    async fn attest(
        &self,
        token: &SecretString,
        caller: IpAddr,
        claimed_node: &str,
    ) -> Result<AttestedNode, AttestationError>;
}

/// Why nobody vouches for a token; the sentence is for the agent's operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttestationError {
    #[error(
        "the cluster does not know this ServiceAccount token, or it has expired; the agent reads its token file again \
         at its next attempt"
    )]
    TokenUnknown,
    #[error(
        "this ServiceAccount token is not for this controller; project one for the audience cloister-agents into the \
         agent's pod"
    )]
    Audience,
    #[error(
        "this token is of the ServiceAccount {found}, and the agents of this fleet run as {expected}; set \
         serviceAccountName of the agent's pod"
    )]
    OtherAccount {
        /// "namespace/name".
        found: String,
        /// "namespace/name".
        expected: String,
    },
    #[error(
        "this token is not bound to a pod on a k8s node; use a projected token (serviceAccountToken volume), not one \
         from a Secret or from kubectl"
    )]
    Unbound,
    #[error("the pod {pod} that this token was made for is gone, or is another one of the same name")]
    PodGone { pod: String },
    #[error(
        "the call came from {caller}, which is not (yet) an address of the pod {pod}; agents must reach the controller \
         from their own address, without a proxy or address translation between them"
    )]
    Address { caller: IpAddr, pod: String },
    #[error(
        "the agent claims to run on the k8s node {claimed:?}, and its pod runs on {actual:?}; set --name from the pod's \
         spec.nodeName"
    )]
    OtherNode { claimed: String, actual: String },
    #[error("the cluster cannot be asked about this token now ({reason}); try again")]
    Unavailable { reason: String },
}

impl AttestationError {
    /// What goes on record.
    pub fn class(&self) -> &'static str {
        match self {
            Self::TokenUnknown => "service_account_token_unknown",
            Self::Audience => "service_account_token_audience",
            Self::OtherAccount { .. } => "service_account_other",
            Self::Unbound => "service_account_token_unbound",
            Self::PodGone { .. } => "pod_gone",
            Self::Address { .. } => "pod_address_differs",
            Self::OtherNode { .. } => "k8s_node_differs",
            Self::Unavailable { .. } => "attestation_unavailable",
        }
    }

    pub(super) fn status(&self) -> Status {
        let text = self.to_string();
        match self {
            Self::TokenUnknown
            | Self::Audience
            | Self::Unbound
            | Self::PodGone { .. }
            | Self::Address { .. } => Status::unauthenticated(text),
            Self::OtherAccount { .. } | Self::OtherNode { .. } => Status::permission_denied(text),
            Self::Unavailable { .. } => Status::unavailable(text),
        }
    }
}

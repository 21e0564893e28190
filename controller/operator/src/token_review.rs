//! Whether a ServiceAccount token proves that an agent runs in one certain pod on one certain k8s node.

mod claims;

use std::net::IpAddr;

use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec};
use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use kube::api::{Api, PostParams};

use self::claims::Claims;
use crate::limits::{REQUEST_TIMEOUT, TOKEN_MAX_BYTES};

/// The audience of agents' tokens. A token for another, the API server's own among them, is not accepted.
pub const AGENT_AUDIENCE: &str = "cloister-agents";

/// A pod that a token was made for, as the API server vouches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestedPod {
    pub name: String,
    pub uid: String,
    /// The k8s node it runs on.
    pub node_name: String,
    /// That node's uid, where the token says it: a machine that was replaced under the same name has another.
    pub node_uid: Option<String>,
}

/// Why a token proves nothing. The text may be told to the agent; it holds nothing of the token.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    #[error("the ServiceAccount token is longer than {TOKEN_MAX_BYTES} bytes")]
    TooLong,
    #[error(
        "the API server does not accept the ServiceAccount token; it may have expired, or its pod is gone"
    )]
    NotAccepted,
    #[error(
        "the ServiceAccount token is not for audience {AGENT_AUDIENCE}: mount a projected token with that audience"
    )]
    OtherAudience,
    #[error("the token is of {found}, and agents run as {wanted}")]
    OtherServiceAccount { found: String, wanted: String },
    #[error("the token is not bound to a pod: only a projected token of a pod proves where an agent runs")]
    NotBoundToPod,
    #[error("the token does not say on which k8s node its pod runs")]
    NotBoundToNode,
    #[error("the agent says that it is node {claimed}, and its pod runs on k8s node {found}")]
    OtherNode { claimed: String, found: String },
    #[error("pod {0} does not exist any more")]
    PodGone(String),
    #[error("pod {0} is another than the one that the token was made for, or has ended")]
    PodReplaced(String),
    #[error("the connection does not come from an address of pod {0}")]
    OtherAddress(String),
    /// Nothing is known; it may be tried again.
    #[error("the API server could not be asked: {0}; try again")]
    Unavailable(String),
}

impl ReviewError {
    /// The reason class, for the record.
    pub fn class(&self) -> &'static str {
        match self {
            Self::TooLong => "token_too_long",
            Self::NotAccepted => "token_not_accepted",
            Self::OtherAudience => "token_audience",
            Self::OtherServiceAccount { .. } => "service_account",
            Self::NotBoundToPod => "token_without_pod",
            Self::NotBoundToNode => "token_without_node",
            Self::OtherNode { .. } => "node_name",
            Self::PodGone(_) => "pod_gone",
            Self::PodReplaced(_) => "pod_replaced",
            Self::OtherAddress(_) => "pod_address",
            Self::Unavailable(_) => "kubernetes_unavailable",
        }
    }
}

/// Asks the API server about agents' tokens. Cheap to clone; works on every controller, leader or not.
#[derive(Clone)]
pub struct TokenReviewer {
    reviews: Api<TokenReview>,
    pods: Api<Pod>,
    namespace: String,
    service_account: String,
}

impl TokenReviewer {
    /// Agents run in `namespace` as `service_account`.
    pub fn new(client: Client, namespace: impl Into<String>, service_account: impl Into<String>) -> Self {
        let namespace = namespace.into();
        Self {
            reviews: Api::all(client.clone()),
            pods: Api::namespaced(client, &namespace),
            namespace,
            service_account: service_account.into(),
        }
    }

    /// Checks a token that came over a connection from `caller`, from an agent that says that it is `claimed_node`.
    ///
    /// # Errors
    /// [`ReviewError`]; [`ReviewError::Unavailable`] alone may end otherwise if tried again.
    pub async fn review(
        &self,
        token: &str,
        caller: IpAddr,
        claimed_node: &str,
    ) -> Result<AttestedPod, ReviewError> {
        if token.len() > TOKEN_MAX_BYTES {
            return Err(ReviewError::TooLong);
        }
        let wanted = format!("system:serviceaccount:{}:{}", self.namespace, self.service_account);
        let pod = Claims::read(self.ask(token).await?)?.prove(&wanted, claimed_node)?;
        let found = in_time(self.pods.get_opt(&pod.name)).await?;
        claims::check_pod(found.as_ref(), &pod, caller)?;
        Ok(pod)
    }

    async fn ask(&self, token: &str) -> Result<TokenReview, ReviewError> {
        let spec =
            TokenReviewSpec { token: token.to_owned(), audiences: Some(vec![AGENT_AUDIENCE.to_owned()]) };
        let question = TokenReview { spec, ..TokenReview::default() };
        in_time(self.reviews.create(&PostParams::default(), &question)).await
    }
}

async fn in_time<T>(request: impl Future<Output = Result<T, kube::Error>>) -> Result<T, ReviewError> {
    match tokio::time::timeout(REQUEST_TIMEOUT, request).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(ReviewError::Unavailable(crate::request_error::plain(&error))),
        Err(_) => Err(ReviewError::Unavailable("it did not answer in time".to_owned())),
    }
}

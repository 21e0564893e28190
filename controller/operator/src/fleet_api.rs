//! What the operator needs of the fleet. The server implements it over its own operations, so that what a person
//! writes into Kubernetes passes the same checks, and leaves the same records, as what comes over REST.

use std::fmt;

use async_trait::async_trait;
use cloister_api::{
    DeployRequest, Deployment, Explanation, Import, Model, NewImport, Node, Problem, ProblemKind, Replica,
    Signer, TrustPolicy, TrustPolicyRequest,
};
use tokio::sync::watch;

/// A call to the fleet did not do what was asked: the problem says what happened, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.detail)]
pub struct FleetError(pub Box<Problem>);

impl FleetError {
    /// A problem of a kind.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem::new(kind, detail)))
    }

    /// The kind; `Internal` for one that this program is too old to know.
    pub fn kind(&self) -> ProblemKind {
        self.0.kind().unwrap_or(ProblemKind::Internal)
    }
}

/// Which object asked for a change. Its `Display` is the actor's name in the audit record, and
/// [`LastChange::by`] gives it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// `Model`, `ModelDeployment` or `TrustPolicy`.
    pub kind: &'static str,
    pub namespace: String,
    pub name: String,
    pub uid: String,
    /// Its `metadata.generation`: which version of it asked. Not part of `Display`.
    pub generation: i64,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, namespace, name, uid, generation: _ } = self;
        write!(f, "kubernetes/{kind}/{namespace}/{name}/{uid}")
    }
}

/// Who changed something last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastChange {
    /// The actor's name as recorded: an [`Origin`] if it came through here, else that of a key or program.
    pub by: String,
    /// RFC 3339.
    pub at: String,
    /// The audit record.
    pub record_id: String,
}

/// What a change was made to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChangedThing {
    Deployment,
    TrustPolicy,
}

/// A node, and where its agent runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedNode {
    pub node: Node,
    /// The k8s node that its agent proved to run on; `None` for a machine outside the cluster.
    pub k8s_node: Option<String>,
}

/// Everything that the operator looks at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FleetView {
    /// Read before `models`, so that the model of an import that is done is among them.
    pub imports: Vec<Import>,
    pub models: Vec<Model>,
    pub signers: Vec<Signer>,
    pub trust_policies: Vec<TrustPolicy>,
    pub deployments: Vec<Deployment>,
    pub replicas: Vec<Replica>,
    pub nodes: Vec<ObservedNode>,
}

/// The fleet, as the operator needs it. Calls may be dropped half-way; each has a deadline of 30 seconds.
#[async_trait]
pub trait FleetApi: Send + Sync + 'static {
    /// Everything, as it is now.
    async fn view(&self) -> Result<FleetView, FleetError>;

    /// Changes whenever [`FleetApi::view`] may have another answer than before. Missing one costs 15 seconds.
    fn changed(&self) -> watch::Receiver<u64>;

    /// Why a replica is where it is, or nowhere. Asked for few replicas: those that no node can take.
    async fn explain(&self, replica_id: &str) -> Result<Explanation, FleetError>;

    /// Who changed a deployment or trust policy last, from the audit log; `None` if no record is found.
    async fn last_change(&self, what: ChangedThing, name: &str) -> Result<Option<LastChange>, FleetError>;

    /// Creates (`expected_revision` 0) or changes a deployment that is at that revision.
    async fn put_deployment(
        &self,
        origin: &Origin,
        name: &str,
        request: DeployRequest,
        expected_revision: u64,
    ) -> Result<Deployment, FleetError>;

    /// Removes a deployment. `NotFound` if it is gone already.
    async fn remove_deployment(&self, origin: &Origin, name: &str) -> Result<(), FleetError>;

    /// Begins to fetch, verify and keep a model.
    async fn start_import(&self, origin: &Origin, import: NewImport) -> Result<Import, FleetError>;

    /// Ends an import. `NotFound` if there is none of this id.
    async fn cancel_import(&self, origin: &Origin, import_id: &str) -> Result<(), FleetError>;

    /// Removes a model. `InUse` while deployments use it; `NotFound` if it is gone already.
    async fn remove_model(&self, origin: &Origin, name: &str) -> Result<(), FleetError>;

    /// Creates (`expected_revision` 0) or changes a trust policy that is at that revision.
    async fn put_trust_policy(
        &self,
        origin: &Origin,
        name: &str,
        request: TrustPolicyRequest,
        expected_revision: u64,
    ) -> Result<TrustPolicy, FleetError>;

    /// Removes a trust policy. `NotFound` if it is gone already.
    async fn remove_trust_policy(&self, origin: &Origin, name: &str) -> Result<(), FleetError>;
}

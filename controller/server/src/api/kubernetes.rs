//! The operations, as the Kubernetes operator calls them. The third adapter beside REST and gRPC: the same checks,
//! and the same records, whose actor is the object that asked.

use async_trait::async_trait;
use cloister_api::{
    DeployRequest, Deployment, Explanation, Import, NewImport, Node, TrustPolicy, TrustPolicyRequest,
};
use cloister_evidence::record::{Actor, ActorKind, Record};
use cloister_operator::{ChangedThing, FleetApi, FleetError, FleetView, LastChange, ObservedNode, Origin};
use cloister_store::{RecordFilter, RecordQuery};
use tokio::sync::watch;

use super::auth::Caller;
use super::{ApiError, ApiState, operations};
use crate::fleet::PLATFORM_NODE_LABEL;

/// The actor's id in every record of a change that came through Kubernetes; its name is the object.
const ACTOR: &str = "kubernetes";

impl From<ApiError> for FleetError {
    fn from(error: ApiError) -> Self {
        Self(error.0)
    }
}

fn caller(origin: &Origin) -> Caller {
    acting(Some(origin.to_string()))
}

/// The operator when it only looks.
fn whole_fleet() -> Caller {
    acting(None)
}

fn acting(name: Option<String>) -> Caller {
    Caller::of_actor(Actor { kind: ActorKind::System, id: ACTOR.to_owned(), name, address: None })
}

#[async_trait]
impl FleetApi for ApiState {
    async fn view(&self) -> Result<FleetView, FleetError> {
        // Imports before models: the model of an import that is done must be among them.
        let imports = operations::imports::list(self).imports;
        Ok(FleetView {
            imports,
            models: operations::models::list(self).await?.models,
            signers: operations::signers::list(self).await?.signers,
            trust_policies: operations::trust_policies::list(self).await?.policies,
            deployments: operations::deployments::list(self, &whole_fleet()).await?.deployments,
            replicas: operations::replicas::list(self, &whole_fleet(), None).await?.replicas,
            nodes: operations::nodes::list(self).await?.nodes.into_iter().map(observed).collect(),
        })
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.fleet().shared.subscribe()
    }

    async fn explain(&self, replica_id: &str) -> Result<Explanation, FleetError> {
        Ok(operations::replicas::explain(self, &whole_fleet(), replica_id).await?)
    }

    async fn last_change(&self, what: ChangedThing, name: &str) -> Result<Option<LastChange>, FleetError> {
        let subject_id = match what {
            ChangedThing::Deployment => {
                let row = self.store().deployment(name).await.map_err(ApiError::from)?;
                row.map(|row| row.id)
            }
            ChangedThing::TrustPolicy => Some(name.to_owned()),
        };
        let Some(subject_id) = subject_id else { return Ok(None) };
        Ok(last_change(self, what, subject_id).await?)
    }

    async fn put_deployment(
        &self,
        origin: &Origin,
        name: &str,
        request: DeployRequest,
        expected_revision: u64,
    ) -> Result<Deployment, FleetError> {
        let expected = Some(expected_revision);
        Ok(operations::deployments::put(self, &caller(origin), name, request, expected).await?)
    }

    async fn remove_deployment(&self, origin: &Origin, name: &str) -> Result<(), FleetError> {
        operations::deployments::remove(self, &caller(origin), name).await?;
        Ok(())
    }

    async fn start_import(&self, origin: &Origin, import: NewImport) -> Result<Import, FleetError> {
        Ok(operations::imports::begin(self, &caller(origin), import).await?)
    }

    async fn cancel_import(&self, _: &Origin, import_id: &str) -> Result<(), FleetError> {
        Ok(operations::imports::cancel(self, import_id)?)
    }

    async fn remove_model(&self, origin: &Origin, name: &str) -> Result<(), FleetError> {
        operations::models::remove(self, &caller(origin), name).await?;
        Ok(())
    }

    async fn put_trust_policy(
        &self,
        origin: &Origin,
        name: &str,
        request: TrustPolicyRequest,
        expected_revision: u64,
    ) -> Result<TrustPolicy, FleetError> {
        let expected = Some(expected_revision);
        Ok(operations::trust_policies::put(self, &caller(origin), name, request, expected).await?)
    }

    async fn remove_trust_policy(&self, origin: &Origin, name: &str) -> Result<(), FleetError> {
        operations::trust_policies::remove(self, &caller(origin), name, None).await?;
        Ok(())
    }
}

fn observed(node: Node) -> ObservedNode {
    let k8s_node = node.labels.get(PLATFORM_NODE_LABEL).cloned();
    ObservedNode { node, k8s_node }
}

/// The newest record that says who changed it: placements are about it, too, and nobody's change.
async fn last_change(
    api: &ApiState,
    what: ChangedThing,
    subject_id: String,
) -> Result<Option<LastChange>, ApiError> {
    let kinds: &[&str] = match what {
        ChangedThing::Deployment => &["deployment.changed", "deployment.created"],
        ChangedThing::TrustPolicy => &["trust_policy.changed", "trust_policy.created"],
    };
    let mut newest: Option<cloister_store::RecordRow> = None;
    for kind in kinds {
        let filter = RecordFilter {
            kind: Some((*kind).to_owned()),
            subject_id: Some(subject_id.clone()),
            ..RecordFilter::default()
        };
        let query = RecordQuery { filter, limit: 1, before_seq: None };
        let found = api.store().records(&query).await?.into_iter().next();
        newest = newest.into_iter().chain(found).max_by_key(|row| row.seq);
    }
    let Some(row) = newest else { return Ok(None) };
    let by = Record::parse(&row.leaf).map(|record| record.draft.actor);
    let by = by.map(|actor| actor.name.unwrap_or(actor.id)).unwrap_or_default();
    Ok(Some(LastChange { by, at: row.time, record_id: row.id }))
}

//! The fleet at a glance.

use std::collections::HashSet;

use cloister_api::{Status, Version};
use cloister_store::NodeState;

use crate::api::auth::Caller;
use crate::api::{ApiError, ApiState};
use crate::reconcile::Explanation;

pub(in crate::api) fn version() -> Version {
    Version { version: env!("CARGO_PKG_VERSION").to_owned(), api: "v1".to_owned() }
}

/// Of nodes and models the whole fleet's, of deployments and replicas those that the caller sees.
pub(in crate::api) async fn status(api: &ApiState, caller: &Caller) -> Result<Status, ApiError> {
    let live = api.fleet().live();
    let nodes = api.store().nodes().await?;
    let enrolled = || nodes.iter().filter(|node| node.state == NodeState::Enrolled);
    let connected = |id: &str| live.get(id).is_some_and(|node| node.connected);
    let mut deployments = api.store().deployments().await?;
    deployments.retain(|row| caller.sees(row.tenant.as_deref()));
    let mut replicas = api.store().replicas().await?;
    if caller.tenant().is_some() {
        let own: HashSet<&str> = deployments.iter().map(|row| row.id.as_str()).collect();
        replicas.retain(|row| own.contains(row.deployment_id.as_str()));
    }
    let ready = replicas.iter().filter(|replica| {
        let node = replica.node_id.as_ref().and_then(|id| live.get(id));
        node.is_some_and(|node| node.serves(&replica.id)) && !Explanation::of(replica).draining
    });
    Ok(Status {
        fleet: api.fleet_name().to_owned(),
        version: version().version,
        nodes: count(enrolled()),
        nodes_ready: count(enrolled().filter(|node| connected(&node.id))),
        models: count(api.store().models().await?.iter()),
        deployments: count(deployments.iter()),
        replicas: deployments.iter().fold(0_u32, |sum, one| sum.saturating_add(one.replicas)),
        replicas_ready: count(ready),
        records: api.store().head().await?.size,
    })
}

fn count(items: impl Iterator) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}

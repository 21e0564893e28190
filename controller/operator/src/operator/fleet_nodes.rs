//! Writes FleetNodes as the fleet's nodes are.

use futures_util::StreamExt as _;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::json;

use super::look::Look;
use super::writer::{WriteError, in_time};
use crate::crd::{FIELD_MANAGER, FleetNode, FleetNodeStatus, GROUP, VERSION};
use crate::decide::fleet_index::FleetIndex;
use crate::decide::node::{Action, decide};
use crate::limits::CONCURRENT_OBJECTS_MAX;
use crate::request_error::is;

pub(super) async fn settle(look: &Look<'_>, index: &FleetIndex) {
    let api: Api<FleetNode> = Api::namespaced(look.operator.client.clone(), &look.operator.namespace);
    let actions = decide(index.nodes(), &look.watched.node_statuses(), look.now());
    let due = actions.into_iter().filter(|(name, _)| !look.memory.is_refused(&key(name)));
    let work = futures_util::stream::iter(due).for_each_concurrent(CONCURRENT_OBJECTS_MAX, |(name, action)| {
        let api = &api;
        async move {
            look.operator.metrics.decided();
            match act(api, &name, action).await {
                Ok(()) => look.memory.went_well(&key(&name)),
                Err(error) => {
                    tracing::warn!(node = name, %error, "a FleetNode could not be written; it is tried again");
                    look.memory.refused(&key(&name));
                }
            }
        }
    });
    work.await;
}

/// Under which failures are remembered; no uid has a slash.
fn key(name: &str) -> String {
    format!("fleetnode/{name}")
}

async fn act(api: &Api<FleetNode>, name: &str, action: Action) -> Result<(), WriteError> {
    match action {
        Action::Create(status) => {
            let object = json!({ "apiVersion": format!("{GROUP}/{VERSION}"), "kind": "FleetNode", "metadata": { "name": name } });
            in_time(api.patch(name, &PatchParams::apply(FIELD_MANAGER), &Patch::Apply(&object))).await?;
            write(api, name, &status).await
        }
        Action::Update(status) => write(api, name, &status).await,
        Action::Delete => match in_time(api.delete(name, &DeleteParams::default())).await {
            Ok(_) => Ok(()),
            Err(WriteError::Refused(error)) if is(&error, 404) => Ok(()),
            Err(error) => Err(error),
        },
    }
}

async fn write(api: &Api<FleetNode>, name: &str, status: &FleetNodeStatus) -> Result<(), WriteError> {
    let object = json!({
        "apiVersion": format!("{GROUP}/{VERSION}"), "kind": "FleetNode", "metadata": { "name": name }, "status": status,
    });
    match in_time(api.patch_status(name, &PatchParams::apply(FIELD_MANAGER).force(), &Patch::Apply(&object)))
        .await
    {
        Ok(_) => Ok(()),
        // Somebody removed it: it is made again when the watch says so.
        Err(WriteError::Refused(error)) if is(&error, 404) => Ok(()),
        Err(error) => Err(error),
    }
}

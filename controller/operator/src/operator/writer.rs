//! Writes to objects of one kind: finalizers and status, nothing else. Each names the object's uid, so that it never
//! hits, or makes, another object of the same name.

use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::memory::Memory;
use crate::crd::{FIELD_MANAGER, FINALIZER};
use crate::limits::REQUEST_TIMEOUT;
use crate::request_error::{is, plain};

/// The API server did not take a write.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    #[error("{}", plain(.0))]
    Refused(#[source] Box<kube::Error>),
    #[error("the API server did not answer in time")]
    TooSlow,
}

pub(super) struct Writer<'a, K> {
    api: Api<K>,
    memory: &'a Memory,
}

impl<'a, K> Writer<'a, K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    pub(super) fn new(client: Client, namespace: &str, memory: &'a Memory) -> Self {
        Self { api: Api::namespaced(client, namespace), memory }
    }
}

impl<K> Writer<'_, K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
{
    /// Adds our finalizer, and leaves others be.
    pub(super) async fn add_finalizer(&self, object: &mut K) -> Result<(), WriteError> {
        let seen = object.resource_version();
        let patch = applied(object, json!({ "finalizers": [FINALIZER] }), None);
        // Not forced: the list is a set that everybody may add to.
        let parameters = PatchParams::apply(FIELD_MANAGER);
        let written = in_time(self.api.patch(&object.name_any(), &parameters, &Patch::Apply(&patch))).await?;
        self.memory.wrote(
            &object.uid().unwrap_or_default(),
            seen,
            written.meta().resource_version.as_deref(),
        );
        *object = written;
        Ok(())
    }

    /// Takes our finalizer away, whoever put it there: an object that was restored from a backup has it too.
    pub(super) async fn release(&self, object: &K) -> Result<(), WriteError> {
        let others: Vec<&String> = object.finalizers().iter().filter(|name| *name != FINALIZER).collect();
        let patch = json!({ "metadata": {
            "uid": object.uid(), "resourceVersion": object.resource_version(), "finalizers": others,
        }});
        let parameters =
            PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        match in_time(self.api.patch(&object.name_any(), &parameters, &Patch::Merge(&patch))).await {
            Ok(_) => {
                self.memory.wrote(&object.uid().unwrap_or_default(), object.resource_version(), None);
                Ok(())
            }
            // It is gone, or was changed a moment ago: then the watch says so, and the next look decides.
            Err(WriteError::Refused(error)) if is(&error, 404) || is(&error, 409) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Writes the status; whatever another wrote there is overwritten, because it is ours to say.
    pub(super) async fn write_status(&self, object: &K, status: &impl Serialize) -> Result<(), WriteError> {
        let patch = applied(object, json!({}), Some(json!(status)));
        let parameters = PatchParams::apply(FIELD_MANAGER).force();
        match in_time(self.api.patch_status(&object.name_any(), &parameters, &Patch::Apply(&patch))).await {
            Ok(written) => {
                let now = written.meta().resource_version.as_deref();
                self.memory.wrote(&object.uid().unwrap_or_default(), object.resource_version(), now);
                Ok(())
            }
            Err(WriteError::Refused(error)) if is(&error, 404) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn applied<K: Resource<DynamicType = ()>>(object: &K, metadata: Value, status: Option<Value>) -> Value {
    let mut patch = json!({ "apiVersion": K::api_version(&()), "kind": K::kind(&()), "metadata": metadata });
    patch["metadata"]["name"] = object.name_any().into();
    patch["metadata"]["uid"] = object.uid().into();
    if let Some(status) = status {
        patch["status"] = status;
    }
    patch
}

pub(super) async fn in_time<T>(
    request: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, WriteError> {
    match tokio::time::timeout(REQUEST_TIMEOUT, request).await {
        Ok(answer) => answer.map_err(|error| WriteError::Refused(Box::new(error))),
        Err(_) => Err(WriteError::TooSlow),
    }
}

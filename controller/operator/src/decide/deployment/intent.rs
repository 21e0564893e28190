//! The object's intent in the fleet's words, and back.

use cloister_api::limits::{CONTEXT_LENGTH_DEFAULT_MAX, SEQUENCES_DEFAULT};
use cloister_api::{DeployRequest, Deployment, Model};

use crate::crd::ModelDeploymentSpec;

/// `scaled`: as many replicas as autoscaling decided on.
pub(super) fn request(spec: &ModelDeploymentSpec, scaled: Option<u32>, model_digest: &str) -> DeployRequest {
    DeployRequest {
        model: model_digest.to_owned(),
        replicas: replicas(spec, scaled),
        context_length: spec.context_length.unwrap_or(0),
        max_sequences: spec.max_sequences.unwrap_or(0),
        node_selector: spec.node_selector.clone(),
        jurisdiction: spec.jurisdiction.clone().unwrap_or_default(),
        tenant: spec.tenant.clone(),
    }
}

/// Replicas that the object asks for.
pub(super) fn replicas(spec: &ModelDeploymentSpec, scaled: Option<u32>) -> u32 {
    scaled.or(spec.replicas).unwrap_or(1)
}

/// The request, with the fleet's number of replicas where the object leaves the number to autoscaling and its bounds
/// allow this one.
pub(super) fn with_number_of(
    found: &Deployment,
    request: &DeployRequest,
    spec: &ModelDeploymentSpec,
) -> DeployRequest {
    let number = spec.autoscaling.as_ref().map(|bounds| bounds.within(found.replicas));
    DeployRequest { replicas: number.unwrap_or(request.replicas), ..request.clone() }
}

/// The request that would change nothing.
pub(super) fn as_it_is(found: &Deployment) -> DeployRequest {
    DeployRequest {
        model: found.model_digest.clone(),
        replicas: found.replicas,
        context_length: found.context_length,
        max_sequences: found.max_sequences,
        node_selector: found.node_selector.clone(),
        jurisdiction: found.jurisdiction.clone(),
        tenant: found.tenant.clone(),
    }
}

/// Whether the fleet's deployment is what the request would make of it.
pub(super) fn same(found: &Deployment, request: &DeployRequest, model: Option<&Model>) -> bool {
    differences(found, request, model).is_empty()
}

fn named(tenant: Option<&str>) -> String {
    tenant.unwrap_or("the fleet's own").to_owned()
}

/// What differs, as `replicas is 3 in the fleet and 2 here`.
pub(super) fn differences(found: &Deployment, request: &DeployRequest, model: Option<&Model>) -> Vec<String> {
    let context_length = match (request.context_length, model) {
        (0, Some(model)) => model.context_length.min(CONTEXT_LENGTH_DEFAULT_MAX),
        (0, None) => found.context_length,
        (asked, _) => asked,
    };
    let max_sequences = if request.max_sequences == 0 { SEQUENCES_DEFAULT } else { request.max_sequences };
    let fields: [(&str, String, String); 7] = [
        ("the model", found.model_digest.clone(), request.model.clone()),
        ("replicas", found.replicas.to_string(), request.replicas.to_string()),
        ("contextLength", found.context_length.to_string(), context_length.to_string()),
        ("maxSequences", found.max_sequences.to_string(), max_sequences.to_string()),
        ("nodeSelector", format!("{:?}", found.node_selector), format!("{:?}", request.node_selector)),
        ("tenant", named(found.tenant.as_deref()), named(request.tenant.as_deref())),
        ("jurisdiction", format!("{:?}", found.jurisdiction), format!("{:?}", request.jurisdiction)),
    ];
    fields
        .into_iter()
        .filter(|(_, fleet, here)| fleet != here)
        .map(|(name, fleet, here)| format!("{name} is {fleet} in the fleet and {here} here"))
        .collect()
}

//! The resource kinds of group `fleet.cloister.dev`: what a person writes, and what the operator answers.
//!
//! There is one version, `v1alpha1`, and it is the stored one; `conversion` is `None`. Fields are only ever
//! added to it, each optional or with a default, so that an object written before still reads. A version that
//! renames or removes something will be served beside this one: first served, then stored (every object is
//! written once more by the operator), and only then is the old one no longer served.

mod autoscaling;
mod condition;
mod definitions;
// Columns repeat words, and `KubeSchema` makes private items of its own that say `pub`.
#[allow(clippy::duplicated_attributes)]
mod fleet_node;
#[allow(clippy::duplicated_attributes, unreachable_pub)]
mod model;
#[allow(clippy::duplicated_attributes, unreachable_pub)]
mod model_deployment;
#[allow(clippy::duplicated_attributes, unreachable_pub)]
mod trust_policy;

pub use autoscaling::{Autoscaling, AutoscalingStatus};
pub use condition::{Condition, ConditionStatus};
pub use definitions::{definitions, yaml_files};
pub use fleet_node::{FleetNode, FleetNodeSpec, FleetNodeStatus};
pub use model::{HttpsSource, Model, ModelSource, ModelSpec, ModelStatus, OciSource, Progress, SignerInfo};
pub use model_deployment::{ModelDeployment, ModelDeploymentSpec, ModelDeploymentStatus, PlacementStatus};
pub use trust_policy::{PolicyRule, PolicySigner, TrustPolicy, TrustPolicySpec, TrustPolicyStatus};

/// The group of all kinds.
pub const GROUP: &str = "fleet.cloister.dev";
/// Their version.
pub const VERSION: &str = "v1alpha1";
/// Keeps an object until what it stands for is gone from the fleet.
pub const FINALIZER: &str = "fleet.cloister.dev/drain";
/// The label that `status.selector` of a ModelDeployment names.
pub const DEPLOYMENT_LABEL: &str = "fleet.cloister.dev/deployment";
/// As whom the operator writes, and reports events.
pub const FIELD_MANAGER: &str = "cloister-operator";

//! How many replicas a ModelDeployment has when its load decides.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Between which bounds the number of replicas follows the load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Autoscaling {
    /// Fewest replicas: 0 to 1024, at most `maxReplicas`. With 0 the last replica stops when there is no load, and
    /// then a request is refused and starts none: use 1, unless something else (a schedule, `cloister deploy`) wakes
    /// the deployment. A new deployment begins with one replica also then.
    #[serde(default = "min_replicas")]
    #[schemars(range(min = 0, max = 1024))]
    pub min_replicas: u32,

    /// Most replicas: 1 to 1024.
    #[schemars(range(min = 1, max = 1024))]
    pub max_replicas: u32,

    /// Requests that one replica is to have at a time, running and waiting: 1 to 256. A replica decodes at most
    /// `maxSequences` at once and lets 64 wait, so a target above both together is never reached.
    #[serde(default = "target_in_flight_per_replica")]
    #[schemars(range(min = 1, max = 256))]
    pub target_in_flight_per_replica: u32,

    /// How long the load must have been low before replicas are taken away: 0 to 3600. They are added at once.
    #[serde(default = "scale_down_after_seconds")]
    #[schemars(range(min = 0, max = 3600))]
    pub scale_down_after_seconds: u32,
}

impl Autoscaling {
    /// The number of replicas nearest to `replicas` that the bounds allow.
    pub(crate) fn within(&self, replicas: u32) -> u32 {
        replicas.max(self.min_replicas).min(self.max_replicas)
    }
}

fn min_replicas() -> u32 {
    1
}

fn target_in_flight_per_replica() -> u32 {
    4
}

fn scale_down_after_seconds() -> u32 {
    300
}

/// What the load asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutoscalingStatus {
    /// Replicas decided on.
    pub wanted: u32,
    /// Requests running and waiting on all ready replicas together. Written at most every 15 seconds, unless `wanted`
    /// changes.
    pub load: u32,
    /// When the number of replicas was last changed by the load or by the bounds. RFC 3339; absent until it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub last_scaled_at: Option<String>,
    /// Why, in one word for programs. docs/kubernetes-conditions.md lists them all.
    #[schemars(length(max = 64))]
    pub reason: String,
}

//! Replicas: what they are doing and why they are where they are.

use std::collections::HashMap;
use std::sync::Arc;

use cloister_api::limits::{OUTPUT_LINES_DEFAULT, OUTPUT_LINES_MAX};
use cloister_api::{
    Explanation, NodeVerdict, OutputLine, Phase, ProblemKind, Replica, ReplicaList, ReplicaOutput,
    ReplicaSpeed,
};
use cloister_proto::agent::v1::{ReplicaPhase, ReplicaStatus};
use jiff::Timestamp;

use crate::api::auth::Caller;
use crate::api::{ApiError, ApiState};
use crate::fleet::{LiveNodes, OutputError};
use crate::reconcile::Explanation as StoredExplanation;

/// The replicas of one deployment, or of all.
pub(in crate::api) async fn list(
    api: &ApiState,
    caller: &Caller,
    deployment: Option<&str>,
) -> Result<ReplicaList, ApiError> {
    let names = Names::read(api, caller).await?;
    if let Some(name) = deployment.filter(|name| !names.has_deployment(name)) {
        return Err(ApiError::not_found(format!("there is no deployment {name:?}; list them (cloister ps)")));
    }
    let rows = api.store().replicas().await?;
    let replicas = rows.iter().filter(|row| names.is_visible(row)).map(|row| names.view(row));
    let wanted = |replica: &Replica| deployment.is_none_or(|name| replica.deployment == name);
    Ok(ReplicaList { replicas: replicas.filter(wanted).collect() })
}

pub(in crate::api) async fn explain(
    api: &ApiState,
    caller: &Caller,
    id: &str,
) -> Result<Explanation, ApiError> {
    let names = Names::read(api, caller).await?;
    let Some(row) = api.store().replica(id).await?.filter(|row| names.is_visible(row)) else {
        return Err(ApiError::not_found(format!("there is no replica {id:?}; list them (cloister ps)")));
    };
    let stored = api.fleet().explain(&row);
    Ok(Explanation {
        replica: names.view(&row),
        reasons: stored.reasons,
        nodes: stored.nodes.into_iter().map(|node| verdict(node, row.node_id.as_deref())).collect(),
        checks: names.status(&row).map(|status| status.checks.clone()).unwrap_or_default(),
        weights_bytes: stored.weights_bytes,
        kv_bytes: stored.kv_bytes,
        scratch_bytes: stored.scratch_bytes,
        total_bytes: row.memory_bytes,
    })
}

/// What the worker of a replica wrote last.
pub(in crate::api) async fn logs(
    api: &ApiState,
    caller: &Caller,
    id: &str,
    lines: u32,
) -> Result<ReplicaOutput, ApiError> {
    let lines = match lines {
        0 => OUTPUT_LINES_DEFAULT,
        lines if lines <= OUTPUT_LINES_MAX => lines,
        lines => {
            let detail = format!(
                "lines is {lines}, and must be 1 to {OUTPUT_LINES_MAX}, or 0 for {OUTPUT_LINES_DEFAULT}"
            );
            return Err(ApiError::invalid("lines", detail));
        }
    };
    let names = Names::read(api, caller).await?;
    let Some(row) = api.store().replica(id).await?.filter(|row| names.is_visible(row)) else {
        return Err(ApiError::not_found(format!("there is no replica {id:?}; list them (cloister ps)")));
    };
    let conflict = |why: String| {
        let detail = format!("the output of replica {id} cannot be read: {why}");
        ApiError::new(ProblemKind::Conflict, detail)
    };
    let Some(node_id) = row.node_id else { return Err(conflict("it is on no node".to_owned())) };
    let output = api.fleet().replica_output(&node_id, &row.id, lines).await.map_err(|error| match error {
        OutputError::Busy => ApiError::new(ProblemKind::TooManyRequests, error.to_string()),
        error => conflict(error.to_string()),
    })?;
    Ok(ReplicaOutput {
        replica_id: row.id,
        node_name: names.nodes.get(&node_id).cloned().unwrap_or_default(),
        lines: output.lines.into_iter().map(output_line).collect(),
    })
}

fn output_line(line: cloister_proto::agent::v1::OutputLine) -> OutputLine {
    let at = Timestamp::from_millisecond(line.at_unix_ms).unwrap_or_default();
    OutputLine { at: at.to_string(), run: line.run, text: line.text }
}

pub(super) fn verdict(verdict: cloister_scheduler::NodeVerdict, chosen: Option<&str>) -> NodeVerdict {
    NodeVerdict {
        chosen: chosen == Some(verdict.node_id.as_str()),
        node_name: verdict.node,
        admissible: verdict.fits,
        reason: verdict.sentence,
    }
}

/// What the ids in replica rows stand for, as of now.
struct Names {
    /// By id: its name and its model's name.
    deployments: HashMap<String, (String, String)>,
    /// Whether replicas whose deployment is gone are this caller's to see.
    sees_orphans: bool,
    nodes: HashMap<String, String>,
    live: Arc<LiveNodes>,
}

impl Names {
    async fn read(api: &ApiState, caller: &Caller) -> Result<Self, ApiError> {
        let models = api.store().models().await?;
        let models: HashMap<_, _> = models.into_iter().map(|model| (model.digest, model.name)).collect();
        let deployments = api.store().deployments().await?.into_iter();
        let deployments = deployments.filter(|row| caller.sees(row.tenant.as_deref())).map(|row| {
            let model = models.get(&row.model_digest).cloned().unwrap_or_default();
            (row.id, (row.name, model))
        });
        let nodes = api.store().nodes().await?.into_iter().map(|row| (row.id, row.name));
        Ok(Self {
            deployments: deployments.collect(),
            sees_orphans: caller.tenant().is_none(),
            nodes: nodes.collect(),
            live: api.fleet().live(),
        })
    }

    fn is_visible(&self, row: &cloister_store::Replica) -> bool {
        self.sees_orphans || self.deployments.contains_key(&row.deployment_id)
    }

    fn has_deployment(&self, name: &str) -> bool {
        self.deployments.values().any(|(known, _)| known == name)
    }

    /// What its node last said of it.
    fn status(&self, row: &cloister_store::Replica) -> Option<&ReplicaStatus> {
        self.live.get(row.node_id.as_ref()?)?.replicas.get(&row.id)
    }

    fn view(&self, row: &cloister_store::Replica) -> Replica {
        let (deployment, model_name) = self.deployments.get(&row.deployment_id).cloned().unwrap_or_default();
        let status = self.status(row);
        let worker = status.and_then(|status| status.worker.as_ref());
        Replica {
            id: row.id.clone(),
            deployment,
            model_name,
            node_name: row.node_id.as_ref().and_then(|id| self.nodes.get(id)).cloned(),
            phase: self.phase(row),
            generation: row.generation,
            restarts: status.map_or(0, |status| status.restarts),
            error: status.map(|status| status.error.clone()).filter(|error| !error.is_empty()),
            progress_bytes: status.map_or(0, |status| status.progress_bytes),
            total_bytes: status.map_or(0, |status| status.total_bytes),
            isa: worker.map(|worker| worker.isa.clone()).filter(|isa| !isa.is_empty()),
            running: worker.map_or(0, |worker| worker.running),
            waiting: worker.map_or(0, |worker| worker.waiting),
            speed: status.and_then(|status| status.speed).filter(|speed| speed.inferences > 0).map(speed),
        }
    }

    fn phase(&self, row: &cloister_store::Replica) -> Phase {
        let Some(node_id) = &row.node_id else { return Phase::Unplaced };
        match self.live.get(node_id) {
            Some(node) if node.connected => {
                match self.status(row).map_or(Phase::Pending, |s| phase(s.phase())) {
                    // Its node goes on serving what it has; nothing new is sent there.
                    Phase::Ready if StoredExplanation::of(row).draining => Phase::Draining,
                    phase => phase,
                }
            }
            _ => Phase::Unreachable,
        }
    }
}

fn speed(measured: cloister_proto::agent::v1::ReplicaSpeed) -> ReplicaSpeed {
    let tokens = f64::from(u32::try_from(measured.tokens_per_1000_s).unwrap_or(u32::MAX));
    ReplicaSpeed {
        answers: measured.inferences,
        window_s: measured.window_s,
        first_token_ms: measured.first_token_ms,
        tokens_per_s: (measured.tokens_per_1000_s > 0).then_some(tokens / 1000.0),
    }
}

fn phase(reported: ReplicaPhase) -> Phase {
    match reported {
        ReplicaPhase::Unspecified | ReplicaPhase::Pending => Phase::Pending,
        ReplicaPhase::Fetching => Phase::Fetching,
        ReplicaPhase::Verifying => Phase::Verifying,
        ReplicaPhase::Loading => Phase::Loading,
        ReplicaPhase::Ready => Phase::Ready,
        ReplicaPhase::Draining => Phase::Draining,
        ReplicaPhase::Stopped => Phase::Stopped,
        ReplicaPhase::Refused => Phase::Refused,
        ReplicaPhase::Crashed => Phase::Crashed,
    }
}

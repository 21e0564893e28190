//! A fleet in memory: it keeps what it is told, and tests put replicas and nodes into it.

use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use cloister_api::{
    DeployRequest, Deployment, Explanation, Import, ImportPhase, ImportProblem, Model, NewImport, Phase,
    ProblemKind, Replica, TrustPolicy, TrustPolicyRequest,
};
use cloister_operator::{ChangedThing, FleetApi, FleetError, FleetView, LastChange, Origin};
use serde_json::json;
use tokio::sync::watch;

pub(crate) struct PlayedFleet {
    view: Mutex<FleetView>,
    /// Whoever made the last change of any kind.
    last: Mutex<Option<LastChange>>,
    puts: Mutex<u32>,
    /// Whether replicas become ready at once.
    obliging: Mutex<bool>,
    /// Requests on the first replica of each deployment.
    load: Mutex<u32>,
    /// With what every import ends.
    import_problem: Mutex<Option<ImportProblem>>,
    changed: watch::Sender<u64>,
}

impl Default for PlayedFleet {
    fn default() -> Self {
        Self {
            view: Mutex::default(),
            last: Mutex::default(),
            puts: Mutex::default(),
            obliging: Mutex::new(true),
            load: Mutex::default(),
            import_problem: Mutex::default(),
            changed: watch::Sender::new(0),
        }
    }
}

pub(crate) const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

impl PlayedFleet {
    pub(crate) fn look(&self) -> MutexGuard<'_, FleetView> {
        self.view.lock().unwrap()
    }

    /// Somebody changes something by another way.
    pub(crate) fn change(&self, who: &str, change: impl FnOnce(&mut FleetView)) {
        change(&mut self.look());
        self.note(who);
    }

    /// Puts of deployments so far.
    pub(crate) fn puts(&self) -> u32 {
        *self.puts.lock().unwrap()
    }

    pub(crate) fn oblige(&self, obliging: bool) {
        *self.obliging.lock().unwrap() = obliging;
        self.settle(&mut self.look());
        self.changed.send_modify(|number| *number += 1);
    }

    /// So many requests run and wait from now on. Nobody is told.
    pub(crate) fn press(&self, load: u32) {
        *self.load.lock().unwrap() = load;
        self.settle(&mut self.look());
    }

    /// Whoever made the last change.
    pub(crate) fn last_actor(&self) -> Option<String> {
        self.last.lock().unwrap().as_ref().map(|last| last.by.clone())
    }

    /// Imports from now on end with this problem, or well.
    pub(crate) fn refuse_imports(&self, problem: Option<ImportProblem>) {
        *self.import_problem.lock().unwrap() = problem;
    }

    fn note(&self, who: &str) {
        let change =
            LastChange { by: who.into(), at: "2026-01-01T00:00:00Z".into(), record_id: "01RECORD".into() };
        *self.last.lock().unwrap() = Some(change);
        self.changed.send_modify(|number| *number += 1);
    }

    /// As many replicas as are wanted.
    fn settle(&self, view: &mut FleetView) {
        if !*self.obliging.lock().unwrap() {
            return;
        }
        view.replicas = view
            .deployments
            .iter()
            .flat_map(|d| (0..d.replicas).map(|n| replica(d, n, Phase::Ready)))
            .collect();
        let load = *self.load.lock().unwrap();
        for first in view.replicas.iter_mut().filter(|replica| replica.id.ends_with("-0")) {
            (first.running, first.waiting) = (load.min(3), load.saturating_sub(3));
        }
        for deployment in &mut view.deployments {
            deployment.ready_replicas = deployment.replicas;
        }
    }
}

pub(crate) fn replica(deployment: &Deployment, number: u32, phase: Phase) -> Replica {
    serde_json::from_value(json!({
        "id": format!("{}-{number}", deployment.name), "deployment": deployment.name, "model_name": deployment.model_name,
        "node_name": "n1", "phase": phase, "generation": 1, "restarts": 0, "progress_bytes": 0, "total_bytes": 0,
        "running": 0, "waiting": 0
    }))
    .unwrap()
}

pub(crate) fn model(name: &str) -> Model {
    serde_json::from_value(json!({
        "name": name, "digest": DIGEST, "architecture": "llama", "quantization": "Q4_1", "size_bytes": 98_362_432,
        "parameters": 1, "context_length": 2048, "signer_key_id": "k", "signer_name": "acme", "trusted": true, "imported_at": "x"
    }))
    .unwrap()
}

fn not_found(what: &str) -> FleetError {
    FleetError::new(ProblemKind::NotFound, format!("there is no {what}"))
}

fn check(current: u64, expected: u64) -> Result<(), FleetError> {
    match current == expected {
        true => Ok(()),
        false => Err(FleetError::new(
            ProblemKind::RevisionMismatch,
            format!("it is at revision {current}, not {expected}"),
        )),
    }
}

#[async_trait]
impl FleetApi for PlayedFleet {
    async fn view(&self) -> Result<FleetView, FleetError> {
        Ok(self.look().clone())
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    async fn explain(&self, _: &str) -> Result<Explanation, FleetError> {
        Err(not_found("explanation"))
    }

    async fn last_change(&self, _: ChangedThing, _: &str) -> Result<Option<LastChange>, FleetError> {
        Ok(self.last.lock().unwrap().clone())
    }

    async fn put_deployment(
        &self,
        origin: &Origin,
        name: &str,
        request: DeployRequest,
        expected_revision: u64,
    ) -> Result<Deployment, FleetError> {
        let put = {
            let mut view = self.look();
            let current = view.deployments.iter().find(|d| d.name == name).map_or(0, |d| d.revision);
            check(current, expected_revision)?;
            if request.jurisdiction == "XX" {
                let mut error = FleetError::new(ProblemKind::Invalid, "there is no territory XX");
                error.0.field = Some("jurisdiction".into());
                return Err(error);
            }
            let put: Deployment = serde_json::from_value(json!({
                "name": name, "model_name": "smol", "model_digest": request.model, "replicas": request.replicas,
                "ready_replicas": 0, "context_length": if request.context_length == 0 { 2048 } else { request.context_length },
                "max_sequences": if request.max_sequences == 0 { 16 } else { request.max_sequences }, "kv_tokens": 4096,
                "node_selector": request.node_selector, "jurisdiction": request.jurisdiction, "revision": current + 1,
                "created_at": "2026-01-01T00:00:00Z"
            }))
            .unwrap();
            view.deployments.retain(|d| d.name != name);
            view.deployments.push(put.clone());
            self.settle(&mut view);
            put
        };
        *self.puts.lock().unwrap() += 1;
        self.note(&origin.to_string());
        Ok(put)
    }

    async fn remove_deployment(&self, origin: &Origin, name: &str) -> Result<(), FleetError> {
        self.look().deployments.retain(|d| d.name != name);
        self.note(&origin.to_string());
        Ok(())
    }

    async fn start_import(&self, origin: &Origin, import: NewImport) -> Result<Import, FleetError> {
        let problem = self.import_problem.lock().unwrap().clone();
        let started = {
            let mut view = self.look();
            let started = Import {
                id: format!("import-{}", view.imports.len()),
                name: import.name.clone(),
                source: import.source,
                expected_digest: import.expected_digest,
                phase: if problem.is_some() { ImportPhase::Refused } else { ImportPhase::Done },
                bytes_done: 7,
                bytes_total: Some(7),
                created_at: "2026-01-01T00:00:00Z".into(),
                ended_at: None,
                model_digest: Some(DIGEST.into()),
                problem: problem.clone(),
                record_id: Some("01IMPORT".into()),
            };
            view.imports.push(started.clone());
            if problem.is_none() {
                view.models.retain(|m| m.name != import.name);
                view.models.push(model(&import.name));
            }
            started
        };
        self.note(&origin.to_string());
        Ok(started)
    }

    async fn cancel_import(&self, _: &Origin, import_id: &str) -> Result<(), FleetError> {
        self.look().imports.retain(|import| import.id != import_id);
        Ok(())
    }

    async fn remove_model(&self, origin: &Origin, name: &str) -> Result<(), FleetError> {
        self.look().models.retain(|model| model.name != name);
        self.note(&origin.to_string());
        Ok(())
    }

    async fn put_trust_policy(
        &self,
        origin: &Origin,
        name: &str,
        request: TrustPolicyRequest,
        expected_revision: u64,
    ) -> Result<TrustPolicy, FleetError> {
        let put = {
            let mut view = self.look();
            let current = view.trust_policies.iter().find(|p| p.name == name).map_or(0, |p| p.revision);
            check(current, expected_revision)?;
            let put = TrustPolicy {
                name: name.into(),
                rules: request.rules,
                revision: current + 1,
                updated_at: "2026-01-01T00:00:00Z".into(),
                record_id: None,
            };
            view.trust_policies.retain(|p| p.name != name);
            view.trust_policies.push(put.clone());
            put
        };
        self.note(&origin.to_string());
        Ok(put)
    }

    async fn remove_trust_policy(&self, origin: &Origin, name: &str) -> Result<(), FleetError> {
        self.look().trust_policies.retain(|policy| policy.name != name);
        self.note(&origin.to_string());
        Ok(())
    }
}

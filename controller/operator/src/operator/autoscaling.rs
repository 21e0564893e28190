//! Decides how many replicas the load of one deployment asks for, once in every look.

use kube::ResourceExt as _;

use super::look::Look;
use crate::crd::ModelDeployment;
use crate::decide::autoscale::{Decision, Load, Step, autoscale};
use crate::decide::fleet_index::FleetIndex;

/// What was decided, and what is to be told once the fleet has accepted it.
pub(super) struct Scaling {
    pub(super) decision: Decision,
    pub(super) step: Option<Step>,
}

impl Scaling {
    /// `None` for an object that says the number of replicas itself, or is to be deleted.
    pub(super) fn decide(look: &Look<'_>, object: &ModelDeployment, index: &FleetIndex) -> Option<Self> {
        let spec = object.spec.autoscaling.as_ref()?;
        if object.metadata.deletion_timestamp.is_some() {
            return None;
        }
        let (name, uid) = (object.name_any(), object.uid().unwrap_or_default());
        let load = index.deployment(&name).map(|found| Load::of(found, index.replicas(&name)));
        let decision = autoscale(look.now(), look.memory.load(&uid).as_ref(), load.as_ref(), spec);
        look.memory.learn_load(&uid, decision.state.clone());
        let step = load.as_ref().and_then(|load| Step::of(&decision, load, spec));
        Some(Self { decision, step })
    }
}

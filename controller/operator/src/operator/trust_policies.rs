//! Does what was decided about a TrustPolicy.

use std::sync::Arc;

use kube::ResourceExt as _;

use super::look::{Look, in_time, origin};
use super::memory::author;
use super::writer::WriteError;
use crate::crd::TrustPolicy;
use crate::decide::Verdict;
use crate::decide::fleet_index::FleetIndex;
use crate::decide::trust_policy::{Action, Seen, decide};
use crate::fleet_api::{ChangedThing, FleetError};

/// More steps than any object takes in one look; the next look goes on.
const STEPS_MAX: usize = 5;

pub(super) async fn settle(
    look: &Look<'_>,
    object: Arc<TrustPolicy>,
    index: &FleetIndex,
) -> Result<(), WriteError> {
    let mut object = (*object).clone();
    let (name, uid) = (object.name_any(), object.uid().unwrap_or_default());
    let mut found = index.policy(&name).cloned();
    let origin = origin("TrustPolicy", &object);
    let actor = origin.to_string();
    for _ in 0..STEPS_MAX {
        let revision = found.as_ref().map_or(0, |found| found.revision);
        let known = look.memory.author(ChangedThing::TrustPolicy, &name, revision);
        let trouble = look.memory.trouble(&uid, origin.generation);
        let verdict = decide(&Seen {
            object: &object,
            found: found.as_ref(),
            author: author(known.as_ref()),
            trouble: trouble.as_ref(),
            origin: &actor,
            now: look.now(),
        });
        let done: Result<(), FleetError> = match verdict {
            Verdict::Rest => return Ok(()),
            Verdict::Report(status) => return report(look, &object, *status).await,
            Verdict::Act(Action::AddFinalizer) => {
                look.writer().add_finalizer(&mut object).await?;
                continue;
            }
            Verdict::Act(Action::Release) => return look.writer().release(&object).await,
            Verdict::Act(Action::AskWho { revision }) => {
                let asked = in_time(look.fleet().last_change(ChangedThing::TrustPolicy, &name)).await;
                asked.map(|who| look.memory.learn_author(ChangedThing::TrustPolicy, &name, revision, who))
            }
            Verdict::Act(Action::Put { request, expected_revision }) => {
                let put = look.fleet().put_trust_policy(&origin, &name, request, expected_revision);
                in_time(put).await.map(|policy| found = Some(policy))
            }
            Verdict::Act(Action::Remove) => {
                let removed = in_time(look.fleet().remove_trust_policy(&origin, &name)).await;
                super::gone(removed).map(|()| found = None)
            }
        };
        match done {
            Ok(()) => look.memory.went_well(&uid),
            Err(error) => look.memory.failed(&uid, origin.generation, error),
        }
    }
    Ok(())
}

async fn report(
    look: &Look<'_>,
    object: &TrustPolicy,
    status: crate::crd::TrustPolicyStatus,
) -> Result<(), WriteError> {
    if object.status.as_ref() == Some(&status) {
        return Ok(());
    }
    look.writer().write_status(object, &status).await?;
    let before = object.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    look.events.tell(object, before, &status.conditions).await;
    Ok(())
}

//! Does what was decided about a Model.

use std::sync::Arc;

use cloister_api::Import;
use kube::ResourceExt as _;

use super::look::{Look, in_time, origin};
use super::writer::WriteError;
use crate::crd::{Model, ModelStatus};
use crate::decide::Verdict;
use crate::decide::fleet_index::FleetIndex;
use crate::decide::model::{Action, Seen, decide, fleet_name, may_end_otherwise, waits_for_trust};
use crate::fleet_api::FleetError;

const STEPS_MAX: usize = 5;

pub(super) async fn settle(
    look: &Look<'_>,
    object: Arc<Model>,
    index: &FleetIndex,
) -> Result<(), WriteError> {
    let mut object = (*object).clone();
    let uid = object.uid().unwrap_or_default();
    let mut found = index.model(&fleet_name(&object)).cloned();
    let mut import = import_id(&object).and_then(|id| index.import(id)).cloned();
    let users = status_digest(&object).map(|digest| index.users_of(digest)).unwrap_or_default();
    let origin = origin("Model", &object);
    for _ in 0..STEPS_MAX {
        let trouble = look.memory.trouble(&uid, origin.generation);
        let verdict = decide(&Seen {
            object: &object,
            found: found.as_ref(),
            import: import.as_ref(),
            users: &users,
            retry: import.as_ref().is_some_and(|import| retry(look, &uid, import, index.trust())),
            trouble: trouble.as_ref(),
            now: look.now(),
        });
        let done: Result<(), FleetError> = match verdict {
            Verdict::Rest => return Ok(()),
            Verdict::Report(mut status) => {
                status.import_id = import.as_ref().map(|import| import.id.clone()).or(status.import_id);
                return report(look, &object, *status).await;
            }
            Verdict::Act(Action::AddFinalizer) => {
                look.writer().add_finalizer(&mut object).await?;
                continue;
            }
            Verdict::Act(Action::Release) => return look.writer().release(&object).await,
            Verdict::Act(Action::Import(asked)) => {
                in_time(look.fleet().start_import(&origin, asked)).await.map(|started| import = Some(started))
            }
            Verdict::Act(Action::Cancel { import_id }) => {
                let cancelled = in_time(look.fleet().cancel_import(&origin, &import_id)).await;
                super::gone(cancelled).map(|()| import = None)
            }
            Verdict::Act(Action::Remove { name }) => {
                let removed = in_time(look.fleet().remove_model(&origin, &name)).await;
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

fn retry(look: &Look<'_>, uid: &str, import: &Import, trust: u64) -> bool {
    let ways = (may_end_otherwise(import), waits_for_trust(import));
    import.phase.is_last() && look.memory.retry_import(uid, &import.id, trust, ways)
}

fn import_id(object: &Model) -> Option<&str> {
    object.status.as_ref()?.import_id.as_deref()
}

fn status_digest(object: &Model) -> Option<&str> {
    object.status.as_ref()?.digest.as_deref()
}

async fn report(look: &Look<'_>, object: &Model, status: ModelStatus) -> Result<(), WriteError> {
    if object.status.as_ref() == Some(&status) {
        return Ok(());
    }
    look.writer().write_status(object, &status).await?;
    let before = object.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    look.events.tell(object, before, &status.conditions).await;
    Ok(())
}

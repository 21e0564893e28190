//! `cloister model approve` and `retire`

use cloister_api::{Approval, Model, ModelApproval, ModelDetail, RetireModelRequest, paths};
use serde_json::json;

use crate::client::Client;
use crate::error::CliError;
use crate::output::Output;
use crate::render::table::printable;

pub(super) async fn approve(client: &Client, model: &str, output: &Output) -> Result<(), CliError> {
    let detail: ModelDetail = client.post(&paths::model_approval(model), &json!({})).await?;
    output.data(&detail, |_| match &detail.record_id {
        Some(record_id) => format!("{} may be deployed; on record as {record_id}", detail.model.name),
        None => format!("{} is approved already", detail.model.name),
    })
}

pub(super) async fn retire(
    client: &Client,
    model: &str,
    because: Option<String>,
    output: &Output,
) -> Result<(), CliError> {
    let request = RetireModelRequest { because };
    let detail: ModelDetail = client.post(&paths::model_retirement(model), &request).await?;
    output.data(&detail, |_| {
        let name = &detail.model.name;
        let done = match &detail.record_id {
            Some(record_id) => format!("{name} is retired; on record as {record_id}"),
            None => format!("{name} is retired already"),
        };
        match detail.deployments.as_slice() {
            [] => done,
            users => format!("{done}\nthese go on with it, and may be scaled down: {}", users.join(", ")),
        }
    })
}

/// In one word.
pub(super) fn state(approval: &ModelApproval) -> &'static str {
    match approval.approval {
        Approval::Waiting => "waiting",
        Approval::Approved => "approved",
        Approval::Retired => "retired",
    }
}

/// In a sentence: who, when, why.
pub(super) fn told(approval: &ModelApproval) -> String {
    let by = |who: &Option<String>, at: &Option<String>| {
        let who = who.as_ref().map(|who| format!(" by {}", printable(who))).unwrap_or_default();
        let at = at.as_ref().map(|at| format!(" at {at}")).unwrap_or_default();
        format!("{who}{at}")
    };
    match approval.approval {
        Approval::Waiting => "waiting: a fleet admin or a model approver must approve it".to_owned(),
        Approval::Approved => format!("approved{}", by(&approval.approved_by, &approval.approved_at)),
        Approval::Retired => {
            let because = approval.retired_because.as_ref().map(|why| format!(": {}", printable(why)));
            let by = by(&approval.retired_by, &approval.retired_at);
            format!("retired{by}{}", because.unwrap_or_default())
        }
    }
}

/// What is to be done before it can be deployed, on a line of its own; nothing if it can be.
pub(super) fn waits(model: &Model) -> Option<String> {
    (model.approval.approval == Approval::Waiting).then(|| {
        let name = &model.name;
        format!(
            "\nit waits for approval: a fleet admin or a model approver runs cloister model approve {name}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_a_model_is_told_with_who_and_why() {
        let waiting = ModelApproval { approval: Approval::Waiting, ..ModelApproval::default() };
        assert!(told(&waiting).starts_with("waiting"), "{}", told(&waiting));
        let retired = ModelApproval {
            approval: Approval::Retired,
            retired_by: Some("weber".to_owned()),
            retired_at: Some("2026-11-22T08:00:00Z".to_owned()),
            retired_because: Some("too small\u{202e}".to_owned()),
            ..ModelApproval::default()
        };
        let told = told(&retired);
        assert!(told.starts_with("retired by weber at 2026-11-22T08:00:00Z: too small"), "{told}");
        assert!(!told.contains('\u{202e}'), "{told}");
    }
}

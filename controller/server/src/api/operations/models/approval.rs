//! Who lets a model be deployed, and takes it out of use again.

use cloister_api::limits::RETIRE_REASON_MAX_CHARS;
use cloister_api::{ModelApproval, ModelDetail, ProblemKind, RetireModelRequest};
use cloister_evidence::record::Kind;
use cloister_store::{Approval, Change, Model, Retirement};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{detail, find, of};
use crate::api::auth::Caller;
use crate::api::operations::{Facts, changed, commit};
use crate::api::{ApiError, ApiState};

/// Lets a model be deployed that waits, or that was retired.
pub(in crate::api) async fn approve(
    api: &ApiState,
    caller: &Caller,
    name_or_digest: &str,
) -> Result<ModelDetail, ApiError> {
    let row = find(api, name_or_digest).await?;
    if row.approval == Approval::Approved {
        return detail(api, &row, None).await;
    }
    let (digest, by) = (row.digest.clone(), caller.name().to_owned());
    let change = Change::ApproveModel { digest, by, at: Timestamp::now() };
    let facts = Facts::from([("was".to_owned(), row.approval.as_str().into())]);
    settle(api, &row, change, changed(Kind::ModelApproved, caller, of(&row), facts)).await
}

/// Lets no deployment choose the model any more. Those that have it go on.
pub(in crate::api) async fn retire(
    api: &ApiState,
    caller: &Caller,
    name_or_digest: &str,
    request: RetireModelRequest,
) -> Result<ModelDetail, ApiError> {
    let because = reason(request)?;
    let row = find(api, name_or_digest).await?;
    if row.approval == Approval::Retired {
        return detail(api, &row, None).await;
    }
    let mut facts = Facts::from([("was".to_owned(), row.approval.as_str().into())]);
    // No text goes into the log: its digest binds what is kept beside it.
    if let Some(because) = &because {
        let sha256 = hex::encode(Sha256::digest(because.as_bytes()));
        facts.insert("because_sha256".to_owned(), sha256.into());
    }
    let retirement = Retirement { by: caller.name().to_owned(), at: Timestamp::now(), because };
    let change = Change::RetireModel { digest: row.digest.clone(), retirement };
    settle(api, &row, change, changed(Kind::ModelRetired, caller, of(&row), facts)).await
}

async fn settle(
    api: &ApiState,
    row: &Model,
    change: Change,
    draft: cloister_evidence::record::Draft,
) -> Result<ModelDetail, ApiError> {
    let record_id = commit(api, vec![change], draft).await?;
    detail(api, &find(api, &row.digest).await?, Some(record_id)).await
}

/// One line of text, or none.
fn reason(request: RetireModelRequest) -> Result<Option<String>, ApiError> {
    let because = request.because.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    match &because {
        Some(text) if text.chars().count() > RETIRE_REASON_MAX_CHARS => {
            let detail = format!("because has more than {RETIRE_REASON_MAX_CHARS} characters; shorten it");
            Err(ApiError::invalid("because", detail))
        }
        Some(text) if text.chars().any(char::is_control) => {
            Err(ApiError::invalid("because", "because must be one line of text, without control characters"))
        }
        _ => Ok(because),
    }
}

/// Why a deployment may not choose the model, and what to do.
pub(in crate::api::operations) fn not_approved(row: &Model) -> ApiError {
    let name = &row.name;
    let detail = match &row.retirement {
        Some(Retirement { by, at, because }) => {
            let because = because.as_ref().map(|because| format!(" ({because})")).unwrap_or_default();
            format!(
                "model {name} was retired by {by} at {at}{because}: a deployment that has it may be scaled down or \
                 removed, and none may choose it; choose another model, or have it approved again"
            )
        }
        None => format!(
            "model {name} waits for approval: a fleet admin or a model approver must approve it first \
             (cloister model approve {name})"
        ),
    };
    ApiError::new(ProblemKind::Conflict, detail).with(|problem| problem.field = Some("model".to_owned()))
}

pub(super) fn view(row: &Model) -> ModelApproval {
    let retirement = row.retirement.as_ref();
    ModelApproval {
        approval: match row.approval {
            Approval::Waiting => cloister_api::Approval::Waiting,
            Approval::Approved => cloister_api::Approval::Approved,
            Approval::Retired => cloister_api::Approval::Retired,
        },
        approved_by: row.approved_by.clone(),
        approved_at: row.approved_at.map(|at| at.to_string()),
        retired_by: retirement.map(|retirement| retirement.by.clone()),
        retired_at: retirement.map(|retirement| retirement.at.to_string()),
        retired_because: retirement.and_then(|retirement| retirement.because.clone()),
    }
}

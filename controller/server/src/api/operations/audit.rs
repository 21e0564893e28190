//! The audit log: read, and exported with what proves it.

use std::pin::Pin;

use bytes::Bytes;
use cloister_api::limits::{EVIDENCE_IDS_MAX, RECORDS_PAGE_DEFAULT, RECORDS_PAGE_MAX};
use cloister_api::{LogCheckpoint, ProblemKind, Record, RecordPage};
use cloister_evidence::record::{Kind, SubjectKind};
use cloister_ledger::{ExportError, Selection as ExportSelection};
use cloister_store::{RecordQuery, RecordRow};
use futures_util::{Stream, StreamExt as _};

use super::{Facts, changed, subject};
use crate::api::auth::Caller;
use crate::api::{ApiError, ApiState};

/// Which records to list; `None` does not narrow.
#[derive(Debug, Default)]
pub(in crate::api) struct Selection {
    /// 0: the default.
    pub(in crate::api) limit: u32,
    pub(in crate::api) before_seq: Option<u64>,
    pub(in crate::api) kind: Option<String>,
    pub(in crate::api) subject: Option<String>,
}

/// Newest first.
pub(in crate::api) async fn list(
    api: &ApiState,
    caller: &Caller,
    selection: Selection,
) -> Result<RecordPage, ApiError> {
    let limit = match selection.limit {
        0 => RECORDS_PAGE_DEFAULT,
        limit if limit <= RECORDS_PAGE_MAX => limit,
        limit => {
            let detail = format!(
                "limit is {limit}, and must be 1 to {RECORDS_PAGE_MAX}, or 0 for {RECORDS_PAGE_DEFAULT}"
            );
            return Err(ApiError::invalid("limit", detail));
        }
    };
    let kind = selection.kind.filter(|kind| !kind.is_empty());
    let query = RecordQuery {
        // No log has as many: beyond that, all lie before.
        before_seq: selection.before_seq.filter(|seq| i64::try_from(*seq).is_ok()),
        kind,
        subject_id: selection.subject.filter(|subject| !subject.is_empty()),
        tenant: caller.tenant().map(str::to_owned),
        limit,
    };
    let rows = api.store().records(&query).await?;
    let full = rows.len() >= limit as usize;
    // Sequence numbers begin at 0, so nothing lies before that.
    let next_before_seq = rows.last().map(|row| row.seq).filter(|seq| full && *seq > 0);
    let records = rows.into_iter().map(view).collect::<Result<_, _>>()?;
    Ok(RecordPage { records, next_before_seq })
}

pub(in crate::api) async fn get(api: &ApiState, caller: &Caller, id: &str) -> Result<Record, ApiError> {
    find(api, caller, id).await.and_then(view)
}

/// What is another tenant's affair is not there.
async fn find(api: &ApiState, caller: &Caller, id: &str) -> Result<RecordRow, ApiError> {
    let row = api.store().record(id).await?.filter(|row| caller.sees(row.tenant.as_deref()));
    row.ok_or_else(|| no_record(id))
}

pub(in crate::api) fn no_record(id: &str) -> ApiError {
    ApiError::not_found(format!("there is no audit record {id:?}; list them (cloister audit list)"))
}

fn view(row: RecordRow) -> Result<Record, ApiError> {
    let leaf_json = String::from_utf8(row.leaf)
        .map_err(|error| ApiError::internal("a stored audit record is not text", &error))?;
    Ok(Record { seq: row.seq, id: row.id, kind: row.kind, time: row.time, leaf_json })
}

/// An evidence file on its way out, piece by piece. A file that ends early is no evidence.
pub(in crate::api) type EvidenceFile = Pin<Box<dyn Stream<Item = Result<Bytes, ApiError>> + Send>>;

/// The evidence of these records, or of the whole log; the export itself goes on record first.
pub(in crate::api) async fn export(
    api: &ApiState,
    caller: &Caller,
    ids: Vec<String>,
) -> Result<EvidenceFile, ApiError> {
    if ids.len() > EVIDENCE_IDS_MAX {
        let detail = format!(
            "{} records are named, at most {EVIDENCE_IDS_MAX} can be; export the whole log instead",
            ids.len()
        );
        return Err(ApiError::invalid("ids", detail));
    }
    if caller.tenant().is_some() {
        if ids.is_empty() {
            let detail = "the whole log is the fleet's to export; name the records that you want";
            return Err(ApiError::invalid("ids", detail));
        }
        for id in &ids {
            find(api, caller, id).await?;
        }
    }
    let facts = match ids.is_empty() {
        true => Facts::from([("scope".to_owned(), "log".into())]),
        false => {
            Facts::from([("scope".to_owned(), "records".into()), ("records".to_owned(), ids.len().into())])
        }
    };
    let selection = if ids.is_empty() { ExportSelection::Log } else { ExportSelection::Records(ids) };
    let stream = api.ledger().export(selection).await?;
    let log = subject(SubjectKind::Log, api.ledger().origin(), None);
    let draft = changed(Kind::AuditExported, caller, log, facts);
    api.ledger().record(api.ledger().new_record_id(), draft).await?;
    Ok(Box::pin(stream.map(|piece| piece.map(Bytes::from).map_err(ApiError::from))))
}

/// The newest signed head of the log.
pub(in crate::api) async fn checkpoint(api: &ApiState) -> Result<LogCheckpoint, ApiError> {
    let newest = api.ledger().newest_checkpoint().await?;
    Ok(LogCheckpoint { checkpoint: newest.text().to_owned(), verifier_key: verifier_key(api) })
}

pub(in crate::api) fn verifier_key(api: &ApiState) -> String {
    api.ledger().verifier().text().to_owned()
}

impl From<ExportError> for ApiError {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::NoRecord { id } => no_record(&id),
            ExportError::TooMany { .. } => Self::invalid("ids", error.to_string()),
            ExportError::Store(error) => error.into(),
            ExportError::Damaged(_) | ExportError::File(_) => {
                // An auditor must be told what is wrong with the log, not only that something is.
                tracing::error!(%error, "evidence could not be exported");
                Self::new(ProblemKind::Internal, error.to_string())
            }
        }
    }
}

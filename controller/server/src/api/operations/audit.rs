//! The audit log: read, searched, and exported with what proves it.

mod timeline;

use std::pin::Pin;

use bytes::Bytes;
use cloister_api::limits::{
    EVIDENCE_IDS_MAX, RECORD_FILTER_MAX_BYTES, RECORDS_PAGE_DEFAULT, RECORDS_PAGE_MAX,
};
use cloister_api::{LogCheckpoint, ProblemKind, Record, RecordPage};
use cloister_evidence::record::{Kind, SubjectKind};
use cloister_ledger::{ExportError, Selection as ExportSelection};
use cloister_store::{RecordFilter, RecordQuery, RecordRow};
use futures_util::{Stream, StreamExt as _};
use jiff::Timestamp;

use super::{Facts, changed, subject};
use crate::api::auth::Caller;
use crate::api::{ApiError, ApiState};

pub(in crate::api) use timeline::timeline;

/// Which records to list.
#[derive(Debug, Default)]
pub(in crate::api) struct Selection {
    /// 0: the default.
    pub(in crate::api) limit: u32,
    pub(in crate::api) before_seq: Option<u64>,
    pub(in crate::api) filter: Filter,
}

/// What records must be like; `None` and the empty text do not narrow.
#[derive(Debug, Default)]
pub(in crate::api) struct Filter {
    pub(in crate::api) kind: Option<String>,
    pub(in crate::api) subject: Option<String>,
    /// Id or name.
    pub(in crate::api) actor: Option<String>,
    /// Digest or name.
    pub(in crate::api) model: Option<String>,
    /// Id or name.
    pub(in crate::api) node: Option<String>,
    pub(in crate::api) intent: Option<String>,
    /// RFC 3339.
    pub(in crate::api) from: Option<String>,
    /// RFC 3339.
    pub(in crate::api) to: Option<String>,
}

impl Filter {
    fn checked(self, caller: &Caller) -> Result<RecordFilter, ApiError> {
        let (from, until) = (time("from", self.from)?, time("to", self.to)?);
        if let (Some(from), Some(until)) = (from, until)
            && from >= until
        {
            return Err(ApiError::invalid(
                "to",
                format!("to is {until}, and must be later than from, {from}"),
            ));
        }
        Ok(RecordFilter {
            kind: text("kind", self.kind)?,
            subject_id: text("subject", self.subject)?,
            tenant: caller.tenant().map(str::to_owned),
            intent: text("intent", self.intent)?,
            actor: text("actor", self.actor)?,
            model: text("model", self.model)?,
            node: text("node", self.node)?,
            from,
            until,
        })
    }
}

/// No record has a longer one, nor one with a NUL, which PostgreSQL refuses.
fn text(field: &'static str, value: Option<String>) -> Result<Option<String>, ApiError> {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(None) };
    if value.len() > RECORD_FILTER_MAX_BYTES || value.contains('\0') {
        let detail = format!("{field} must have at most {RECORD_FILTER_MAX_BYTES} bytes, and no NUL");
        return Err(ApiError::invalid(field, detail));
    }
    Ok(Some(value))
}

fn time(field: &'static str, value: Option<String>) -> Result<Option<Timestamp>, ApiError> {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(None) };
    let time = value.parse().map_err(|_| {
        ApiError::invalid(
            field,
            format!("{field} must be a time as RFC 3339 writes it, e.g. 2026-11-22T08:00:00Z"),
        )
    })?;
    Ok(Some(time))
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
    let query = RecordQuery {
        // No log has as many: beyond that, all lie before.
        before_seq: selection.before_seq.filter(|seq| i64::try_from(*seq).is_ok()),
        filter: selection.filter.checked(caller)?,
        limit,
    };
    let rows = api.store().records(&query).await?;
    let full = rows.len() >= limit as usize;
    // Sequence numbers begin at 0, so nothing lies before that.
    let next_before_seq = rows.last().map(|row| row.seq).filter(|seq| full && *seq > 0);
    let records = rows.into_iter().map(view).collect::<Result<_, _>>()?;
    let unsearchable = api.store().unsearchable_records().await?;
    Ok(RecordPage { records, next_before_seq, unsearchable })
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

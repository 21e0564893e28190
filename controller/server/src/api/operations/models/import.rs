//! How a model gets in: examined, moved into place, and only then listed, with its record.

use cloister_api::{ImportReason, ImportRequest, ModelDetail, ProblemKind};
use cloister_evidence::record::{Draft, Kind, Outcome, SubjectKind};
use cloister_ledger::LedgerError;
use cloister_store::{Approval, Change};
use jiff::Timestamp;

use super::{detail, of};
use crate::api::access::Action;
use crate::api::auth::Caller;
use crate::api::operations::imports::another_than_expected;
use crate::api::operations::{Facts, blocking, changed, subject};
use crate::api::{ApiError, ApiState, names};
use crate::models::{Examined, Importing, Refused, UploadError, examine};
use crate::trust::{Acceptance, Trust};

/// Where the checks that a model passed lie within its stored facts.
pub(super) const CHECKS: &str = "checks";

/// Verifies an upload and keeps it as a model. Goes on to its end if the caller goes away.
pub(in crate::api) async fn import(
    api: &ApiState,
    caller: &Caller,
    request: ImportRequest,
) -> Result<ModelDetail, ApiError> {
    names::check("name", &request.name)?;
    let import = Import {
        api: api.clone(),
        caller: caller.clone(),
        name: request.name,
        expected_digest: None,
        source: Facts::new(),
        admitting: Box::new(|| {}),
    };
    Ok(import.finish(request.upload_id).await?)
}

/// The way of a complete upload into the fleet.
pub(in crate::api) struct Import {
    pub(in crate::api) api: ApiState,
    pub(in crate::api) caller: Caller,
    pub(in crate::api) name: String,
    /// Any other model is refused.
    pub(in crate::api) expected_digest: Option<String>,
    /// Where it came from, for its record.
    pub(in crate::api) source: Facts,
    /// Told when every check has passed.
    pub(in crate::api) admitting: Box<dyn Fn() + Send + Sync>,
}

/// Why nothing was imported.
pub(in crate::api) enum ImportFailure {
    /// The model failed a check; that is on record.
    Refused {
        refused: Refused,
        record_id: String,
    },
    Other(ApiError),
}

impl From<ApiError> for ImportFailure {
    fn from(error: ApiError) -> Self {
        Self::Other(error)
    }
}

impl From<UploadError> for ImportFailure {
    fn from(error: UploadError) -> Self {
        Self::Other(error.into())
    }
}

impl From<ImportFailure> for ApiError {
    fn from(failure: ImportFailure) -> Self {
        match failure {
            ImportFailure::Refused { refused, record_id } => {
                Self::from(refused).with(|problem| problem.record_id = Some(record_id))
            }
            ImportFailure::Other(error) => error,
        }
    }
}

impl Import {
    /// Goes on to its end if whoever waits goes away.
    pub(in crate::api) async fn finish(self, upload_id: String) -> Result<ModelDetail, ImportFailure> {
        let run = tokio::spawn(async move { self.run(&upload_id).await });
        run.await.map_err(|error| ApiError::internal("the import was not finished", &error))?
    }

    async fn run(&self, upload_id: &str) -> Result<ModelDetail, ImportFailure> {
        let upload = self.api.uploads().import(upload_id)?;
        let acceptance = acceptance(&self.api, &self.name).await?;
        let (upload, examined) = blocking(move || {
            let examined = upload.files().map(|files| examine(&files, &acceptance));
            (upload, examined)
        })
        .await?;
        let checked = examined?.and_then(|examined| {
            let digest = &examined.manifest.model_digest;
            another_than_expected(self.expected_digest.as_deref(), digest).map_or(Ok(examined), Err)
        });
        match checked {
            Err(refused) => Err(self.refuse(upload, refused).await?),
            Ok(examined) => {
                (self.admitting)();
                Ok(self.admit(upload, examined).await?)
            }
        }
    }

    /// Puts the refusal on record and leaves nothing behind; the failure to answer with.
    async fn refuse(&self, upload: Importing, refused: Refused) -> Result<ImportFailure, ApiError> {
        let id = refused.model_digest.clone().unwrap_or_else(|| format!("upload:{}", upload.id()));
        let (reason, source) = (refused.because.reason(), self.source.clone());
        let record_id = record_refusal(&self.api, &self.caller, (&id, &self.name), reason, source).await?;
        self.drop_upload(upload).await?;
        Ok(ImportFailure::Refused { refused, record_id })
    }

    async fn admit(&self, upload: Importing, examined: Examined) -> Result<ModelDetail, ApiError> {
        let digest = examined.manifest.model_digest.clone();
        if let Some(there) = self.api.store().model(&digest).await? {
            return self.already_here(upload, &there).await;
        }
        if let Some(other) = self.api.store().model(&self.name).await? {
            let detail = format!(
                "a model called {:?} exists with another digest ({}); choose another name, or remove it first",
                self.name, other.digest
            );
            return Err(
                ApiError::new(ProblemKind::AlreadyExists, detail).with(|p| p.field = Some("name".into()))
            );
        }
        let row = self.row(examined)?;
        let record_id = self.keep(&upload, &row).await?;
        self.drop_upload(upload).await?;
        self.api.fleet().wake();
        detail(&self.api, &row, Some(record_id)).await
    }

    /// The same bytes again: an answer, not an error, as long as the name is the same too.
    async fn already_here(
        &self,
        upload: Importing,
        there: &cloister_store::Model,
    ) -> Result<ModelDetail, ApiError> {
        if there.name != self.name {
            let detail = format!("this very model is here already, under the name {:?}", there.name);
            return Err(
                ApiError::new(ProblemKind::AlreadyExists, detail).with(|p| p.field = Some("name".into()))
            );
        }
        self.drop_upload(upload).await?;
        detail(&self.api, there, None).await
    }

    /// Moves the files into place and commits; if the commit is refused, they go back.
    async fn keep(&self, upload: &Importing, row: &cloister_store::Model) -> Result<String, ApiError> {
        let (folder, from) = (self.api.models().clone(), upload.files_folder());
        let (digest, files) = (row.digest.clone(), row.files.clone());
        let kept = blocking(move || {
            let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
            folder.keep(&digest, &from, &names)
        })
        .await??;
        let mut facts = record_facts(row);
        facts.extend(self.source.clone());
        let draft = changed(Kind::ModelImported, &self.caller, of(row), facts);
        match self.api.ledger().change(vec![Change::AddModel(row.clone())], draft).await {
            Ok(record) => Ok(record.id),
            Err(error) => {
                // Without an answer from the database the row may be there after all; then the files
                // must be, too. If it is not, they are cleared at the next start or the next import.
                let refused = matches!(error, LedgerError::Refused(_));
                if refused || matches!(self.api.store().model(&row.digest).await, Ok(None)) {
                    blocking(move || kept.undo()).await??;
                }
                Err(error.into())
            }
        }
    }

    fn row(&self, examined: Examined) -> Result<cloister_store::Model, ApiError> {
        let mut facts = serde_json::to_value(&examined.facts)
            .map_err(|error| ApiError::internal("the facts of a model cannot be written", &error))?;
        facts[CHECKS] = examined.checks.into();
        let files = examined.files.into_iter().map(|file| cloister_store::ModelFile {
            name: file.name,
            sha256: file.sha256,
            size_bytes: file.size_bytes,
        });
        let files: Vec<_> = files.collect();
        let imported_at = Timestamp::now();
        let approves = self.caller.may(Action::ModelApprove);
        Ok(cloister_store::Model {
            digest: examined.manifest.model_digest,
            name: self.name.clone(),
            bundle: examined.bundle,
            signer_key_id: examined.manifest.signer_key_id,
            size_bytes: files.iter().map(|file| file.size_bytes).sum(),
            files,
            facts,
            imported_at,
            approval: if approves { Approval::Approved } else { Approval::Waiting },
            approved_by: approves.then(|| self.caller.name().to_owned()),
            approved_at: approves.then_some(imported_at),
            retirement: None,
        })
    }

    async fn drop_upload(&self, upload: Importing) -> Result<(), ApiError> {
        let api = self.api.clone();
        blocking(move || api.uploads().finish(&upload)).await
    }
}

/// Puts on record that a model, known by an id and a name, was not let in.
pub(in crate::api) async fn record_refusal(
    api: &ApiState,
    caller: &Caller,
    (id, name): (&str, &str),
    reason: ImportReason,
    source: Facts,
) -> Result<String, ApiError> {
    let draft = Draft {
        outcome: Outcome::Failure,
        reason: Some(reason.as_str().to_owned()),
        ..changed(Kind::ModelRefused, caller, subject(SubjectKind::Model, id, Some(name)), source)
    };
    let record_id = api.ledger().new_record_id();
    Ok(api.ledger().record(record_id, draft).await?.id)
}

/// Who may sign models of that name now.
pub(in crate::api) async fn acceptance(api: &ApiState, name: &str) -> Result<Acceptance, ApiError> {
    let trust = Trust::read(api.store()).await?;
    trust.acceptance(name).map_err(|error| ApiError::internal("a stored signer's key cannot be read", &error))
}

fn record_facts(row: &cloister_store::Model) -> Facts {
    Facts::from([
        ("signer_key_id".to_owned(), row.signer_key_id.as_str().into()),
        ("files".to_owned(), row.files.len().into()),
        ("size_bytes".to_owned(), row.size_bytes.to_string().into()),
        ("approval".to_owned(), row.approval.as_str().into()),
    ])
}

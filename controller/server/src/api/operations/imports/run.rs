//! The way of one import, from its turn to its end.

use std::sync::Arc;

use cloister_api::{ImportPhase, ImportProblem, ImportReason, ImportSource, ProblemKind};
use cloister_provenance::Bundle;
use jiff::Timestamp;

use super::fetch::Fetch;
use crate::api::auth::Caller;
use crate::api::operations::models::{Import, ImportFailure, acceptance, record_refusal};
use crate::api::operations::{Facts, blocking};
use crate::api::{ApiError, ApiState};
use crate::imports::{Ended, Job};
use crate::models::{Refused, RefusedBecause, UploadError, examine_bundle};
use crate::sources::SourceError;

pub(super) struct Run {
    pub(super) api: ApiState,
    pub(super) caller: Caller,
    pub(super) job: Arc<Job>,
}

/// Why an import goes no further.
pub(super) enum Stop {
    Source(SourceError),
    Refused(Refused),
    /// The model is here already, under the same name.
    AlreadyHere(String),
    Import(ImportFailure),
    Cancelled,
}

impl From<SourceError> for Stop {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

impl From<ApiError> for Stop {
    fn from(error: ApiError) -> Self {
        Self::Import(ImportFailure::Other(error))
    }
}

impl From<UploadError> for Stop {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Announcement { ref reason, .. } if reason.starts_with("the model is unsigned") => {
                Self::Source(SourceError::new(ImportReason::SignatureBundle, reason))
            }
            UploadError::Announcement { reason, .. } => Self::Source(SourceError::invalid(reason)),
            other => ApiError::from(other).into(),
        }
    }
}

impl Run {
    pub(super) fn new(api: &ApiState, caller: &Caller, job: &Arc<Job>) -> Self {
        Self { api: api.clone(), caller: caller.clone(), job: Arc::clone(job) }
    }

    pub(super) async fn run(self) {
        // Dropping the work when it is cancelled drops its upload, too.
        let worked = tokio::select! {
            biased;
            () = self.job.cancelled().cancelled() => Err(Stop::Cancelled),
            worked = self.work() => worked,
        };
        let ended = match worked {
            Ok(ended) => ended,
            Err(stop) => self.ended(stop).await,
        };
        if let Ended::Refused { problem, .. } | Ended::Failed(problem) = &ended {
            let (import, reason) = (self.job.id(), problem.reason.as_str());
            tracing::warn!(import, reason, detail = %problem.detail, "an import came to nothing");
        }
        self.job.end(ended, Timestamp::now());
    }

    async fn work(&self) -> Result<Ended, Stop> {
        let _turn = self.api.imports().turn().await;
        self.enter(ImportPhase::Fetching)?;
        let upload = Fetch { run: self }.all().await?;
        self.enter(ImportPhase::Verifying)?;
        let new = self.job.new_import();
        let job = Arc::clone(&self.job);
        let import = Import {
            api: self.api.clone(),
            caller: self.caller.clone(),
            name: new.name.clone(),
            expected_digest: new.expected_digest.clone(),
            source: self.source(),
            admitting: Box::new(move || {
                job.enter(ImportPhase::Importing);
            }),
        };
        let detail = import.finish(upload.id().to_owned()).await.map_err(Stop::Import)?;
        Ok(Ended::Done { model_digest: detail.model.digest, record_id: detail.record_id })
    }

    fn enter(&self, phase: ImportPhase) -> Result<(), Stop> {
        if self.job.enter(phase) { Ok(()) } else { Err(Stop::Cancelled) }
    }

    /// Looks at the signature bundle before the rest is fetched: a model that will be refused by it, or
    /// that is here already, is not fetched at all.
    pub(super) async fn look_at_bundle(&self, bundle: Vec<u8>) -> Result<(), Stop> {
        let new = self.job.new_import();
        if let Ok(parsed) = Bundle::parse(&bundle) {
            let digest = parsed.claimed_model_digest();
            self.job.claim_digest(&digest);
            if let Some(refused) = another_than_expected(new.expected_digest.as_deref(), &digest) {
                return Err(Stop::Refused(refused));
            }
            self.look_for(&digest).await?;
        }
        let acceptance = acceptance(&self.api, &new.name).await?;
        let examined = blocking(move || examine_bundle(&bundle, &acceptance)).await?;
        let manifest = examined.map_err(Stop::Refused)?;
        self.look_for_others(&manifest.model_digest).await
    }

    /// The model may be here already, under this name.
    async fn look_for(&self, digest: &str) -> Result<(), Stop> {
        match self.api.store().model(digest).await.map_err(ApiError::from)? {
            Some(there) if there.name == self.job.new_import().name => Err(Stop::AlreadyHere(there.digest)),
            _ => Ok(()),
        }
    }

    /// The model may be here under another name, or another one under this. Asked after trust: what a name's
    /// signers did not sign is refused as that, whatever else is here.
    async fn look_for_others(&self, digest: &str) -> Result<(), Stop> {
        let name = &self.job.new_import().name;
        let taken = |detail| Stop::Source(SourceError::new(ImportReason::NameTaken, detail));
        let store = self.api.store();
        if let Some(there) = store.model(digest).await.map_err(ApiError::from)? {
            return Err(taken(format!("this very model is here already, under the name {:?}", there.name)));
        }
        match store.model(name).await.map_err(ApiError::from)? {
            Some(other) => Err(taken(format!(
                "a model called {name:?} exists with another digest ({}); choose another name, or remove it first",
                other.digest
            ))),
            None => Ok(()),
        }
    }

    /// Of the source, for records.
    fn source(&self) -> Facts {
        let (kind, digest) = match &self.job.new_import().source {
            ImportSource::Oci(oci) => {
                ("oci", oci.reference.rsplit_once('@').map(|(_, digest)| digest.to_owned()))
            }
            ImportSource::Https(https) => ("https", Some(format!("sha256:{}", https.sha256))),
            ImportSource::Path(_) => ("path", None),
        };
        let digest = digest.map(|digest| ("source_digest".to_owned(), digest.into()));
        Facts::from_iter([("source".to_owned(), kind.into())].into_iter().chain(digest))
    }

    /// Tells an end from a stop; a refusal is put on record.
    async fn ended(&self, stop: Stop) -> Ended {
        match stop {
            Stop::Cancelled => Ended::Cancelled,
            Stop::AlreadyHere(model_digest) => Ended::Done { model_digest, record_id: None },
            Stop::Import(ImportFailure::Refused { refused, record_id }) => {
                Ended::Refused { problem: problem(refused), record_id: Some(record_id) }
            }
            Stop::Import(ImportFailure::Other(error)) => {
                let (reason, detail) = (reason_of(&error), error.to_string());
                self.refused_or_failed(ImportProblem { reason, detail, checks: Vec::new() }).await
            }
            Stop::Source(SourceError { reason, detail, .. }) => {
                self.refused_or_failed(ImportProblem { reason, detail, checks: Vec::new() }).await
            }
            Stop::Refused(refused) => self.refused_or_failed(problem(refused)).await,
        }
    }

    async fn refused_or_failed(&self, problem: ImportProblem) -> Ended {
        use ImportReason::{ControllerFailed, NoSpace, SourceDenied, SourceNotFound, SourceUnavailable};
        if matches!(
            problem.reason,
            ControllerFailed | NoSpace | SourceDenied | SourceNotFound | SourceUnavailable
        ) {
            return Ended::Failed(problem);
        }
        let id = format!("import:{}", self.job.id());
        let name = &self.job.new_import().name;
        let (api, caller) = (&self.api, &self.caller);
        match record_refusal(api, caller, (&id, name), problem.reason, self.source()).await {
            Ok(record_id) => Ended::Refused { problem, record_id: Some(record_id) },
            // Nothing was kept, so nothing is owed but the truth about the record.
            Err(error) => Ended::Failed(ImportProblem {
                detail: format!("{}; and the refusal could not be put on record: {error}", problem.detail),
                reason: ControllerFailed,
                ..problem
            }),
        }
    }
}

/// A model other than the one that was expected.
pub(in crate::api::operations) fn another_than_expected(
    expected: Option<&str>,
    digest: &str,
) -> Option<Refused> {
    let expected = expected.filter(|expected| *expected != digest)?;
    Some(Refused {
        because: RefusedBecause::ModelDigest,
        detail: format!("the model is {digest}, and {expected} was expected"),
        checks: Vec::new(),
        model_digest: None,
    })
}

fn problem(refused: Refused) -> ImportProblem {
    ImportProblem {
        reason: refused.because.reason(),
        detail: format!("{}; nothing was kept", refused.detail),
        checks: refused.checks,
    }
}

fn reason_of(error: &ApiError) -> ImportReason {
    match error.kind() {
        ProblemKind::AlreadyExists => ImportReason::NameTaken,
        ProblemKind::NoSpace => ImportReason::NoSpace,
        _ => ImportReason::ControllerFailed,
    }
}

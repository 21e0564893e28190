//! Imports: the controller fetches a model by itself. The bytes land in an upload, and from there on
//! the way is the very one that an upload takes, with the same checks and the same records.

mod fetch;
mod run;
mod unpack;

use cloister_api::{Import, ImportList, ImportPhase, ImportSource, NewImport, ProblemKind};
use jiff::Timestamp;

use crate::api::auth::Caller;
use crate::api::{ApiError, ApiState, names};
use crate::imports::{Ended, Job};
use crate::sources::{check_reference, check_url};
use run::Run;
pub(super) use run::another_than_expected;

/// Begins an import, or answers with the same one that runs. A model that is there already under this
/// name, with the digest that is expected, is done at once.
pub(in crate::api) async fn begin(
    api: &ApiState,
    caller: &Caller,
    new: NewImport,
) -> Result<Import, ApiError> {
    check(&new)?;
    let there = is_there(api, &new).await?;
    let (job, is_new) = api
        .imports()
        .submit(new, Timestamp::now())
        .map_err(|error| ApiError::new(ProblemKind::TooManyRequests, error.to_string()))?;
    match there {
        Some(model_digest) => job.end(Ended::Done { model_digest, record_id: None }, Timestamp::now()),
        None if is_new => api.imports().spawn(Run::new(api, caller, &job).run()),
        None => {}
    }
    Ok(job.view())
}

pub(in crate::api) fn list(api: &ApiState) -> ImportList {
    ImportList { imports: api.imports().list() }
}

pub(in crate::api) fn get(api: &ApiState, id: &str) -> Result<Import, ApiError> {
    find(api, id).map(|job| job.view())
}

/// Ends an import whose model is not being verified yet.
pub(in crate::api) fn cancel(api: &ApiState, id: &str) -> Result<(), ApiError> {
    let job = find(api, id)?;
    if job.cancel() {
        return Ok(());
    }
    let detail = match job.view().phase {
        ImportPhase::Cancelled => return Ok(()),
        phase if phase.is_last() => "the import has ended already",
        _ => {
            "the import's model is being verified and kept; remove the model afterwards if you do not want it"
        }
    };
    Err(ApiError::new(ProblemKind::Conflict, detail))
}

fn find(api: &ApiState, id: &str) -> Result<std::sync::Arc<Job>, ApiError> {
    api.imports().find(id).ok_or_else(|| {
        ApiError::not_found(format!(
            "this controller remembers no import {:?}; it was restarted, or other imports came after: import again",
            id.chars().take(64).collect::<String>()
        ))
    })
}

/// What can be said without asking anybody.
fn check(new: &NewImport) -> Result<(), ApiError> {
    names::check("name", &new.name)?;
    if let Some(digest) = &new.expected_digest
        && !is_digest(digest.strip_prefix("sha256:").unwrap_or_default())
    {
        let detail = "expected_digest must be sha256: and 64 lower-case hexadecimal digits";
        return Err(ApiError::invalid("expected_digest", detail));
    }
    match &new.source {
        ImportSource::Oci(oci) => {
            check_reference(&oci.reference).map(drop).map_err(|why| wrong("source.oci.reference", &why))
        }
        ImportSource::Https(https) if !is_digest(&https.sha256) => Err(wrong(
            "source.https.sha256",
            "must be the archive's SHA-256, 64 lower-case hexadecimal digits",
        )),
        ImportSource::Https(https) => {
            check_url(&https.url).map(drop).map_err(|why| wrong("source.https.url", &why))
        }
        ImportSource::Path(path) if path.path.len() > cloister_api::limits::SOURCE_PATH_MAX_BYTES => {
            Err(wrong("source.path.path", "is too long; at most 1,024 bytes are taken"))
        }
        ImportSource::Path(path) if path.path.contains('\0') => {
            Err(wrong("source.path.path", "holds a NUL byte"))
        }
        ImportSource::Path(_) => Ok(()),
    }
}

fn wrong(field: &str, why: &str) -> ApiError {
    ApiError::invalid(field, format!("{field} {why}"))
}

fn is_digest(hex: &str) -> bool {
    hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The digest of the model that is asked for, if it is there under the name that is asked for.
async fn is_there(api: &ApiState, new: &NewImport) -> Result<Option<String>, ApiError> {
    let Some(expected) = &new.expected_digest else { return Ok(None) };
    let found = api.store().model(&new.name).await?;
    Ok(found.filter(|model| model.name == new.name && model.digest == *expected).map(|model| model.digest))
}
